#include "resource/say.h"

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
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  while (!out.empty() && text.size() > kLongest && (out.back() & 0x80) != 0)
    out.pop_back();  // no half character
  return text.size() > kLongest ? out + "..." : out;
}

}  // namespace turnpike::resource
