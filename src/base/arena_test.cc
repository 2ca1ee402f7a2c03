#include "base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/free_list.h"

namespace turnpike {
namespace {

TEST(Arena, GivesWhatIsAskedFor) {
  Arena arena;
  EXPECT_EQ(arena.bytes_held(), 0U) << "nothing before the first use";
  std::vector<std::string_view> texts;
  for (int i = 0; i < 2000; ++i) texts.push_back(arena.copy("text " + std::to_string(i)));
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(texts[static_cast<std::size_t>(i)], "text " + std::to_string(i));
  EXPECT_GT(arena.bytes_held(), Arena::kBlockSize);
}

TEST(Arena, Aligns) {
  Arena arena;
  for (std::size_t i = 0; i < 3000; ++i) {
    arena.allocate(1, 1);
    const std::size_t align = std::size_t{1} << (i % 7);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(i % 50, align)) % align, 0U) << align;
  }
}

TEST(Arena, LargerThanABlock) {
  Arena arena;
  const std::string small = "small";
  const std::string_view before = arena.copy(small);
  const std::string large(100000, 'x');
  EXPECT_EQ(arena.copy(large), large);
  EXPECT_EQ(before, small);
  EXPECT_EQ(arena.copy("after"), "after");
  EXPECT_GE(arena.bytes_held(), large.size());
}

TEST(Arena, Trim) {
  Arena arena;
  arena.allocate(1, 1);
  for (int i = 0; i < 1000; ++i) {
    char* const text = static_cast<char*>(arena.allocate(1000, 1));
    text[0] = 'x';
    arena.trim(text + 1);
    EXPECT_EQ(static_cast<char*>(arena.allocate(1, 1)), text + 1);
  }
  EXPECT_EQ(arena.bytes_held(), Arena::kBlockSize);
}

TEST(Arena, EmptyTextTakesNothing) {
  Arena arena;
  EXPECT_EQ(arena.copy(""), "");
  EXPECT_EQ(arena.bytes_held(), 0U);
  EXPECT_EQ(arena.concat("", std::string(), std::string_view()), "");
}

TEST(Arena, Concat) {
  Arena arena;
  EXPECT_EQ(arena.concat("a", std::string("bc"), std::string_view(), "d"), "abcd");
}

TEST(Arena, MakeAndArray) {
  struct Point {
    int x = 7;
    int y = 8;
  };
  Arena arena;
  EXPECT_EQ(arena.make<Point>(Point{1, 2})->y, 2);
  const Point* points = arena.array<Point>(3);
  EXPECT_EQ(points[2].x, 7);
}

TEST(Arena, ResetGivesBackAndStartsAnew) {
  Arena arena;
  arena.copy(std::string(10000, 'x'));
  arena.reset();
  EXPECT_EQ(arena.bytes_held(), 0U);
  EXPECT_EQ(arena.copy("again"), "again");
  arena.reset();
  arena.reset();
}

#ifndef TURNPIKE_SANITIZED
TEST(Arena, BlocksAreRecycled) {
  free_list_trim();
  {
    Arena arena;
    arena.copy("x");
  }
  const std::size_t cached = free_list_cached_bytes();
  EXPECT_GE(cached, Arena::kBlockSize);
  for (int i = 0; i < 100; ++i) {
    Arena arena;
    arena.copy("x");
  }
  EXPECT_EQ(free_list_cached_bytes(), cached);
}
#endif

}  // namespace
}  // namespace turnpike
