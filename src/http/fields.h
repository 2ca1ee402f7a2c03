// Header and trailer fields of a message, in order of arrival. Well-known names are small integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace turnpike::http {

// The names that the proxy itself looks at or writes. `unknown` stands for all others. The table is
// field_names.def: X(identifier, "Canonical-Name").
enum class FieldId : std::uint8_t {
  unknown = 0,
#define X(id, text) id,
#include "http/field_names.def"
#undef X
  count_,
};

FieldId field_id(std::string_view name) noexcept;     // without case; unknown if not in the table
std::string_view name_of(FieldId id) noexcept;        // canonical spelling, "" for unknown
std::string_view lower_name_of(FieldId id) noexcept;  // "content-type": as HTTP/2 writes it

struct Field {
  std::string_view name;   // as received
  std::string_view value;  // without surrounding white space
  FieldId id = FieldId::unknown;
  // Came with HPACK's "never indexed": whoever sends it on over HTTP/2 says so too (RFC 7541 §6.2.3).
  bool sensitive = false;
};

// An ordered list whose memory is the exchange's arena; trivially destructible, copied only by clone().
// Removing keeps the order.
class Fields {
 public:
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  Field* begin() noexcept { return data_; }
  Field* end() noexcept { return data_ + size_; }
  const Field* begin() const noexcept { return data_; }
  const Field* end() const noexcept { return data_ + size_; }

  // Whether a field with this known name may be present; false is certain.
  bool may_have(FieldId id) const noexcept {
    return (present_[static_cast<unsigned>(id) / 64] >> (static_cast<unsigned>(id) % 64)) & 1;
  }
  // The first field with this name; null if there is none.
  const Field* find(FieldId id) const noexcept;
  const Field* find(std::string_view name) const noexcept;
  // The first field's value, "" if there is none.
  std::string_view value(FieldId id) const noexcept {
    const Field* f = find(id);
    return f == nullptr ? std::string_view{} : f->value;
  }
  std::size_t count(FieldId id) const noexcept;

  // `name` and `value` must live as long as the message. The id is looked up where it is not given.
  void add(Arena& arena, std::string_view name, std::string_view value);
  void add(Arena& arena, FieldId id, std::string_view value);  // with the canonical name
  void add(Arena& arena, const Field& field) {
    if (size_ == capacity_) grow(arena);
    data_[size_++] = field;
    mark(field.id);
  }
  // Replaces all fields of this name by one, in the place of the first.
  void set(Arena& arena, std::string_view name, std::string_view value);
  void set(Arena& arena, FieldId id, std::string_view value);
  // Removes all fields of this name; how many they were.
  std::size_t remove(FieldId id) noexcept;
  std::size_t remove(std::string_view name) noexcept;
  // Removes the fields for which pred(field) holds.
  template <class Pred>
  std::size_t remove_if(Pred&& pred) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!pred(static_cast<const Field&>(data_[i]))) {
        if (kept != i) data_[kept] = data_[i];
        ++kept;
      }
    }
    const std::size_t removed = size_ - kept;
    size_ = static_cast<std::uint32_t>(kept);
    return removed;
  }
  void clear() noexcept;
  // All values of one name joined by ", " (RFC 9110 §5.3); a view of the only one where there is one.
  std::string_view joined(Arena& arena, FieldId id) const;
  std::string_view joined(Arena& arena, std::string_view name) const;
  // The same fields in another arena; the texts are shared, not copied.
  Fields clone(Arena& arena) const;

 private:
  void mark(FieldId id) noexcept {
    present_[static_cast<unsigned>(id) / 64] |= std::uint64_t{1} << (static_cast<unsigned>(id) % 64);
  }
  void unmark(FieldId id) noexcept {
    present_[static_cast<unsigned>(id) / 64] &= ~(std::uint64_t{1} << (static_cast<unsigned>(id) % 64));
  }
  void grow(Arena& arena);
  void set_from(Arena& arena, const Field& field, Field* first);

  Field* data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint64_t present_[2] = {0, 0};
};
static_assert(static_cast<unsigned>(FieldId::count_) <= 128);

}  // namespace turnpike::http
