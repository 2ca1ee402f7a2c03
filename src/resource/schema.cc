#include "resource/schema.h"

#include <charconv>

namespace turnpike::resource {

const Field* Struct::find(std::string_view field) const noexcept {
  for (const Field& candidate : fields) {
    if (candidate.name == field) return &candidate;
  }
  return nullptr;
}

const Type& any_type() {
  static const Type type = [] {
    Type any;
    any.name = "any";
    return any;
  }();
  return type;
}

namespace detail {

void describe_text(Type& type) {
  type.shape = Shape::text;
  type.name = "string";
  type.set_text = [](void* value, std::string_view text) { static_cast<std::string*>(value)->assign(text); };
  type.format = [](const void* value) { return *static_cast<const std::string*>(value); };
}

void describe_boolean(Type& type) {
  type.shape = Shape::boolean;
  type.name = "boolean";
  type.set_boolean = [](void* value, bool on) { *static_cast<bool*>(value) = on; };
  type.format = [](const void* value) -> std::string {
    return *static_cast<const bool*>(value) ? "true" : "false";
  };
}

void describe_number(Type& type) {
  type.shape = Shape::number;
  type.name = "number";
  type.set_number = [](void* value, double number) { *static_cast<double*>(value) = number; };
  type.format = [](const void* value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, *static_cast<const double*>(value)).ptr;
    return std::string(digits, end);
  };
}

void describe_map(Type& type) {
  type.shape = Shape::map;
  type.name = "map of strings";
  type.entry = [](void* value, std::string_view key) -> std::string& {
    return (*static_cast<StringMap*>(value))[key];
  };
}

}  // namespace detail

}  // namespace turnpike::resource
