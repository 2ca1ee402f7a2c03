#include "resource/say.h"

namespace turnpike::resource::detail {

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

}  // namespace turnpike::resource::detail
