#include "resource/syntax.h"

#include <gtest/gtest.h>

#include <string>

#include "resource/suggest.h"

namespace turnpike::resource {
namespace {

void accepts(SyntaxCheck check, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) EXPECT_EQ(check(text), "") << text;
}
void refuses(SyntaxCheck check, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) EXPECT_NE(check(text), "") << text;
}

TEST(Syntax, names) {
  accepts(check_dns_subdomain, {"a", "a-b", "a.b-c.d1", "0a"});
  refuses(check_dns_subdomain, {"", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a b", "\xc3\xa4"});
  refuses(check_dns_label, {"a.b"});
  EXPECT_NE(check_dns_subdomain(std::string(254, 'a')), "");
  EXPECT_NE(check_dns_subdomain(std::string(64, 'a')), "");
  EXPECT_EQ(check_dns_subdomain(std::string(63, 'a')), "");
}

TEST(Syntax, hosts) {
  accepts(check_hostname, {"example.com", "*.example.com", "a", "xn--bcher-kva.example"});
  refuses(check_hostname, {"", "*", "*.", "*.*.com", "a.*.com", "*example.com", "example.com:80",
                           "http://a.b", "1.2.3.4", "::1", "Example.com", "a..b", "example.com."});
  refuses(check_precise_hostname, {"*.example.com"});
  accepts(check_endpoint_address,
          {"127.0.0.1", "::1", "payments.internal", "payments.internal.", "_http._tcp.a", "Host"});
  refuses(check_endpoint_address,
          {"", "127.0.0.1:80", "1.2.3", "1.2.3.256", "[::1]", "http://a", "a b", "a..b"});
}

TEST(Syntax, http) {
  accepts(check_header_name, {"X-Version", "a", "!#$%&'*+-.^_`|~"});
  refuses(check_header_name, {"", "a b", "a:", ":method", "a\n", "\xc3\xa4"});
  accepts(check_header_value, {"", "a b", "\xc3\xa4", "a\tb"});
  refuses(check_header_value, {"a\nb", "a\rb", " a", "a ", std::string_view("\0", 1), "\x7f"});
  accepts(check_absolute_path, {"/", "/a/b", "/a%20b", "/a/", "/a.b/..c", "/~a@b:c"});
  refuses(check_absolute_path, {"", "a", "//", "/a//b", "/./a", "/a/.", "/../a", "/a/..", "/a%2fb", "/a%2Fb",
                                "/a?b", "/a#b", "/a b", "/%", "/%g0", "/%2", "/\xc3\xa4", "/a\\b"});
}

TEST(Syntax, origins) {
  accepts(check_cors_origin, {"*", "https://example.com", "http://example.com:8080", "https://*.example.com",
                              "http://*", "https://*:443", "http://[::1]:80"});
  refuses(check_cors_origin, {"", "example.com", "ftp://a", "https://", "https://a/b", "https://a:0",
                              "https://a:99999", "https://a.*.b", "https://a:x"});
}

TEST(Suggest, distance_counts_swaps_once) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("backendRefs", "backendrefs"), 0U);
  EXPECT_EQ(edit_distance("hsotnames", "hostnames"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance(std::string(100, 'a'), "a"), 100U);
}

TEST(Suggest, only_what_is_near) {
  constexpr std::string_view kNames[] = {"matches", "backendRefs", "filters", "hostname"};
  EXPECT_EQ(did_you_mean("backendRef", kNames), "did you mean 'backendRefs'?");
  EXPECT_EQ(did_you_mean("mathces", kNames), "did you mean 'matches'?");
  EXPECT_EQ(did_you_mean("host", kNames), "did you mean 'hostname'?");
  EXPECT_EQ(did_you_mean("timeouts", kNames), "");
  EXPECT_EQ(did_you_mean("x", kNames), "");
}

}  // namespace
}  // namespace turnpike::resource
