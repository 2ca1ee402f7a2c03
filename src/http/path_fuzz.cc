// Paths and authorities: the normal form is a fixpoint under the same rules, and has nothing left in it that
// the rules speak of. The first byte chooses the rules.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/path.h"

using namespace turnpike;
using namespace turnpike::http;

namespace {

void check(bool condition) {
  if (!condition) std::abort();
}

PathRules rules_from(std::uint8_t bits) {
  using Ambiguous = PathRules::Ambiguous;
  PathRules rules;
  rules.decode_unreserved = (bits & 1) == 0;
  rules.merge_dot_segments = (bits & 2) == 0;
  rules.merge_slashes = (bits & 4) != 0;
  rules.upper_case_escapes = (bits & 8) == 0;
  rules.encoded_slash = static_cast<Ambiguous>((bits >> 4) % 3);
  rules.encoded_backslash = static_cast<Ambiguous>((bits >> 5) % 3);
  rules.backslash = static_cast<Ambiguous>((bits >> 6) % 3);
  return rules;
}

void check_path(std::string_view path, const PathRules& rules) {
  Arena arena;
  const Result<std::string_view> normal = normalise_path(path, rules, arena);
  if (!normal) return check(normal.error().kind == ErrorKind::bad_path && !normal.error().detail.empty());
  if (*normal == "*") return check(path == "*");
  check(!normal->empty() && normal->front() == '/' && normal->size() <= path.size());
  const Result<std::string_view> again = normalise_path(*normal, rules, arena);
  check(again.has_value() && again->data() == normal->data() && again->size() == normal->size());
  for (const char c : *normal) check(c > 0x20 && c < 0x7f && c != '?' && c != '#');
  const auto has = [&](std::string_view part) { return normal->find(part) != std::string_view::npos; };
  check(!has("%00"));
  if (rules.merge_dot_segments) {
    check(!has("/../") && !has("/./") && !normal->ends_with("/..") && !normal->ends_with("/."));
    check(!has("/%2e%2e/") && !has("/%2E%2E/") && !has("/.%2e/") && !has("/%2e./") && !has("/%2e/"));
  }
  if (rules.merge_slashes) check(!has("//"));
  if (rules.decode_unreserved) check(!has("%41") && !has("%2e") && !has("%2E") && !has("%7a"));
  if (rules.encoded_slash != PathRules::Ambiguous::keep) check(!has("%2f") && !has("%2F"));
  if (rules.encoded_backslash != PathRules::Ambiguous::keep) check(!has("%5c") && !has("%5C"));
  if (rules.backslash != PathRules::Ambiguous::keep) check(!has("\\"));
}

void check_authority(std::string_view text) {
  Arena arena;
  const Result<Authority> parts = parse_authority(text, arena);
  if (!parts) return;
  check(!parts->host.empty());
  for (const char c : parts->host)
    check(c > 0x20 && c < 0x7f && !(c >= 'A' && c <= 'Z') && c != '@' && c != '/' && c != ',');
  const std::string again =
      std::string(parts->host) + (parts->port != 0 ? ":" + std::to_string(parts->port) : "");
  const Result<Authority> second = parse_authority(again, arena);
  check(second.has_value() && second->host == parts->host && second->port == parts->port);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_path(text, rules_from(data[0]));
  check_authority(text);
  return 0;
}
