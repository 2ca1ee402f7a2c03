#include "l4/client_hello.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace turnpike::l4 {
namespace {

std::string number(std::size_t value, unsigned bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 255);
  return out;
}
std::string vector(std::string_view content, unsigned length_bytes) {
  return number(content.size(), length_bytes) + std::string(content);
}
std::string sni(std::string_view name) {
  return number(0, 2) + vector(vector(std::string(1, '\0') + vector(name, 2), 2), 2);
}
std::string message(std::string_view extensions, std::string_view session = "session") {
  const std::string body = number(0x0303, 2) + std::string(32, 'r') + vector(session, 1) +
                           vector("\x13\x01\x13\x02", 2) + vector(std::string(1, '\0'), 1) +
                           vector(extensions, 2);
  return std::string(1, '\1') + vector(body, 3);
}
std::string record(std::string_view fragment, unsigned type = 22) {
  return number(type, 1) + number(0x0301, 2) + vector(fragment, 2);
}
const std::string kOther = number(43, 2) + vector("\x02\x03\x04", 2);  // supported_versions

std::string peek(std::string_view bytes) {
  ServerName name;
  const HelloResult result = peek_client_hello(bytes, name);
  switch (result.state) {
    case Peeked::incomplete:
      return "incomplete";
    case Peeked::complete:
      return "name " + std::string(name.text());
    case Peeked::refused:
      return std::string(result.problem);
  }
  return "";
}

TEST(ClientHello, NamesTheServer) {
  EXPECT_EQ(peek(record(message(kOther + sni("Shop.Example.COM")))), "name shop.example.com");
  EXPECT_EQ(peek(record(message(sni("a.b.")))), "name a.b");
  EXPECT_EQ(peek(record(message(kOther))), "name ");
  // Before TLS 1.3 there may be no extensions at all.
  const std::string old = number(0x0301, 2) + std::string(32, 'r') + vector("", 1) + vector("\x01\x02", 2) +
                          vector(std::string(1, '\0'), 1);
  EXPECT_EQ(peek(record(std::string(1, '\1') + vector(old, 3))), "name ");
  // What follows in further records is none of our business.
  EXPECT_EQ(peek(record(message(sni("a.b"))) + record("x", 23)), "name a.b");
}

TEST(ClientHello, IsAskedForAgainUntilItIsWhole) {
  const std::string whole = record(message(kOther + sni("a.example")));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(peek(std::string_view(whole).substr(0, size)), "incomplete") << size;
}

TEST(ClientHello, MayLieInSeveralRecords) {
  const std::string whole = message(sni("a.example"));
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const std::string bytes = record(whole.substr(0, cut)) + record(whole.substr(cut));
    EXPECT_EQ(peek(bytes), "name a.example") << cut;
    EXPECT_EQ(peek(bytes.substr(0, bytes.size() - 1)), "incomplete") << cut;
  }
  std::string many;
  for (const char c : whole) many += record(std::string(1, c));
  EXPECT_EQ(peek(many), "the ClientHello is cut into too many records");
}

TEST(ClientHello, IsBounded) {
  const std::string large =
      message(sni("a.example") + number(21, 2) + vector(std::string(kMostHelloBytes, '\0'), 2));
  EXPECT_EQ(peek(record(large.substr(0, 100))), "the ClientHello is too long");
  EXPECT_EQ(peek(number(22, 1) + number(0x0301, 2) + number(0x4001, 2)), "the ClientHello is too long");
  EXPECT_EQ(peek(record("")), "a record of the ClientHello is empty");
  const std::string fits = message(sni("a.example") + number(21, 2) + vector(std::string(15'000, '\0'), 2));
  EXPECT_EQ(peek(record(fits)), "name a.example");
}

TEST(ClientHello, WhatIsNoneIsRefusedAtOnce) {
  EXPECT_EQ(peek("G"), "what came is no TLS handshake");
  EXPECT_EQ(peek("\x16\x02"), "what came is no TLS handshake");
  EXPECT_EQ(peek(record("\x02")), "the handshake begins with no ClientHello");
  EXPECT_EQ(peek(record("alert", 21)), "what came is no TLS handshake");
  EXPECT_EQ(peek(record(message(sni("a.b")) + "x")), "more than a ClientHello came at once");
}

TEST(ClientHello, MalformedOnesAreRefused) {
  const std::string good = message(sni("a.example"));
  EXPECT_EQ(peek(record(message(sni("a.b") + sni("a.b")))), "the ClientHello has two server names");
  EXPECT_EQ(peek(record(message(sni("")))), "the ClientHello's server name is malformed");
  EXPECT_EQ(peek(record(message(sni("a b")))), "the ClientHello's server name is malformed");
  EXPECT_EQ(peek(record(message(sni(std::string(254, 'a'))))), "the ClientHello's server name is malformed");
  EXPECT_EQ(peek(record(message(sni("a.b"), std::string(33, 's')))), "the ClientHello is malformed");
  EXPECT_EQ(peek(record(message(std::string(1, '\0')))), "the ClientHello is malformed");
  std::string version = good;
  version[4] = 2;
  EXPECT_EQ(peek(record(version)), "the ClientHello has an unknown version");
  // One byte more or less in any length never gives a name that was not asked for.
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int by : {-1, 1}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] + by);
      const std::string result = peek(record(bad));
      EXPECT_TRUE(!result.starts_with("name ") || result.size() == 5 + 9 || result == "name ") << i << result;
    }
  }
}

TEST(ServerName, TakesOneHostNameOnly) {
  ServerName name;
  const auto list = [](std::string_view entries) { return vector(entries, 2); };
  EXPECT_TRUE(name.read(list(std::string(1, '\0') + vector("A.b", 2))));
  EXPECT_EQ(name.text(), "a.b");
  EXPECT_FALSE(name.read(list(std::string(1, '\1') + vector("a.b", 2))));
  EXPECT_EQ(name.text(), "");
  EXPECT_FALSE(
      name.read(list(std::string(1, '\0') + vector("a", 2) + std::string(1, '\0') + vector("b", 2))));
  EXPECT_FALSE(name.read(""));
  EXPECT_FALSE(name.read(list(std::string(1, '\0') + vector(".", 2))));
}

}  // namespace
}  // namespace turnpike::l4
