#include "policy/path_modifier.h"
#include "policy/text.h"

namespace turnpike::policy {
namespace {

constexpr std::size_t kLongestPath = 1024;  // MaxLength of Gateway API

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(int c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// pchar of RFC 3986 §3.3 and the slash, without "%".
bool is_path_char(char c) noexcept {
  return is_unreserved(c) || std::string_view("/!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

void append_escape(std::string& out, unsigned byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  out += '%';
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// The normal form of the bytes, or what is wrong with them.
std::expected<std::string, std::string> encode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::unexpected("a percent sign without two hexadecimal digits");
      const int byte = high * 16 + low;
      if (byte == '/' || byte == '\\') return std::unexpected("an encoded slash or backslash");
      if (byte < 0x20 || byte == 0x7f) return std::unexpected("an encoded control byte");
      if (is_unreserved(byte)) {
        out += static_cast<char>(byte);
      } else {
        append_escape(out, static_cast<unsigned>(byte));
      }
      i += 2;
    } else if (is_path_char(c)) {
      out += c;
    } else if (c == '?' || c == '#') {
      return std::unexpected("a query or a fragment: only the path can be replaced");
    } else if (c == '\\') {
      return std::unexpected("a backslash");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return std::unexpected("a control byte");
    } else {
      append_escape(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

// Segments that a reader might resolve or merge.
std::string_view segment_problem(std::string_view path) noexcept {
  if (path.find("//") != std::string_view::npos) return "an empty segment ('//')";
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t next = path.find('/', at + 1);
    const std::string_view segment =
        path.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
    if (segment == "." || segment == "..") return "a dot segment ('.' or '..')";
    at = next;
    if (next == std::string_view::npos) break;
  }
  return {};
}

}  // namespace

std::expected<PathModifier, std::string> PathModifier::make(const PathModifierConfig& config) {
  PathModifier out;
  out.kind_ = config.kind;
  if (out.keeps()) return out;
  const bool prefix = config.kind == PathModifierConfig::Kind::prefix;
  const std::string_view field = prefix ? "replacePrefixMatch" : "replaceFullPath";
  if (config.value.size() > kLongestPath)
    return std::unexpected(text_of(field, " is longer than ", kLongestPath, " bytes"));
  auto encoded = encode(config.value);
  if (!encoded) return std::unexpected(text_of(field, " '", config.value, "' has ", encoded.error()));
  out.value_ = std::move(*encoded);
  if (out.value_.empty() && !prefix) out.value_ = "/";
  if (!out.value_.empty() && out.value_.front() != '/')
    return std::unexpected(text_of(field, " '", config.value, "' does not begin with '/'"));
  if (const std::string_view problem = segment_problem(out.value_); !problem.empty())
    return std::unexpected(text_of(field, " '", config.value, "' has ", problem));
  if (prefix && out.value_.ends_with('/')) out.value_.pop_back();
  return out;
}

std::string_view PathModifier::apply(std::string_view path, std::size_t matched, Arena& arena) const {
  if (keeps() || !path.starts_with('/')) return path;
  if (kind_ == PathModifierConfig::Kind::full) return value_;
  if (matched > path.size()) matched = path.size();
  std::string_view rest = path.substr(matched);
  // The slash between prefix and rest belongs to the rest, however the prefix was written.
  if (!rest.starts_with('/') && matched > 0 && path[matched - 1] == '/') rest = path.substr(matched - 1);
  if (value_.empty()) {
    // "/foo//bar" with "/foo" replaced by nothing must not become "//bar": that reads as a host.
    while (rest.starts_with("//")) rest.remove_prefix(1);
    return rest.empty() ? std::string_view("/") : rest;
  }
  return rest.empty() ? std::string_view(value_) : arena.concat(value_, rest);
}

std::string PathModifier::describe() const {
  if (keeps()) return {};
  const bool prefix = kind_ == PathModifierConfig::Kind::prefix;
  return text_of("replace ", prefix ? "prefix" : "path", " by ", value_.empty() ? "/" : value_);
}

}  // namespace turnpike::policy
