// One non-cryptographic hash for tables and consistent hashing. Stable within a process only, unless the seed
// is given.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace turnpike {

inline std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) noexcept {
  const unsigned __int128 product =
      static_cast<unsigned __int128>(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xe7037ed1a0b428dbULL);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// wyhash-style; the same on every run for the same seed.
inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) noexcept {
  std::uint64_t h = mix_hash(seed, bytes.size());
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t word[2];
  while (left >= 16) {
    std::memcpy(word, at, 16);
    h = mix_hash(word[0] ^ h, word[1]);
    at += 16;
    left -= 16;
  }
  word[0] = word[1] = 0;
  if (left > 0) std::memcpy(word, at, left);
  return mix_hash(word[0] ^ h, word[1] ^ bytes.size());
}

// For std::unordered_map<std::string, V, StringHash, std::equal_to<>>: look up by view without an allocation.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return hash_bytes(text); }
};

}  // namespace turnpike
