#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace turnpike {
namespace {

TEST(Hash, SameForTheSame) {
  EXPECT_EQ(hash_bytes("payments"), hash_bytes(std::string("payments")));
  EXPECT_NE(hash_bytes("payments"), hash_bytes("payments", 1));
  // Written down: gateways of one release must agree in consistent hashing.
  EXPECT_EQ(hash_bytes("payments", 7), 12902785302609813049ULL);
}

TEST(Hash, LengthAndTailCount) {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 100; ++size) seen.insert(hash_bytes(std::string(size, '\0')));
  EXPECT_EQ(seen.size(), 100U) << "zeros at the end are not lost";
}

TEST(Hash, EveryBitCounts) {
  const std::string text = "a request path of some length, longer than two words";
  const std::uint64_t base = hash_bytes(text);
  for (std::size_t i = 0; i < text.size() * 8; ++i) {
    std::string other = text;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << (i % 8)));
    EXPECT_NE(hash_bytes(other), base) << i;
  }
}

TEST(Hash, SpreadsEvenly) {
  constexpr std::size_t kBuckets = 64;
  constexpr std::size_t kKeys = 64000;
  std::vector<std::size_t> buckets(kBuckets);
  for (std::size_t i = 0; i < kKeys; ++i) ++buckets[hash_bytes("user-" + std::to_string(i)) % kBuckets];
  for (const std::size_t n : buckets) {
    EXPECT_GT(n, kKeys / kBuckets * 8 / 10);
    EXPECT_LT(n, kKeys / kBuckets * 12 / 10);
  }
}

TEST(Hash, LooksUpByView) {
  std::unordered_map<std::string, int, StringHash, std::equal_to<>> map{{"a", 1}};
  EXPECT_EQ(map.find(std::string_view("a"))->second, 1);
  EXPECT_EQ(map.find(std::string_view("b")), map.end());
}

}  // namespace
}  // namespace turnpike
