#include "policy/redirect/redirect.h"

#include <gtest/gtest.h>

#include <array>

#include "policy/testing.h"

namespace turnpike::policy {
namespace {

using Kind = PathModifierConfig::Kind;

struct Request {
  std::string_view target = "/x";
  std::string_view scheme = "http";
  std::uint16_t listener_port = 80;
  std::string_view host = "example.com";
  std::size_t matched = 0;
};

// "302 http://…" or "refused: …".
std::string redirected(RedirectConfig config, Request request = {}) {
  const auto policy = Redirect::make(std::move(config));
  if (!policy) return "refused: " + policy.error();
  TestExchange test(request.target);
  test.exchange.scheme = request.scheme;
  test.exchange.listener_port = request.listener_port;
  test.exchange.host = request.host;
  test.exchange.matched_prefix = request.matched;
  EXPECT_EQ((*policy)->on_request(test.exchange), Verdict::respond);
  EXPECT_EQ(test.exchange.direct.reason, ErrorKind::direct_response);
  return std::to_string(test.exchange.direct.status) + " " + values(test.exchange.direct.fields, "Location");
}

// Conformance HTTPRouteRedirectPortAndScheme.
TEST(Redirect, ChoosesThePortAsTheSpecificationSays) {
  struct Case {
    std::string_view listener_scheme;
    std::size_t listener_port;
    std::string scheme;
    std::size_t port;
    std::string_view expected;
  };
  const Case cases[] = {
      {"http", 80, "", 0, "http://example.org/x"},
      {"http", 80, "", 80, "http://example.org/x"},
      {"http", 80, "", 8080, "http://example.org:8080/x"},
      {"http", 80, "https", 0, "https://example.org/x"},
      {"http", 80, "https", 443, "https://example.org/x"},
      {"http", 80, "https", 8443, "https://example.org:8443/x"},
      {"http", 8080, "", 0, "http://example.org:8080/x"},
      {"http", 8080, "", 80, "http://example.org/x"},
      {"http", 8080, "https", 0, "https://example.org/x"},
      {"https", 443, "", 0, "https://example.org/x"},
      {"https", 443, "", 443, "https://example.org/x"},
      {"https", 443, "", 8443, "https://example.org:8443/x"},
      {"https", 443, "http", 0, "http://example.org/x"},
      {"https", 443, "http", 80, "http://example.org/x"},
      {"https", 443, "http", 8080, "http://example.org:8080/x"},
      {"https", 8443, "", 0, "https://example.org:8443/x"},
      {"https", 80, "", 0, "https://example.org/x"},  // TLS ended in front of us
      {"http", 80, "http", 443, "http://example.org:443/x"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(redirected({.scheme = c.scheme,
                          .hostname = "example.org",
                          .path = {},
                          .port = static_cast<std::uint16_t>(c.port)},
                         {.scheme = c.listener_scheme,
                          .listener_port = static_cast<std::uint16_t>(c.listener_port)}),
              "302 " + std::string(c.expected))
        << c.listener_scheme << " on " << c.listener_port << ", scheme '" << c.scheme << "' port " << c.port;
  }
}

// Conformance HTTPRouteRedirectPath and HTTPRouteRedirectHostAndStatus, 303, 307 and 308.
TEST(Redirect, ReplacesPathHostAndStatus) {
  EXPECT_EQ(redirected({.path = {Kind::prefix, "/replacement-prefix"}},
                       {.target = "/original-prefix/lemon", .matched = 16}),
            "302 http://example.com/replacement-prefix/lemon");
  EXPECT_EQ(redirected({.path = {Kind::full, "/full-path-replacement"}},
                       {.target = "/full/path/original", .matched = 5}),
            "302 http://example.com/full-path-replacement");
  EXPECT_EQ(redirected({.hostname = "example.org", .path = {Kind::prefix, "/r"}, .status = 301},
                       {.target = "/path-and-status", .matched = 16}),
            "301 http://example.org/r");
  for (const std::uint16_t status : std::array<std::uint16_t, 5>{301, 302, 303, 307, 308})
    EXPECT_EQ(redirected({.path = {}, .status = status}), std::to_string(status) + " http://example.com/x");
}

TEST(Redirect, KeepsTheQuery) {
  EXPECT_EQ(redirected({.path = {}}, {.target = "/a?b=c&d=%20"}), "302 http://example.com/a?b=c&d=%20");
  EXPECT_EQ(redirected({.path = {}}, {.target = "/a?"}), "302 http://example.com/a?");
  EXPECT_EQ(redirected({.path = {Kind::full, "/z"}}, {.target = "/a?b"}), "302 http://example.com/z?b");
}

TEST(Redirect, WritesNothingIntoLocationThatAUriCannotHold) {
  EXPECT_EQ(redirected({.path = {}}, {.target = "/a?b=\"<x>\" \\\xc3\xa9"}),
            "302 http://example.com/a?b=%22%3Cx%3E%22%20%5C%C3%A9");
  EXPECT_EQ(redirected({.path = {}}, {.target = "/a?b\r\nSet-Cookie: c"}),
            "302 http://example.com/a?b%0D%0ASet-Cookie:%20c");
}

TEST(Redirect, WithoutAHostIsRelativeAndStaysHere) {
  EXPECT_EQ(redirected({.path = {}}, {.target = "//evil.example/x", .host = ""}), "302 /evil.example/x");
  EXPECT_EQ(redirected({.path = {}}, {.target = "/x?y", .host = ""}), "302 /x?y");
}

TEST(Redirect, OddHostsAndTargets) {
  EXPECT_EQ(redirected({.path = {}}, {.host = "::1"}), "302 http://[::1]/x");
  EXPECT_EQ(redirected({.path = {}, .port = 81}, {.host = "[::1]"}), "302 http://[::1]:81/x");
  EXPECT_EQ(redirected({.path = {}}, {.target = "*"}), "302 http://example.com/");
  EXPECT_EQ(redirected({.path = {}}, {.target = "//a/b"}), "302 http://example.com//a/b");
}

TEST(Redirect, RefusesWhatIsNotInTheSpecification) {
  EXPECT_EQ(redirected({.scheme = "ftp", .path = {}}), "refused: scheme 'ftp' is neither http nor https");
  EXPECT_EQ(redirected({.path = {}, .status = 304}),
            "refused: status 304 is none of 301, 302, 303, 307 and 308");
  EXPECT_TRUE(redirected({.hostname = "a/b", .path = {}}).starts_with("refused: "));
  EXPECT_TRUE(redirected({.path = {Kind::full, "x"}}).starts_with("refused: "));
}

TEST(Redirect, DescribesItself) {
  EXPECT_EQ((*Redirect::make({.scheme = "https", .path = {}, .status = 301}))->describe(),
            "301 to scheme https");
  EXPECT_EQ((*Redirect::make({.hostname = "a", .path = {Kind::full, "/b"}, .port = 81}))->describe(),
            "302 to host a; port 81; replace path by /b");
  EXPECT_EQ((*Redirect::make({.path = {}}))->describe(), "302 to the same URL");
}

}  // namespace
}  // namespace turnpike::policy
