#include "cli/values.h"

#include <gtest/gtest.h>

namespace turnpike::cli {
namespace {

TEST(HostPort, Forms) {
  const auto check = [](std::string_view text, std::string_view host, unsigned port) {
    const auto parsed = parse_host_port(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->host, host) << text;
    EXPECT_EQ(parsed->port, port) << text;
  };
  check(":8080", "", 8080);
  check("8080", "", 8080);
  check("127.0.0.1:80", "127.0.0.1", 80);
  check("[::1]:65535", "::1", 65535);
  check("payments.internal:9000", "payments.internal", 9000);
  check(":0", "", 0);
}

TEST(HostPort, RefusesWhatIsNone) {
  for (const std::string_view text : {"", ":", "localhost", ":65536", ":-1", ":80a", "::1:80", "[::1:80",
                                      "[]:80", "http://a:80", "a b:80", ":80 ", "a:b:80"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(HeaderLine, SplitsAtTheFirstColon) {
  const auto parsed = parse_header("x-time:  12:30 ");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name, "x-time");
  EXPECT_EQ(parsed->value, "12:30");
  EXPECT_EQ(parse_header("a:")->value, "");
}

TEST(HeaderLine, RefusesWhatNoRequestMayHave) {
  for (const std::string_view text :
       {"", "name", ":value", "two words: x", "a: b\r\nEvil: 1", "a\t: b", "(a): b"}) {
    EXPECT_FALSE(parse_header(text)) << text;
  }
}

}  // namespace
}  // namespace turnpike::cli
