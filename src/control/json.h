// JSON texts, written from front to back. For the admin API and `-o json`.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace turnpike::control {

// Commas and escapes are its business, the order of the calls is the caller's. Indented by two spaces per
// level: people read these texts as often as programs do. Bytes that are no UTF-8 become U+FFFD.
class Json {
 public:
  Json& begin_object() { return open('{'); }
  Json& end_object() { return close('}'); }
  Json& begin_array() { return open('['); }
  Json& end_array() { return close(']'); }
  Json& key(std::string_view name);
  Json& value(std::string_view text);
  Json& value(const char* text) { return value(std::string_view(text)); }
  Json& value(bool b) { return raw(b ? "true" : "false"); }
  Json& value(double d);
  template <std::integral Int>
  Json& value(Int i) {
    char text[24];
    return raw({text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, i).ptr - text)});
  }
  Json& null() { return raw("null"); }
  // A text that is JSON already.
  Json& raw(std::string_view json);

  template <class T>
  Json& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  // Left out when empty.
  Json& member_if(std::string_view name, std::string_view text) {
    return text.empty() ? *this : member(name, text);
  }

  std::string take() { return std::move(out_); }

 private:
  Json& open(char bracket);
  Json& close(char bracket);
  void separate();
  void new_line();
  void quote(std::string_view text);

  std::string out_;
  unsigned depth_ = 0;
  bool first_ = true;  // nothing stands yet in the innermost object or array
  bool after_key_ = false;
};

}  // namespace turnpike::control
