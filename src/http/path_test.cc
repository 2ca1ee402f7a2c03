#include "http/path.h"

#include <gtest/gtest.h>

#include <string>

namespace turnpike::http {
namespace {

using Ambiguous = PathRules::Ambiguous;

// The normal form, or "!" and the reason.
std::string normal(std::string_view path, const PathRules& rules = {}) {
  Arena arena;
  const Result<std::string_view> result = normalise_path(path, rules, arena);
  if (!result) {
    EXPECT_EQ(result.error().kind, ErrorKind::bad_path);
    EXPECT_FALSE(result.error().detail.empty());
    return "!" + std::string(result.error().detail);
  }
  const Result<std::string_view> again = normalise_path(*result, rules, arena);
  EXPECT_TRUE(again.has_value() && *again == *result) << path << " -> " << *result << " is no fixpoint";
  return std::string(*result);
}

TEST(NormalisePath, LeavesNormalPathsWhereTheyAre) {
  Arena arena;
  for (const std::string_view path :
       {"/", "/a", "/a/b.c", "/a//b", "/a/b/", "*", "/%20", "/a%3Fb", "/.well-known/x", "/a...", "/...",
        "/a/..b", "/a;v=1/b,c:d@e!$&'()*+=", "/~u/-_", "/|{}^`\"<>[]"}) {
    const Result<std::string_view> result = normalise_path(path, {}, arena);
    ASSERT_TRUE(result.has_value()) << path;
    EXPECT_EQ(result->data(), path.data()) << path;
    EXPECT_EQ(result->size(), path.size());
  }
}

TEST(NormalisePath, DotSegments) {
  EXPECT_EQ(normal("/."), "/");
  EXPECT_EQ(normal("/./"), "/");
  EXPECT_EQ(normal("/a/."), "/a/");
  EXPECT_EQ(normal("/a/.."), "/");
  EXPECT_EQ(normal("/a/../"), "/");
  EXPECT_EQ(normal("/a/b/c/./../../g"), "/a/g");
  EXPECT_EQ(normal("/a/b/../../c"), "/c");
  EXPECT_EQ(normal("/a//../b"), "/a/b");
  EXPECT_EQ(normal("//.."), "/");
  EXPECT_EQ(normal("/a/..//b"), "//b");
  EXPECT_EQ(normal("/a/.b/..c/d."), "/a/.b/..c/d.");
}

TEST(NormalisePath, AboveTheRootIsRefused) {
  for (const char* path :
       {"/..", "/../", "/../a", "/a/../..", "/a/../../b", "/./..", "/%2e%2e", "/.%2E/a", "/a/%2e./.%2e"}) {
    EXPECT_EQ(normal(path), "!path climbs above its root") << path;
  }
}

TEST(NormalisePath, EncodedDotsAreDots) {
  EXPECT_EQ(normal("/a/%2e%2E/b"), "/b");
  EXPECT_EQ(normal("/a/%2e/b"), "/a/b");
  PathRules rules;
  rules.decode_unreserved = false;
  EXPECT_EQ(normal("/a/%2e%2e/b", rules), "/b") << "the next reader would decode them";
  EXPECT_EQ(normal("/a/.%2e/b", rules), "/b");
  EXPECT_EQ(normal("/%2e%2e/b", rules), "!path climbs above its root");
  EXPECT_EQ(normal("/%2ea", rules), "/%2Ea");
}

TEST(NormalisePath, DotsWithAParameterAreRefused) {
  for (const char* path : {"/a/..;/b", "/a/..;x=1/b", "/a/.;/b", "/..;", "/a/%2e%2e;/b", "/a/.%2E;x"}) {
    EXPECT_EQ(normal(path), "!dot segment with a parameter") << path;
  }
  EXPECT_EQ(normal("/a/b;x=1/..c;y/...;z"), "/a/b;x=1/..c;y/...;z");
  EXPECT_EQ(normal("/a/;x"), "/a/;x");
}

TEST(NormalisePath, Escapes) {
  EXPECT_EQ(normal("/%41%7a%30%2D%5f%7E"), "/Az0-_~");
  EXPECT_EQ(normal("/%c3%a9%3f"), "/%C3%A9%3F");
  EXPECT_EQ(normal("/%252e%252f"), "/%252e%252f") << "decoded once only";
  EXPECT_EQ(normal("/%0d%0a"), "/%0D%0A");
  PathRules rules;
  rules.upper_case_escapes = false;
  EXPECT_EQ(normal("/%c3%41", rules), "/%c3A");
  rules.decode_unreserved = false;
  EXPECT_EQ(normal("/%c3%41", rules), "/%c3%41");
}

TEST(NormalisePath, RefusesWhatIsMalformed) {
  for (const char* path : {"", "a", "a/b", "**", "/%", "/%4", "/%zz", "/%4g", "/%%41", "/a%00b", "/a b",
                           "/a\tb", "/\x7f", "/\xc3\xa9", "/a?b", "/a#b", "/\x01"}) {
    EXPECT_EQ(normal(path).front(), '!') << path;
  }
  EXPECT_EQ(normal(std::string_view("/a\0b", 4)).front(), '!');
}

TEST(NormalisePath, AmbiguousSlashes) {
  EXPECT_EQ(normal("/a%2fb"), "!encoded slash in path");
  EXPECT_EQ(normal("/a%5Cb"), "!encoded backslash in path");
  EXPECT_EQ(normal("/a\\b"), "!backslash in path");
  PathRules rules;
  rules.encoded_slash = rules.encoded_backslash = rules.backslash = Ambiguous::keep;
  EXPECT_EQ(normal("/a%2fb%5cc\\d", rules), "/a%2Fb%5Cc\\d");
  EXPECT_EQ(normal("/a/..%2fb", rules), "/a/..%2Fb");
  rules.encoded_slash = rules.encoded_backslash = rules.backslash = Ambiguous::decode;
  EXPECT_EQ(normal("/a%2fb%5cc\\d", rules), "/a/b/c/d");
  EXPECT_EQ(normal("/a/..%2fb", rules), "/b");
  EXPECT_EQ(normal("/a/..\\..\\b", rules), "!path climbs above its root");
  EXPECT_EQ(normal("/%2e%2e%5cb", rules), "!path climbs above its root");
}

TEST(NormalisePath, MergedSlashes) {
  PathRules rules;
  rules.merge_slashes = true;
  EXPECT_EQ(normal("//a///b//", rules), "/a/b/");
  EXPECT_EQ(normal("/a//../b", rules), "/b");
  EXPECT_EQ(normal("/a/..//b", rules), "/b");
  EXPECT_EQ(normal("//..", rules), "!path climbs above its root");
  EXPECT_EQ(normal("/a/.//b", rules), "/a/b");
}

TEST(NormalisePath, KeptDotSegments) {
  PathRules rules;
  rules.merge_dot_segments = false;
  EXPECT_EQ(normal("/../a/./%2e", rules), "/../a/./.");
}

std::string authority(std::string_view text) {
  Arena arena;
  const Result<Authority> result = parse_authority(text, arena);
  if (!result) {
    EXPECT_EQ(result.error().kind, ErrorKind::bad_request);
    EXPECT_FALSE(result.error().detail.empty());
    return "!";
  }
  return std::string(result->host) + " " + std::to_string(result->port);
}

TEST(Authority, Parts) {
  EXPECT_EQ(authority("example.com"), "example.com 0");
  EXPECT_EQ(authority("Example.COM:8080"), "example.com 8080");
  EXPECT_EQ(authority("example.com.:1"), "example.com 1");
  EXPECT_EQ(authority("example.com:"), "example.com 0");
  EXPECT_EQ(authority("localhost:65535"), "localhost 65535");
  EXPECT_EQ(authority("10.0.0.1:80"), "10.0.0.1 80");
  EXPECT_EQ(authority("10.0.0.1."), "10.0.0.1 0");
  EXPECT_EQ(authority("1a.2b"), "1a.2b 0");
  EXPECT_EQ(authority("web.0xg"), "web.0xg 0");
  EXPECT_EQ(authority("a_b.c-d~e"), "a_b.c-d~e 0");
  EXPECT_EQ(authority("[2001:DB8::1]:443"), "[2001:db8::1] 443");
  EXPECT_EQ(authority("[::]"), "[::] 0");
  EXPECT_EQ(authority("[::ffff:1.2.3.4]"), "[::ffff:1.2.3.4] 0");
}

TEST(Authority, Refusals) {
  for (const char* text :
       {"",          ":80",     ".",          "..",         ".a",          "a..b",         "user@host",
        "u:p@host",  "host/",   "host/path",  "a,b",        "a b",         "a\tb",         " a",
        "a ",        "a?b",     "a#b",        "a\\b",       "a%2eb",       "host:80:80",   "host:x",
        "host:-1",   "host:+1", "host:65536", "host:0",     "host:000080", "host: 80",     "[::1",
        "::1",       "[::1]x",  "[::1]:x",    "[]",         "[g::1]",      "[::1%25eth0]", "[1.2.3.4]",
        "[v1.x]",    "a]b",     "a[b",        "\xc3\xa9",   "a\x7f",       "a\"b",         "a<b>",
        "http://a",  "127.1",   "0x7f.1",     "0x7f000001", "2130706433",  "01.2.3.4",     "256.1.1.1",
        "1.2.3.4.5", "foo.1",   "foo.0x",     "1.2.3.4..",  "a.0xF."}) {
    EXPECT_EQ(authority(text), "!") << text;
  }
  EXPECT_EQ(authority(std::string_view("a\0b", 3)), "!");
  EXPECT_EQ(authority(std::string_view("[::1\0]", 6)), "!");
}

TEST(Authority, SplitKeepsTheBytes) {
  const std::string_view text = "Example.COM.:8080";
  const Result<Authority> parts = split_authority(text);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->host, "Example.COM.");
  EXPECT_EQ(parts->host.data(), text.data());
}

}  // namespace
}  // namespace turnpike::http
