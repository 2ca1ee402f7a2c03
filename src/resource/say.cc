#include "resource/say.h"

#include "base/utf8.h"

namespace turnpike::resource {

namespace detail {

std::string fill(std::string_view pattern, std::initializer_list<Piece> pieces) {
  std::string out;
  for (const Piece& piece : pieces) {
    const std::size_t at = pattern.find("{}");
    out += pattern.substr(0, at);
    out += piece.view();
    pattern.remove_prefix(at == std::string_view::npos ? pattern.size() : at + 2);
  }
  out += pattern;
  return out;
}

}  // namespace detail

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return printable(text);
  std::string_view out = text.substr(0, kLongest);
  while (!out.empty() && (out.back() & 0x80) != 0) out.remove_suffix(1);  // no half character
  return printable(out) + "...";
}

}  // namespace turnpike::resource
