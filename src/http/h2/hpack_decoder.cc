#include "http/h2/hpack_decoder.h"

#include <algorithm>
#include <array>

#include "http/h1/scan.h"
#include "http/h2/codes.h"
#include "http/h2/huffman.h"

namespace turnpike::http::h2 {
namespace {

constexpr std::array<bool, 256> kLowerToken = [] {
  std::array<bool, 256> table = h1::kTokenByte;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = false;
  return table;
}();

bool is_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return kLowerToken[static_cast<unsigned char>(c)]; });
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

bool is_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  if (is_space(value.front()) || is_space(value.back())) return false;
  const char* const end = value.data() + value.size();
  if (value.size() < 8) return std::all_of(value.data(), end, h1::is_text_byte);
  return h1::best_scan().text(value.data(), value.data(), end) == end;
}

}  // namespace

Decoder::Decoder(std::uint32_t limit) noexcept
    : table_(kDefaultTableSize),
      limit_(std::max(limit, kDefaultTableSize)),
      announced_(std::min(limit, DynamicTable::kLargest)) {
  limit_ = std::min(limit_, DynamicTable::kLargest);
}

void Decoder::acknowledged() noexcept {
  limit_ = announced_;
  must_resize_ = table_.max_size() > limit_;
}

void Decoder::begin(std::string_view block) noexcept {
  at_ = block.data();
  end_ = at_ + block.size();
  fields_seen_ = false;
}

Decoder::Step Decoder::fail(std::string_view why) noexcept {
  error_ = why;
  at_ = end_;
  return Step::error;
}

Decoder::Step Decoder::next(Arena& arena, DecodedField& out) {
  while (at_ != end_) {
    const auto first = static_cast<unsigned char>(*at_);
    if ((first & 0xe0) == 0x20) {
      if (const Step step = resize(); step == Step::error) return step;
      continue;
    }
    if (must_resize_) return fail("header block does not begin with the smaller table size");
    fields_seen_ = true;
    if ((first & 0x80) != 0) return indexed(arena, out);
    out.sensitive = (first & 0xf0) == 0x10;
    const bool insert = (first & 0x40) != 0;
    return literal(arena, out, insert ? 6 : 4, insert);
  }
  return Step::end;
}

Decoder::Step Decoder::indexed(Arena& arena, DecodedField& out) {
  std::uint32_t index = 0;
  if (!take_integer(7, index)) return fail("broken integer in a header block");
  out.sensitive = false;
  if (!take_entry(index, arena, true, out)) return fail("index beyond the header tables");
  return Step::field;
}

Decoder::Step Decoder::literal(Arena& arena, DecodedField& out, unsigned prefix, bool insert) {
  std::uint32_t index = 0;
  if (!take_integer(prefix, index)) return fail("broken integer in a header block");
  if (index > 0) {
    if (!take_entry(index, arena, false, out)) return fail("index beyond the header tables");
  } else {
    if (!take_string(arena, out.name)) return Step::error;
    out.kind = kind_of(out.name);
    out.well_formed = out.kind.pseudo != Pseudo::none || is_name(out.name);
  }
  if (!take_string(arena, out.value)) return Step::error;
  out.well_formed = out.well_formed && is_value(out.value);
  if (insert) table_.add(out.name, out.value, out.kind, out.well_formed);
  return Step::field;
}

// A change of the dynamic table's size (RFC 7541 §6.3), only in front of the fields of a block (§4.2).
Decoder::Step Decoder::resize() noexcept {
  std::uint32_t size = 0;
  if (!take_integer(5, size)) return fail("broken integer in a header block");
  if (fields_seen_) return fail("table size update behind a field");
  if (size > limit_) return fail("table size update above the limit");
  table_.set_max_size(size);
  must_resize_ = false;
  return Step::end;
}

bool Decoder::take_entry(std::uint32_t index, Arena& arena, bool with_value, DecodedField& out) {
  if (index == 0) return false;
  if (index <= kStaticEntries) {
    const StaticEntry& entry = static_entry(index);
    out.name = entry.name;
    out.kind = entry.kind;
    out.value = entry.value;
    out.well_formed = true;
    return true;
  }
  index -= kStaticEntries + 1;
  if (index >= table_.count()) return false;
  const DynamicTable::Entry& entry = table_[index];
  out.kind = entry.kind;
  out.well_formed = entry.well_formed;
  // The entry may go while the message lives: its texts are copied, but for names that are static anyway.
  out.name = entry.kind.id != FieldId::unknown && entry.well_formed ? lower_name_of(entry.kind.id)
                                                                    : arena.copy(table_.name(entry));
  if (with_value) {
    out.value = arena.copy(table_.value(entry));
  } else if (!entry.well_formed) {
    out.well_formed = out.kind.pseudo != Pseudo::none || is_name(out.name);
  }
  return true;
}

// RFC 7541 §5.1.
bool Decoder::take_integer(unsigned prefix, std::uint32_t& value) noexcept {
  const std::uint32_t most = (1u << prefix) - 1;
  value = static_cast<unsigned char>(*at_++) & most;
  if (value < most) return true;
  std::uint64_t sum = value;
  for (unsigned shift = 0; shift <= 28 && at_ != end_; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at_++);
    sum += std::uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) != 0) continue;
    if (sum > UINT32_MAX) return false;
    value = static_cast<std::uint32_t>(sum);
    return true;
  }
  return false;
}

// RFC 7541 §5.2; fail() has been called if it returns false.
bool Decoder::take_string(Arena& arena, std::string_view& text) {
  std::uint32_t size = 0;
  const bool coded = at_ != end_ && (*at_ & 0x80) != 0;
  if (at_ == end_ || !take_integer(7, size)) return fail("broken integer in a header block"), false;
  if (size > static_cast<std::size_t>(end_ - at_)) return fail("text beyond the header block"), false;
  const std::string_view bytes(at_, size);
  at_ += size;
  if (!coded) {
    text = arena.copy(bytes);
    return true;
  }
  char* const out = static_cast<char*>(arena.allocate(huffman_room(size), 1));
  char* const end = huffman_decode(bytes, out);
  if (end == nullptr) return fail("broken Huffman code"), false;
  arena.trim(end);
  text = {out, static_cast<std::size_t>(end - out)};
  return true;
}

}  // namespace turnpike::http::h2
