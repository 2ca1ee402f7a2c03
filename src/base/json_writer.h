// Writes JSON text, front to back, without a tree in between.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace turnpike {

// Appends `text` with what JSON requires escaped (RFC 8259 §7), without the quotes around it. Bytes that are
// no UTF-8 become U+FFFD, so that the result is always valid JSON whatever a client sent.
inline void append_json_escaped(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::size_t done = 0;
  const auto replace = [&](std::size_t i, std::string_view by) {
    out.append(text, done, i - done);
    out += by;
    done = i + 1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != 0x7f) continue;
    switch (c) {
      case '"':
        replace(i, "\\\"");
        continue;
      case '\\':
        replace(i, "\\\\");
        continue;
      case '\n':
        replace(i, "\\n");
        continue;
      case '\r':
        replace(i, "\\r");
        continue;
      case '\t':
        replace(i, "\\t");
        continue;
      default:
        break;
    }
    if (c < 0x20 || c == 0x7f) {
      const char escape[] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
      replace(i, {escape, sizeof escape});
      continue;
    }
    const std::size_t length = utf8_size(text.substr(i, 4));
    if (length != 0) {
      i += length - 1;
    } else {
      replace(i, "\\ufffd");
    }
  }
  out.append(text, done, text.size() - done);
}

// Commas, quotes and nesting are its business; that each object gets keys and each key a value is the
// caller's. `indent` 0 writes one line; else each element has its own, indented by that many spaces per
// level.
//   JsonWriter json(out);
//   json.begin_object().key("port").value(8080).end_object();
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out, unsigned indent = 0) noexcept : out_(out), indent_(indent) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    separate();
    quote(name);
    out_ += indent_ > 0 ? ": " : ":";
    after_key_ = true;
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    separate();
    quote(text);
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool on) { return raw(on ? "true" : "false"); }
  template <std::integral Int>
    requires(!std::same_as<Int, bool>)
  JsonWriter& value(Int number) {
    char digits[24];
    return raw({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number).ptr -
                                                 digits)});
  }
  // What JSON has no number for (infinity) becomes null.
  JsonWriter& value(double number) {
    if (!std::isfinite(number)) return null();
    char digits[32];
    return raw({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number).ptr -
                                                 digits)});
  }
  JsonWriter& null() { return raw("null"); }
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }

 private:
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
    ++depth_;
    return *this;
  }
  JsonWriter& close(char bracket) {
    --depth_;
    if (!first_) new_line();
    out_ += bracket;
    first_ = false;
    return *this;
  }
  void separate() {
    if (after_key_) {
      after_key_ = false;
      return;
    }
    if (depth_ == 0) return;
    if (!first_) out_ += ',';
    first_ = false;
    new_line();
  }
  void new_line() {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(depth_ * indent_, ' ');
  }
  void quote(std::string_view text) {
    out_ += '"';
    append_json_escaped(out_, text);
    out_ += '"';
  }

  std::string& out_;
  unsigned indent_;
  std::size_t depth_ = 0;
  bool first_ = true;  // nothing stands yet in the innermost object or array
  bool after_key_ = false;
};

}  // namespace turnpike
