// A strict reader of JSON (RFC 8259), for tests and fuzzers: whether a text is one valid value, in valid
// UTF-8.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace turnpike::observe {

class JsonCheck {
 public:
  static bool valid(std::string_view text) {
    JsonCheck check(text);
    return check.value() && check.rest_.empty();
  }

 private:
  explicit JsonCheck(std::string_view text) : rest_(text) {}

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool digits() {
    const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }
  bool escape() {
    if (!take('u')) {
      if (rest_.empty() || std::string_view("\"\\/bfnrt").find(rest_.front()) == std::string_view::npos)
        return false;
      rest_.remove_prefix(1);
      return true;
    }
    if (rest_.size() < 4 ||
        rest_.substr(0, 4).find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(4);
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    while (!take('"')) {
      if (take('\\')) {
        if (!escape()) return false;
        continue;
      }
      const std::size_t size = utf8_size(rest_);
      if (size == 0 || static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      rest_.remove_prefix(size);
    }
    return true;
  }
  bool object() {
    if (take('}')) return true;
    do {
      if (!string() || !take(':') || !value()) return false;
    } while (take(','));
    return take('}');
  }
  bool value() {
    if (take('{')) return object();
    if (rest_.starts_with('"')) return string();
    return take("null") || take("true") || take("false") || number();
  }

  std::string_view rest_;
};

}  // namespace turnpike::observe
