// Messages with placeholders.
#pragma once

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace turnpike::resource {

namespace detail {

// A text or number to be put in place of "{}". Lives as long as the call.
class Piece {
 public:
  Piece(std::string_view text) : text_(text) {}    // NOLINT: implicit by intent
  Piece(const std::string& text) : text_(text) {}  // NOLINT
  Piece(const char* text) : text_(text) {}         // NOLINT
  template <std::integral Int>
  Piece(Int number)  // NOLINT
      : size_(
            static_cast<std::size_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr -  // NOLINT
                                     digits_)) {}
  std::string_view view() const noexcept { return size_ > 0 ? std::string_view(digits_, size_) : text_; }

 private:
  std::string_view text_;
  char digits_[24];
  std::size_t size_ = 0;
};

std::string fill(std::string_view pattern, std::initializer_list<Piece> pieces);

}  // namespace detail

// `pattern` with each "{}" replaced by the next argument: say("'{}' must be at most {}", name, 5).
template <class... Args>
std::string say(std::string_view pattern, const Args&... args) {
  return detail::fill(pattern, {detail::Piece(args)...});
}

// At most 60 bytes of what the user wrote, made printable.
std::string excerpt(std::string_view text);

}  // namespace turnpike::resource
