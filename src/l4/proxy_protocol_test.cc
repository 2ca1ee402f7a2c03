#include "l4/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace turnpike::l4 {
namespace {

using namespace std::string_literals;

const std::string kStart2 = "\r\n\r\n\0\r\nQUIT\n"s;

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 8 & 255), static_cast<char>(value & 255)};
}
std::string v2(unsigned command, unsigned family, std::string_view rest) {
  return kStart2 + static_cast<char>(command) + static_cast<char>(family) + number(rest.size()) +
         std::string(rest);
}
std::string tlv(unsigned type, std::string_view value) {
  return static_cast<char>(type) + number(value.size()) + std::string(value);
}
const std::string kFour = "\x0a\0\0\1\xc0\0\2\7"s + number(40000) + number(443);

std::string parse(std::string_view bytes) {
  ProxyHeader header;
  const ProxyResult result = parse_proxy_header(bytes, header);
  switch (result.state) {
    case ProxyParse::incomplete:
      return "incomplete";
    case ProxyParse::absent:
      return "absent";
    case ProxyParse::malformed:
      return std::string(result.problem);
    case ProxyParse::complete:
      break;
  }
  const std::string rest = " +" + std::to_string(bytes.size() - header.size);
  return header.local ? "local" + rest : header.source.text() + " -> " + header.destination.text() + rest;
}

TEST(ProxyProtocol1, TellsTheAddresses) {
  EXPECT_EQ(parse("PROXY TCP4 10.0.0.1 192.0.2.7 40000 443\r\nGET /"), "10.0.0.1:40000 -> 192.0.2.7:443 +5");
  EXPECT_EQ(parse("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"), "[2001:db8::1]:1 -> [::1]:65535 +0");
  EXPECT_EQ(parse("PROXY UNKNOWN\r\nx"), "local +1");
  EXPECT_EQ(parse("PROXY UNKNOWN ffff::1 whatever 1 2\r\n"), "local +0");
}

TEST(ProxyProtocol1, RefusesWhatIsNotExactlySo) {
  for (const char* line :
       {"TCP4 10.0.0.1 192.0.2.7 40000", "TCP4 10.0.0.1  192.0.2.7 40000 443",
        "TCP4 10.0.0.1 192.0.2.7 40000 443 ", "TCP4 10.0.0.1 192.0.2.7 040 443",
        "TCP4 10.0.0.1 192.0.2.7 70000 443", "TCP4 ::1 ::1 1 2", "TCP6 10.0.0.1 10.0.0.1 1 2",
        "TCP4 10.0.0.256 10.0.0.1 1 2", "TCP4 10.0.0.1 192.0.2.7 -1 443", "TCP4 10.0.0.1 192.0.2.7 1 443 5",
        "TCP4 010.0.0.1 192.0.2.7 1 443"})
    EXPECT_EQ(parse("PROXY "s + line + "\r\n"), "the PROXY header's addresses are malformed") << line;
  EXPECT_EQ(parse("PROXY tcp4 10.0.0.1 192.0.2.7 1 2\r\n"), "the PROXY header names an unknown family");
  EXPECT_EQ(parse("PROXY \r\n"), "the PROXY header names an unknown family");
  EXPECT_EQ(parse("PROXY TCP4 10.0.0.1\n192.0.2.7 1 2\r\n"), "the PROXY header is no line of text");
  EXPECT_EQ(parse("PROXY " + std::string(120, 'a')), "the PROXY header is too long");
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(91, 'a') + "\r\n"), "local +0");
  EXPECT_EQ(parse("PROXY UNKNOWN " + std::string(92, 'a') + "\r\n"), "the PROXY header is too long");
}

TEST(ProxyProtocol, WaitsForTheWholeAndKnowsWhenThereIsNone) {
  for (const std::string& whole : {"PROXY TCP4 10.0.0.1 192.0.2.7 40000 443\r\n"s, v2(0x21, 0x11, kFour)}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(parse(std::string_view(whole).substr(0, size)), "incomplete") << size;
  }
  for (const char* text :
       {"GET / HTTP/1.1", "P0ST", "PRI * HTTP/2.0", "PROXYx", "\x16\x03\x01", "\r\n\r\nGET"})
    EXPECT_EQ(parse(text), "absent") << text;
}

TEST(ProxyProtocol2, TellsTheAddressesOfAllFamilies) {
  EXPECT_EQ(parse(v2(0x21, 0x11, kFour) + "GET"), "10.0.0.1:40000 -> 192.0.2.7:443 +3");
  EXPECT_EQ(parse(v2(0x21, 0x12, kFour)), "10.0.0.1:40000 -> 192.0.2.7:443 +0");
  const std::string six = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\1"s + std::string(15, '\0') +
                          "\1"s + number(1) + number(2);
  EXPECT_EQ(parse(v2(0x21, 0x21, six)), "[2001:db8::1]:1 -> [::1]:2 +0");
  EXPECT_EQ(parse(v2(0x21, 0x22, six)), "[2001:db8::1]:1 -> [::1]:2 +0");
  const auto path = [](std::string text) {
    text.resize(108, '\0');
    return text;
  };
  EXPECT_EQ(parse(v2(0x21, 0x31, path("/run/a") + path("/run/b"))), "unix:/run/a -> unix:/run/b +0");
  EXPECT_EQ(parse(v2(0x21, 0x32, path("") + path("/run/b"))), "local +0");
  EXPECT_EQ(parse(v2(0x20, 0x00, "")), "local +0");
  EXPECT_EQ(parse(v2(0x20, 0x11, "whatever")), "local +0");
  EXPECT_EQ(parse(v2(0x21, 0x00, "")), "local +0");
}

TEST(ProxyProtocol2, RefusesUnknownFormsAndSizes) {
  EXPECT_EQ(parse(v2(0x31, 0x11, kFour)), "the PROXY header has an unknown version");
  EXPECT_EQ(parse(v2(0x22, 0x11, kFour)), "the PROXY header has an unknown command");
  EXPECT_EQ(parse(v2(0x21, 0x13, kFour)), "the PROXY header names an unknown family");
  EXPECT_EQ(parse(v2(0x21, 0x41, kFour)), "the PROXY header names an unknown family");
  EXPECT_EQ(parse(v2(0x21, 0x21, kFour)), "the PROXY header's addresses are cut off");
  EXPECT_EQ(parse(kStart2 + "\x21\x11"s + number(5000)), "the PROXY header is too long");
}

TEST(ProxyProtocol2, ChecksTlvs) {
  EXPECT_EQ(parse(v2(0x21, 0x11, kFour + tlv(5, "unique") + tlv(4, "") + tlv(0xE0, std::string(300, 'x')))),
            "10.0.0.1:40000 -> 192.0.2.7:443 +0");
  EXPECT_EQ(parse(v2(0x21, 0x11, kFour + "ab")), "a TLV of the PROXY header is cut off");
  EXPECT_EQ(parse(v2(0x21, 0x11, kFour + "\5" + number(3) + "ab")), "a TLV of the PROXY header is cut off");
  EXPECT_EQ(parse(v2(0x21, 0x11, kFour + tlv(3, "abc"))), "the PROXY header's checksum has a wrong length");
}

TEST(ProxyProtocol2, ChecksTheChecksum) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xE3069283U);
  const std::string zero = v2(0x21, 0x11, kFour + tlv(5, "id") + tlv(3, "\0\0\0\0"s) + tlv(4, "x"));
  const std::uint32_t crc = crc32c(zero);
  std::string good = zero;
  const std::size_t at = good.size() - 4 - 4;
  for (unsigned i = 0; i < 4; ++i) good[at + i] = static_cast<char>(crc >> (24 - 8 * i) & 255);
  EXPECT_EQ(parse(good + "GET"), "10.0.0.1:40000 -> 192.0.2.7:443 +3");
  EXPECT_EQ(parse(zero), "the PROXY header's checksum is wrong");
  good[17] = 9;
  EXPECT_EQ(parse(good), "the PROXY header's checksum is wrong");
}

TEST(ProxyProtocol, WhatIsWrittenIsRead) {
  const auto four = *io::Address::parse("10.1.2.3:4567");
  const auto other = *io::Address::parse("192.0.2.1:80");
  const auto six = *io::Address::parse("[2001:db8::5]:99");
  const auto unix_path = *io::Address::from_unix("/run/x");
  ProxyHeaderText text;
  for (const ProxyVersion version : {ProxyVersion::v1, ProxyVersion::v2}) {
    EXPECT_EQ(parse(write_proxy_header(version, four, other, text)), "10.1.2.3:4567 -> 192.0.2.1:80 +0");
    EXPECT_EQ(parse(write_proxy_header(version, six, six, text)), "[2001:db8::5]:99 -> [2001:db8::5]:99 +0");
    EXPECT_EQ(parse(write_proxy_header(version, four, six, text)), "10.1.2.3:4567 -> [2001:db8::5]:99 +0");
    EXPECT_EQ(parse(write_proxy_header(version, unix_path, four, text)), "local +0");
    EXPECT_EQ(parse(write_local_proxy_header(version, text)), "local +0");
  }
  EXPECT_EQ(write_proxy_header(ProxyVersion::v1, four, six, text),
            "PROXY TCP6 ::ffff:10.1.2.3 2001:db8::5 4567 99\r\n");
}

}  // namespace
}  // namespace turnpike::l4
