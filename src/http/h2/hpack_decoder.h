// Decoding of header blocks (RFC 7541 §3, §6), field by field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/h2/hpack_table.h"

namespace turnpike::http::h2 {

struct DecodedField {
  std::string_view name;  // static text, or in the arena
  std::string_view value;
  NameKind kind;
  bool sensitive = false;    // "never indexed", RFC 7541 §6.2.3
  bool well_formed = false;  // RFC 9113 §8.2.1: a token in lower case (or a pseudo name); no control byte in
                             // the value, no white space around it
};

// One direction's decoder: its dynamic table lives as long as the connection, and every block must be decoded
// to its end to keep it in step with the peer's.
class Decoder {
 public:
  // `limit` is what we announce as SETTINGS_HEADER_TABLE_SIZE (at most DynamicTable::kLargest). Until the
  // peer has it (acknowledged()), it may use 4096 bytes.
  explicit Decoder(std::uint32_t limit) noexcept;

  enum class Step : std::uint8_t { field, end, error };

  // `block` is whole and stays until the last next().
  void begin(std::string_view block) noexcept;
  // The next field of the block. After `error` (COMPRESSION_ERROR) the connection is lost; error() says why.
  Step next(Arena& arena, DecodedField& out);
  std::string_view error() const noexcept { return error_; }

  void acknowledged() noexcept;
  std::size_t bytes_held() const noexcept { return table_.bytes_held(); }

 private:
  Step indexed(Arena& arena, DecodedField& out);
  Step literal(Arena& arena, DecodedField& out, unsigned prefix, bool insert);
  Step resize() noexcept;
  bool take_entry(std::uint32_t index, Arena& arena, bool with_value, DecodedField& out);
  bool take_integer(unsigned prefix, std::uint32_t& value) noexcept;
  bool take_string(Arena& arena, std::string_view& text);
  Step fail(std::string_view why) noexcept;

  DynamicTable table_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::string_view error_;
  std::uint32_t limit_;       // of the table's size, now
  std::uint32_t announced_;   // once acknowledged
  bool must_resize_ = false;  // the table shrank: the next block must say so first (RFC 7541 §4.2)
  bool fields_seen_ = false;  // in this block
};

}  // namespace turnpike::http::h2
