// The corpus url (WHATWG) where it applies: absolute-form targets, percent-encoding, and the normal form of
// paths.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "http/corpus.h"
#include "http/h1/codec.h"
#include "http/path.h"

namespace turnpike::http {
namespace {

// The rules under which our normal form is the one that browsers use, apart from ".." above the root.
PathRules like_a_browser() {
  PathRules rules;
  rules.decode_unreserved = false;
  rules.upper_case_escapes = false;
  rules.encoded_slash = rules.encoded_backslash = PathRules::Ambiguous::keep;
  rules.backslash = PathRules::Ambiguous::decode;
  return rules;
}

bool visible(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Two spellings of one IPv6 address are the same host.
std::string host_key(const std::string& host) {
  in6_addr address;
  if (host.size() < 2 || host.front() != '[') return host;
  if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) != 1) return host;
  return {reinterpret_cast<const char*>(&address), sizeof address};
}

// Browsers encode some more characters than they must; we leave them as the client sent them.
std::string encoded_as_browsers_do(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (std::string_view("\"<>^`{}").find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
    }
  }
  return out;
}

bool malformed(const std::string& path) {
  for (std::size_t at = 0; (at = path.find('%', at)) != std::string::npos; ++at) {
    const std::string digits = path.substr(at + 1, 2);
    if (digits.size() < 2 || digits == "00" ||
        digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
      return true;
    }
  }
  return false;
}

std::string without_dot(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  return host;
}

struct Parsed {
  std::string host, path, query;
  bool ok = false;
};

Parsed parse(const std::string& target) {
  const std::string bytes = "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
  Arena arena;
  std::size_t scanned = 0;
  RequestHead head;
  if (h1::parse_request(bytes, scanned, {}, arena, head).state != h1::Parse::complete) return {};
  const auto authority = parse_authority(head.authority, arena);
  const auto path = normalise_path(head.path, like_a_browser(), arena);
  if (!authority || !path) return {};
  return {std::string(authority->host), std::string(*path), std::string(head.query), true};
}

TEST(UrlCorpus, AbsoluteForms) {
  const auto file = corpus("url") / "urltestdata.json";
  TURNPIKE_NEEDS_CORPUS(file);
  int refused = 0, same = 0;
  for (const auto& item : nlohmann::json::parse(read_whole(file))) {
    if (!item.is_object()) continue;
    const std::string input = item["input"];
    if (!visible(input) || !(input.starts_with("http://") || input.starts_with("https://"))) continue;
    const Parsed found = parse(input);
    if (!found.ok) {
      ++refused;
      continue;
    }
    if (item.value("failure", false)) {
      ADD_FAILURE() << "accepted: " << input;
      continue;
    }
    EXPECT_EQ(host_key(found.host), host_key(without_dot(item["hostname"]))) << input;
    EXPECT_EQ(encoded_as_browsers_do(found.path), item["pathname"].get<std::string>()) << input;
    ++same;
  }
  EXPECT_GE(same, 60);
  std::printf("url: %d targets alike, %d refused\n", same, refused);
}

// What a browser sends is in normal form already.
TEST(UrlCorpus, PathsOfBrowsersAreNormal) {
  const auto file = corpus("url") / "urltestdata.json";
  TURNPIKE_NEEDS_CORPUS(file);
  Arena arena;
  int same = 0;
  for (const auto& item : nlohmann::json::parse(read_whole(file))) {
    if (!item.is_object() || item.value("failure", false)) continue;
    const std::string protocol = item["protocol"];
    if (protocol != "http:" && protocol != "https:") continue;
    const std::string path = item["pathname"];
    const auto normal = normalise_path(path, like_a_browser(), arena);
    EXPECT_EQ(normal.has_value(), !malformed(path)) << path;
    if (!normal) continue;
    EXPECT_EQ(*normal, path);
    ++same;
  }
  EXPECT_GT(same, 200);
}

TEST(UrlCorpus, PercentEncoding) {
  const auto file = corpus("url") / "percent-encoding.json";
  TURNPIKE_NEEDS_CORPUS(file);
  Arena arena;
  for (const auto& item : nlohmann::json::parse(read_whole(file))) {
    if (!item.is_object()) continue;
    const std::string raw = "/" + item["input"].get<std::string>();
    const std::string encoded = "/" + item["output"]["utf-8"].get<std::string>();
    EXPECT_FALSE(normalise_path(raw, {}, arena).has_value()) << raw;
    const bool backslash = encoded.find('\\') != std::string::npos;
    const auto normal = normalise_path(encoded, {}, arena);
    EXPECT_EQ(normal.has_value(), !backslash) << encoded;
    if (normal) EXPECT_EQ(*normal, encoded);
  }
}

}  // namespace
}  // namespace turnpike::http
