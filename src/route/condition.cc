#include "route/condition.h"

#include <cstdint>

#include "base/strings.h"

namespace turnpike::route {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes one decoded byte from the front of `text`, which is not empty.
char take_decoded(std::string_view& text) noexcept {
  const char c = text.front();
  if (c == '%' && text.size() >= 3) {
    const int high = hex_digit(text[1]);
    const int low = hex_digit(text[2]);
    if (high >= 0 && low >= 0) {
      text.remove_prefix(3);
      return static_cast<char>(high * 16 + low);
    }
  }
  text.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool decodes_to(std::string_view encoded, std::string_view plain) noexcept {
  if (encoded.size() < plain.size()) return false;
  for (char c : plain) {
    if (encoded.empty() || take_decoded(encoded) != c) return false;
  }
  return encoded.empty();
}

std::string_view decode(std::string_view encoded, std::string& to) {
  if (encoded.find_first_of("%+") == std::string_view::npos) return encoded;
  to.clear();
  while (!encoded.empty()) to.push_back(take_decoded(encoded));
  return to;
}

}  // namespace

std::optional<std::string_view> field_value(const http::RequestHead& head, http::FieldId id,
                                            std::string_view name, std::string& joined) {
  using http::FieldId;
  if (id != FieldId::unknown && !head.fields.may_have(id)) {
    // An HTTP/2 request has :authority instead of Host.
    if (id == FieldId::host && !head.authority.empty()) return head.authority;
    return std::nullopt;
  }
  const http::Field* first = nullptr;
  bool repeated = false;
  for (const http::Field& field : head.fields) {
    if (field.id != id) continue;
    if (id == FieldId::unknown && !equals_ignoring_case(field.name, name)) continue;
    if (first == nullptr) {
      first = &field;
      continue;
    }
    if (!repeated) joined.assign(first->value);
    repeated = true;
    joined.append(id == FieldId::cookie ? "; " : ",").append(field.value);
  }
  if (repeated) return joined;
  if (first != nullptr) return first->value;
  if (id == FieldId::host && !head.authority.empty()) return head.authority;
  return std::nullopt;
}

std::optional<std::string_view> query_value(std::string_view query, std::string_view name,
                                            std::string& decoded) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const std::size_t equals = parameter.find('=');
    if (decodes_to(parameter.substr(0, equals), name)) {
      return equals == std::string_view::npos ? std::string_view{}
                                              : decode(parameter.substr(equals + 1), decoded);
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace turnpike::route
