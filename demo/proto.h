// Just enough of Protocol Buffers' wire form for rates.proto: numbers and texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turnpike::demo {

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
inline void put_number(std::string& out, unsigned field, std::uint64_t value) {
  put_varint(out, field << 3);
  put_varint(out, value);
}
inline void put_text(std::string& out, unsigned field, std::string_view text) {
  put_varint(out, field << 3 | 2);
  put_varint(out, text.size());
  out += text;
}

// A field of a message: a number, or a view of a text.
struct ProtoField {
  unsigned number = 0;
  std::uint64_t value = 0;
  std::string_view text{};
};

inline std::optional<std::uint64_t> take_varint(std::string_view& from) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// The next field; nothing at the end, and `broken` where it is none of the above.
inline std::optional<ProtoField> take_field(std::string_view& from, bool& broken) {
  if (from.empty()) return std::nullopt;
  const auto tag = take_varint(from);
  const auto value = tag ? take_varint(from) : std::nullopt;
  broken = !value || (*tag & 7) % 2 != 0 || (*tag & 7) > 2 || ((*tag & 7) == 2 && *value > from.size());
  if (broken) return std::nullopt;
  ProtoField field{static_cast<unsigned>(*tag >> 3), *value, {}};
  if ((*tag & 7) == 2) {
    field.text = from.substr(0, static_cast<std::size_t>(*value));
    from.remove_prefix(field.text.size());
  }
  return field;
}

}  // namespace turnpike::demo
