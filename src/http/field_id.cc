// The perfect hash from a field's name to its id: two loads, two multiplications, one comparison.
#include <array>
#include <bit>
#include <cstring>

#include "base/strings.h"
#include "http/fields.h"

namespace turnpike::http {
namespace {

constexpr unsigned kCount = static_cast<unsigned>(FieldId::count_);
constexpr std::size_t kLongest = 32;
constexpr unsigned kSlotBits = 10;

constexpr std::array<std::string_view, kCount> kNames = {
    "",
#define X(id, text) text,
#include "http/field_names.def"
#undef X
};

// A name as it is compared: `lower` is its text, and `fold` has 0x20 where it has a letter. Bytes b are the
// same name exactly when (b | fold) == lower; folding every byte would take "\r" for "-".
struct Entry {
  std::array<char, kLongest> lower{};
  std::array<char, kLongest> fold{};
  std::uint8_t size = 0;
};

constexpr std::uint32_t word_at(std::string_view name, std::size_t at) noexcept {
  std::uint32_t word = 0;
  for (unsigned i = 0; i < 4; ++i)
    word |= static_cast<std::uint32_t>(static_cast<unsigned char>(name[at + i])) << (8 * i);
  return word | 0x20202020u;
}

// Of names of at least 4 bytes: the first four, the last four and the length tell all known ones apart.
constexpr unsigned slot_of(std::uint32_t first, std::uint32_t last, std::size_t size,
                           std::uint64_t seed) noexcept {
  const std::uint64_t key = (std::uint64_t{last} << 32 | first) + size * 0x9e3779b97f4a7c15u;
  return static_cast<unsigned>((key * seed) >> (64 - kSlotBits));
}

struct Table {
  std::uint64_t seed = 0;
  std::array<std::uint8_t, 1u << kSlotBits> ids{};
  std::array<Entry, kCount> entries{};
};

consteval bool fill(Table& table) {
  table.ids = {};
  for (unsigned id = 1; id < kCount; ++id) {
    const std::string_view name = kNames[id];
    if (name.size() < 4) continue;
    const unsigned slot = slot_of(word_at(name, 0), word_at(name, name.size() - 4), name.size(), table.seed);
    if (table.ids[slot] != 0) return false;
    table.ids[slot] = static_cast<std::uint8_t>(id);
  }
  return true;
}

consteval Table make_table() {
  Table table;
  for (unsigned id = 1; id < kCount; ++id) {
    Entry& entry = table.entries[id];
    entry.size = static_cast<std::uint8_t>(kNames[id].size());
    for (std::size_t i = 0; i < kNames[id].size(); ++i) {
      entry.lower[i] = to_lower(kNames[id][i]);
      if (entry.lower[i] >= 'a' && entry.lower[i] <= 'z') entry.fold[i] = 0x20;
    }
  }
  std::uint64_t state = 1;
  do {  // a few dozen tries: the names fill a thirteenth of the slots
    state = state * 6364136223846793005u + 1442695040888963407u;
    table.seed = state | 1;
  } while (!fill(table));
  return table;
}

constexpr Table kTable = make_table();

std::uint32_t load32(const char* at) noexcept {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
std::uint64_t load64(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

bool same8(const char* text, const Entry& entry, std::size_t at) noexcept {
  return (load64(text + at) | load64(entry.fold.data() + at)) == load64(entry.lower.data() + at);
}

bool same(std::string_view name, const Entry& entry) noexcept {
  const std::size_t size = name.size();
  if (size != entry.size) return false;
  const char* text = name.data();
  if (size < 8) {
    const std::size_t last = size - 4;
    return (load32(text) | load32(entry.fold.data())) == load32(entry.lower.data()) &&
           (load32(text + last) | load32(entry.fold.data() + last)) == load32(entry.lower.data() + last);
  }
  for (std::size_t at = 0; at + 8 < size; at += 8) {
    if (!same8(text, entry, at)) return false;
  }
  return same8(text, entry, size - 8);
}

FieldId short_id(std::string_view name) noexcept {
  for (const FieldId id : {FieldId::te, FieldId::age, FieldId::via}) {
    if (equals_ignoring_case(name, kNames[static_cast<unsigned>(id)])) return id;
  }
  return FieldId::unknown;
}

consteval bool every_short_name_is_listed() {
  unsigned count = 0;
  for (unsigned id = 1; id < kCount; ++id) {
    if (kNames[id].size() < 4) ++count;
    if (kNames[id].size() > kLongest) return false;
  }
  return count == 3;
}
static_assert(every_short_name_is_listed(), "add the new name to short_id(), or raise kLongest");
static_assert(std::endian::native == std::endian::little, "word_at() and load32() must agree");

}  // namespace

FieldId field_id(std::string_view name) noexcept {
  if (name.size() < 4) return short_id(name);
  if (name.size() > kLongest) return FieldId::unknown;
  const char* const text = name.data();
  const std::uint32_t first = load32(text) | 0x20202020u;
  const std::uint32_t last = load32(text + name.size() - 4) | 0x20202020u;
  const std::uint8_t id = kTable.ids[slot_of(first, last, name.size(), kTable.seed)];
  return id != 0 && same(name, kTable.entries[id]) ? static_cast<FieldId>(id) : FieldId::unknown;
}

std::string_view name_of(FieldId id) noexcept {
  return static_cast<unsigned>(id) < kCount ? kNames[static_cast<unsigned>(id)] : std::string_view{};
}

std::string_view lower_name_of(FieldId id) noexcept {
  if (static_cast<unsigned>(id) >= kCount) return {};
  const Entry& entry = kTable.entries[static_cast<unsigned>(id)];
  return {entry.lower.data(), entry.size};
}

}  // namespace turnpike::http
