#include "http/path.h"

#include <array>
#include <cstring>

namespace turnpike::http {
namespace {

enum class Class : std::uint8_t { bad, plain, dot, slash, backslash, percent };

constexpr std::array<Class, 256> kClass = [] {
  std::array<Class, 256> table{};
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] = Class::plain;
  table['?'] = table['#'] = Class::bad;
  table['.'] = Class::dot;
  table['/'] = Class::slash;
  table['\\'] = Class::backslash;
  table['%'] = Class::percent;
  return table;
}();

Class class_of(char c) noexcept { return kClass[static_cast<unsigned char>(c)]; }

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(unsigned char c) noexcept {  // RFC 3986 §2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

char upper(char c) noexcept { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; }

// Nothing in it that a rule could change or refuse; what this calls doubtful may still be normal.
bool surely_normal(std::string_view path, const PathRules& rules) noexcept {
  char previous = 0;
  for (const char c : path) {
    switch (class_of(c)) {
      case Class::plain:
        break;
      case Class::dot:
        if (previous == '/') return false;
        break;
      case Class::slash:
        if (previous == '/' && rules.merge_slashes) return false;
        break;
      default:
        return false;
    }
    previous = c;
  }
  return true;
}

// "." is 1, ".." is 2, anything else 0; an encoded dot counts as a dot even where escapes are kept, for the
// next reader may decode it.
int dots_in(std::string_view segment) noexcept {
  int dots = 0;
  while (!segment.empty()) {
    if (segment.front() == '.') {
      segment.remove_prefix(1);
    } else if (segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' && (segment[2] | 0x20) == 'e') {
      segment.remove_prefix(3);
    } else {
      return 0;
    }
    if (++dots > 2) return 0;
  }
  return dots;
}

// "..;x" is ".." to readers that know path parameters (Java servlets) and a name to all others.
bool is_dots_with_parameter(std::string_view segment) noexcept {
  const std::size_t semicolon = segment.find(';');
  return semicolon != std::string_view::npos && dots_in(segment.substr(0, semicolon)) > 0;
}

// Writes the normal form segment by segment; it is never longer than what came in.
class Normaliser {
 public:
  Normaliser(const PathRules& rules, char* out) noexcept : rules_(rules), out_(out) {
    out_[size_++] = '/';
    segment_ = size_;
  }

  // An error's reason, or "".
  std::string_view run(std::string_view path) noexcept {
    std::string_view reason;
    for (std::size_t i = 1; i < path.size() && reason.empty(); ++i) {
      switch (class_of(path[i])) {
        case Class::bad:
          return "character that must be percent-encoded in a path";
        case Class::plain:
        case Class::dot:
          out_[size_++] = path[i];
          break;
        case Class::slash:
          reason = end_segment(false);
          break;
        case Class::backslash:
          reason = special(rules_.backslash, path.substr(i, 1), "backslash in path");
          break;
        case Class::percent:
          if (path.size() - i < 3) return "truncated percent-encoding in path";
          reason = escape(path.substr(i, 3));
          i += 2;
          break;
      }
    }
    return reason.empty() ? end_segment(true) : reason;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  std::string_view escape(std::string_view text) noexcept {
    const int high = hex_digit(text[1]);
    const int low = hex_digit(text[2]);
    if (high < 0 || low < 0) return "malformed percent-encoding in path";
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    if (byte == 0) return "encoded NUL in path";
    if (byte == '/') return special(rules_.encoded_slash, text, "encoded slash in path");
    if (byte == '\\') return special(rules_.encoded_backslash, text, "encoded backslash in path");
    if (rules_.decode_unreserved && is_unreserved(byte)) {
      out_[size_++] = static_cast<char>(byte);
    } else {
      keep(text);
    }
    return {};
  }

  std::string_view special(PathRules::Ambiguous rule, std::string_view text,
                           std::string_view refusal) noexcept {
    if (rule == PathRules::Ambiguous::refuse) return refusal;
    if (rule == PathRules::Ambiguous::decode) return end_segment(false);
    keep(text);
    return {};
  }

  void keep(std::string_view text) noexcept {
    for (const char c : text) out_[size_++] = rules_.upper_case_escapes && text.size() == 3 ? upper(c) : c;
  }

  // Called at each slash and, with `last`, at the end of the path.
  std::string_view end_segment(bool last) noexcept {
    const std::string_view segment(out_ + segment_, size_ - segment_);
    if (rules_.merge_dot_segments && is_dots_with_parameter(segment)) return "dot segment with a parameter";
    const int dots = rules_.merge_dot_segments ? dots_in(segment) : 0;
    if (dots > 0) {
      size_ = segment_;
      if (dots == 1) return {};
      if (segment_ == 1) return "path climbs above its root";
      do {
        --size_;
      } while (out_[size_ - 1] != '/');
      segment_ = size_;
    } else if (!last && !(segment.empty() && rules_.merge_slashes)) {
      out_[size_++] = '/';
      segment_ = size_;
    }
    return {};
  }

  const PathRules& rules_;
  char* out_;
  std::size_t size_ = 0;
  std::size_t segment_ = 0;  // where the segment being written begins
};

}  // namespace

Result<std::string_view> normalise_path(std::string_view path, const PathRules& rules, Arena& arena) {
  if (path == "*") return path;
  if (path.empty() || path.front() != '/') {
    return std::unexpected(client_error(ErrorKind::bad_path, "path does not begin with a slash"));
  }
  if (surely_normal(path, rules)) return path;
  char* const out = static_cast<char*>(arena.allocate(path.size(), 1));
  Normaliser normaliser(rules, out);
  const std::string_view reason = normaliser.run(path);
  if (!reason.empty()) return std::unexpected(client_error(ErrorKind::bad_path, reason));
  const std::string_view normal(out, normaliser.size());
  return normal == path ? path : normal;
}

}  // namespace turnpike::http
