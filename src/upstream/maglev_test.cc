#include "upstream/maglev.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hash.h"

namespace turnpike::upstream {
namespace {

std::vector<MaglevEntry> entries(std::size_t count) {
  std::vector<MaglevEntry> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back({hash_bytes("endpoint " + std::to_string(i)), 1});
  return all;
}

std::vector<std::size_t> shares(const std::vector<std::uint16_t>& table, std::size_t count) {
  std::vector<std::size_t> all(count);
  for (const std::uint16_t i : table) ++all[i];
  return all;
}

TEST(Maglev, SharesDifferByOneAtMost) {
  for (const std::size_t count : {1U, 2U, 3U, 7U, 40U}) {
    const auto all = shares(build_maglev(entries(count), 4099), count);
    const auto [least, most] = std::ranges::minmax(all);
    EXPECT_LE(most - least, 1U) << count;
  }
}

TEST(Maglev, WeightsAreKept) {
  auto list = entries(4);
  list[0].weight = 3;
  list[1].weight = 2;
  list[2].weight = 0;
  const auto all = shares(build_maglev(list, 65537), 4);
  EXPECT_NEAR(static_cast<double>(all[0]), 65537 / 2.0, 2);
  EXPECT_NEAR(static_cast<double>(all[1]), 65537 / 3.0, 2);
  EXPECT_EQ(all[2], 0U);
  EXPECT_NEAR(static_cast<double>(all[3]), 65537 / 6.0, 2);
}

TEST(Maglev, NothingWithoutWeight) {
  EXPECT_TRUE(build_maglev({}, 4099).empty());
  auto list = entries(3);
  for (MaglevEntry& entry : list) entry.weight = 0;
  EXPECT_TRUE(build_maglev(list, 4099).empty());
}

TEST(Maglev, OneLessMovesLittleElse) {
  for (const std::size_t count : {5U, 20U, 100U}) {
    auto list = entries(count);
    const auto before = build_maglev(list, 65537);
    list[2].weight = 0;
    const auto after = build_maglev(list, 65537);
    std::size_t moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == 2) {
        EXPECT_NE(after[i], 2);
      } else {
        moved += before[i] != after[i];
      }
    }
    EXPECT_LT(static_cast<double>(moved) / 65537, 0.04) << count;
  }
}

TEST(Maglev, SizeGrowsLateAndNeverShrinks) {
  EXPECT_EQ(maglev_size(0, 0), 4099U);
  EXPECT_EQ(maglev_size(40, 0), 4099U);
  EXPECT_EQ(maglev_size(41, 0), 65537U);
  EXPECT_EQ(maglev_size(200, 4099), 4099U);
  EXPECT_EQ(maglev_size(205, 4099), 65537U);
  EXPECT_EQ(maglev_size(2, 65537), 65537U);
  EXPECT_EQ(maglev_size(60'000, 65537), 655373U);
}

}  // namespace
}  // namespace turnpike::upstream
