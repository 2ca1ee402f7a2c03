// The tables of HPACK (RFC 7541 §2.3): the static one, and the dynamic one of either direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/fields.h"

namespace turnpike::http::h2 {

// Pseudo-header fields (RFC 9113 §8.3); `unknown` is any other name that begins with a colon.
enum class Pseudo : std::uint8_t { none, authority, method, path, protocol, scheme, status, unknown };

// What a name is, found once and kept in the tables.
struct NameKind {
  FieldId id = FieldId::unknown;
  Pseudo pseudo = Pseudo::none;
};
NameKind kind_of(std::string_view lower_case_name) noexcept;

inline constexpr std::uint32_t kEntryOverhead = 32;  // RFC 7541 §4.1
inline constexpr std::uint32_t kStaticEntries = 61;

struct StaticEntry {
  std::string_view name;
  std::string_view value;
  NameKind kind;
};
// `index` is 1 to kStaticEntries.
const StaticEntry& static_entry(std::uint32_t index) noexcept;
// The first static entry with this name; 0 if there is none.
std::uint32_t static_index(NameKind kind) noexcept;

// Entries by age, index 0 is the newest. Memory (from the free list) grows with what is in it: a table that
// was never used holds none. Sizes are those of RFC 7541 §4.1.
class DynamicTable {
 public:
  static constexpr std::uint32_t kLargest = 65'536;

  struct Entry {
    std::uint16_t at;  // of its text: the name, then the value
    std::uint16_t name_size;
    std::uint16_t value_size;
    NameKind kind;
    bool well_formed;    // decoder: name and value obey RFC 9113 §8.2.1
    std::uint32_t link;  // encoder: the next older entry of its bucket, as a sequence number
  };

  explicit DynamicTable(std::uint32_t max_size) noexcept : max_size_(max_size) {}
  DynamicTable(const DynamicTable&) = delete;
  DynamicTable& operator=(const DynamicTable&) = delete;
  ~DynamicTable();

  std::uint32_t count() const noexcept { return count_; }
  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t max_size() const noexcept { return max_size_; }
  const Entry& operator[](std::uint32_t index) const noexcept {
    return entries_[(next_ - 1 - index) & (capacity_ - 1)];
  }
  std::string_view name(const Entry& entry) const noexcept { return {text_ + entry.at, entry.name_size}; }
  std::string_view value(const Entry& entry) const noexcept {
    return {text_ + entry.at + entry.name_size, entry.value_size};
  }

  // Makes room and adds; false (and an empty table) if it is larger than the table (§4.4). The texts must not
  // lie in this table.
  bool add(std::string_view name, std::string_view value, NameKind kind, bool well_formed = true,
           std::uint32_t link = 0);
  // At most kLargest.
  void set_max_size(std::uint32_t max_size) noexcept;

  // Each entry has a sequence number, from 0 on; entries [next() - count(), next()) are there.
  std::uint32_t next() const noexcept { return next_; }
  const Entry& at_sequence(std::uint32_t sequence) const noexcept {
    return entries_[sequence & (capacity_ - 1)];
  }
  std::size_t bytes_held() const noexcept { return text_capacity_ + capacity_ * sizeof(Entry); }

 private:
  void evict_until(std::uint32_t size) noexcept;
  void make_room(std::uint32_t text);
  void grow_entries();

  Entry* entries_ = nullptr;  // a ring
  char* text_ = nullptr;      // the texts of all entries are [text_begin_, text_end_), oldest first
  std::uint32_t capacity_ = 0;
  std::uint32_t text_capacity_ = 0;
  std::uint32_t text_begin_ = 0;
  std::uint32_t text_end_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t max_size_;
};

}  // namespace turnpike::http::h2
