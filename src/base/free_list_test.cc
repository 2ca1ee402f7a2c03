#include "base/free_list.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace turnpike {
namespace {

TEST(FreeList, BlocksAreAsLargeAsAskedAndApart) {
  for (std::size_t size = 0; size <= 70000; size = size < 2100 ? size + 1 : size + 997) {
    auto* a = static_cast<char*>(free_list_allocate(size));
    auto* b = static_cast<char*>(free_list_allocate(size));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a) % alignof(std::max_align_t), 0U);
    std::memset(a, 1, size);
    std::memset(b, 2, size);
    if (size > 0) {
      ASSERT_EQ(a[0], 1);
      ASSERT_EQ(a[size - 1], 1);
    }
    free_list_release(a, size);
    free_list_release(b, size);
  }
  free_list_trim();
}

#ifndef TURNPIKE_SANITIZED  // under sanitizers every block goes to the heap

TEST(FreeList, RecyclesWithinAClass) {
  free_list_trim();
  EXPECT_EQ(free_list_cached_bytes(), 0U);
  void* first = free_list_allocate(100);
  free_list_release(first, 100);
  EXPECT_EQ(free_list_cached_bytes(), 128U);
  EXPECT_EQ(free_list_allocate(128), first) << "100 and 128 are of one class";
  EXPECT_EQ(free_list_cached_bytes(), 0U);
  free_list_release(first, 128);
  void* other = free_list_allocate(129);
  EXPECT_NE(other, first);
  free_list_release(other, 129);
  free_list_trim();
}

TEST(FreeList, LargeBlocksAreNotKept) {
  free_list_trim();
  free_list_release(free_list_allocate(kFreeListLargest + 1), kFreeListLargest + 1);
  EXPECT_EQ(free_list_cached_bytes(), 0U);
  free_list_release(free_list_allocate(kFreeListLargest), kFreeListLargest);
  EXPECT_EQ(free_list_cached_bytes(), kFreeListLargest);
  free_list_trim();
}

TEST(FreeList, APeakIsNotKeptForEver) {
  free_list_trim();
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(free_list_allocate(32 * 1024));
  for (void* block : blocks) free_list_release(block, 32 * 1024);
  EXPECT_LE(free_list_cached_bytes(), 8U * 1024 * 1024);
  free_list_trim(100 * 1024);
  EXPECT_LE(free_list_cached_bytes(), 100U * 1024);
  free_list_trim();
  EXPECT_EQ(free_list_cached_bytes(), 0U);
}

TEST(FreeList, AnotherThreadMayRelease) {
  free_list_trim();
  void* block = free_list_allocate(1000);
  std::thread([block] {
    free_list_release(block, 1000);
    EXPECT_EQ(free_list_cached_bytes(), 1024U);
  }).join();
  EXPECT_EQ(free_list_cached_bytes(), 0U);
}

#endif

}  // namespace
}  // namespace turnpike
