#include "upstream/dns_message.h"

#include <algorithm>

namespace turnpike::upstream {
namespace {

class Reader {
 public:
  explicit Reader(std::span<const unsigned char> bytes) noexcept : bytes_(bytes) {}
  bool broken() const noexcept { return broken_; }
  std::uint32_t number(unsigned size) noexcept {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < size; ++i) value = value << 8 | next();
    return value;
  }
  void skip(std::size_t count) noexcept {
    if (bytes_.size() - at_ < count) {
      broken_ = true;
    } else {
      at_ += count;
    }
  }
  void skip_name() noexcept {
    while (!broken_) {
      const unsigned length = next();
      if (length == 0) return;
      if (length >= 0xc0) return skip(1);  // a pointer ends the name
      skip(length);
    }
  }

 private:
  unsigned char next() noexcept {
    if (at_ < bytes_.size()) return bytes_[at_++];
    broken_ = true;
    return 0;
  }
  std::span<const unsigned char> bytes_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace

std::optional<std::uint32_t> shortest_ttl(std::span<const unsigned char> message) noexcept {
  Reader in(message);
  in.skip(4);
  const std::uint32_t questions = in.number(2);
  const std::uint32_t answers = in.number(2);
  in.skip(4);
  for (std::uint32_t i = 0; i < questions && !in.broken(); ++i) {
    in.skip_name();
    in.skip(4);
  }
  std::optional<std::uint32_t> shortest;
  for (std::uint32_t i = 0; i < answers && !in.broken(); ++i) {
    in.skip_name();
    in.skip(4);
    const std::uint32_t ttl = in.number(4);
    in.skip(in.number(2));
    // A TTL with the highest bit set means 0 (RFC 2181 §8).
    const std::uint32_t meant = (ttl >> 31) != 0 ? 0 : ttl;
    if (!in.broken()) shortest = std::min(shortest.value_or(meant), meant);
  }
  if (in.broken()) return std::nullopt;
  return shortest;
}

}  // namespace turnpike::upstream
