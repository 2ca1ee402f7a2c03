// Encoding of header blocks (RFC 7541 §6).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/h2/hpack_table.h"

namespace turnpike::http::h2 {

// One direction's encoder. What it puts into the dynamic table: fields whose values are likely to come again
// on the same connection. Not: values that name one request (see hpack_encoder.cc), the fifth value of a
// name, and secrets (`sensitive`, Authorization, cookies), for the size of a compressed secret tells it to
// those who can guess (RFC 7541 §7.1).
class Encoder {
 public:
  // `limit`: bytes of dynamic table that we use at most, however much the peer allows.
  explicit Encoder(std::uint32_t limit) noexcept;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder();

  // The peer's SETTINGS_HEADER_TABLE_SIZE; the next block tells of the change (§4.2).
  void set_peer_limit(std::uint32_t size) noexcept;

  // Each writes to `out` and returns the end. begin() writes up to kBeginRoom bytes, the others up to
  // room(name, value).
  static constexpr std::size_t kBeginRoom = 12;
  static constexpr std::size_t room(std::size_t name, std::size_t value) noexcept {
    return name + value + 16;
  }
  char* begin(char* out) noexcept;
  char* pseudo(char* out, Pseudo name, std::string_view value);
  char* status(char* out, unsigned status);  // kBeginRoom bytes
  // Writes the name in lower case.
  char* field(char* out, const Field& field);

  std::size_t bytes_held() const noexcept;

 private:
  struct Found {
    std::uint32_t exact = 0;  // index of name and value
    std::uint32_t name = 0;   // index of the name
    unsigned values = 0;      // values of this name in the dynamic table
  };
  struct Named {
    std::string_view name;
    NameKind kind;
    std::size_t bucket;
  };
  Found find(const Named& named, std::string_view value) const noexcept;
  char* write(char* out, const Named& named, std::string_view value, bool sensitive);
  char* insert(char* out, const Named& named, std::string_view value);

  // Where the newest entry of each bucket of names is, as its sequence number + 1; older ones are linked.
  static constexpr std::size_t kBuckets = 64;

  DynamicTable table_;
  std::uint32_t* buckets_ = nullptr;  // made with the first entry
  std::uint32_t limit_;
  std::uint32_t smallest_;  // size that the peer allowed in between (§4.2)
  bool resized_ = false;
};

}  // namespace turnpike::http::h2
