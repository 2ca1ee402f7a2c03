#include "http/fields.h"

#include <cstring>

#include "base/strings.h"

namespace turnpike::http {
namespace {

constexpr std::uint32_t kFirstCapacity = 24;  // a browser's request with what the proxy adds

bool matches(const Field& field, FieldId id, std::string_view name) noexcept {
  return id != FieldId::unknown ? field.id == id
                                : field.id == FieldId::unknown && equals_ignoring_case(field.name, name);
}

}  // namespace

const Field* Fields::find(FieldId id) const noexcept {
  if (!may_have(id) || id == FieldId::unknown) return nullptr;
  for (const Field& field : *this) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const noexcept {
  const FieldId id = field_id(name);
  if (!may_have(id)) return nullptr;
  for (const Field& field : *this) {
    if (matches(field, id, name)) return &field;
  }
  return nullptr;
}

std::size_t Fields::count(FieldId id) const noexcept {
  std::size_t found = 0;
  if (!may_have(id) || id == FieldId::unknown) return 0;
  for (const Field& field : *this) found += field.id == id;
  return found;
}

void Fields::add(Arena& arena, std::string_view name, std::string_view value) {
  add(arena, Field{name, value, field_id(name)});
}

void Fields::add(Arena& arena, FieldId id, std::string_view value) {
  add(arena, Field{name_of(id), value, id});
}

void Fields::set(Arena& arena, std::string_view name, std::string_view value) {
  set_from(arena, Field{name, value, field_id(name)}, const_cast<Field*>(find(name)));
}

void Fields::set(Arena& arena, FieldId id, std::string_view value) {
  set_from(arena, Field{name_of(id), value, id}, const_cast<Field*>(find(id)));
}

void Fields::set_from(Arena& arena, const Field& field, Field* first) {
  if (first == nullptr) return add(arena, field);
  *first = field;
  Field* kept = first + 1;
  for (Field* at = kept; at != end(); ++at) {
    if (!matches(*at, field.id, field.name)) *kept++ = *at;
  }
  size_ = static_cast<std::uint32_t>(kept - data_);
}

std::size_t Fields::remove(FieldId id) noexcept {
  if (!may_have(id) || id == FieldId::unknown) return 0;
  unmark(id);
  return remove_if([id](const Field& field) { return field.id == id; });
}

std::size_t Fields::remove(std::string_view name) noexcept {
  const FieldId id = field_id(name);
  if (id != FieldId::unknown) return remove(id);
  if (!may_have(id)) return 0;
  return remove_if([name, id](const Field& field) { return matches(field, id, name); });
}

void Fields::clear() noexcept {
  size_ = 0;
  present_[0] = present_[1] = 0;
}

std::string_view Fields::joined(Arena& arena, FieldId id) const {
  return id == FieldId::unknown ? std::string_view{} : joined(arena, name_of(id));
}

std::string_view Fields::joined(Arena& arena, std::string_view name) const {
  const FieldId id = field_id(name);
  const Field* const first = find(name);
  if (first == nullptr) return {};
  std::size_t size = 0;
  std::size_t values = 0;
  for (const Field* at = first; at != end(); ++at) {
    if (!matches(*at, id, name)) continue;
    size += at->value.size();
    ++values;
  }
  if (values == 1) return first->value;
  size += 2 * (values - 1);
  char* const text = static_cast<char*>(arena.allocate(size, 1));
  char* to = text;
  for (const Field* at = first; at != end(); ++at) {
    if (!matches(*at, id, name)) continue;
    if (at != first) {
      *to++ = ',';
      *to++ = ' ';
    }
    if (!at->value.empty()) std::memcpy(to, at->value.data(), at->value.size());
    to += at->value.size();
  }
  return {text, size};
}

Fields Fields::clone(Arena& arena) const {
  Fields copy = *this;
  copy.capacity_ = size_ + 8;  // whoever clones is about to add
  copy.data_ = static_cast<Field*>(arena.allocate(sizeof(Field) * copy.capacity_, alignof(Field)));
  if (size_ > 0) std::memcpy(copy.data_, data_, sizeof(Field) * size_);
  return copy;
}

void Fields::grow(Arena& arena) {
  const std::uint32_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
  Field* const data = static_cast<Field*>(arena.allocate(sizeof(Field) * capacity, alignof(Field)));
  if (size_ > 0) std::memcpy(data, data_, sizeof(Field) * size_);
  data_ = data;
  capacity_ = capacity;
}

}  // namespace turnpike::http
