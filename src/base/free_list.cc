#include "base/free_list.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <new>

namespace turnpike {
namespace {

struct Node {
  Node* next;
};

// Classes: multiples of 64 bytes up to 1 KiB, then powers of two up to kFreeListLargest.
constexpr std::size_t kFine = 16;
constexpr std::size_t kClasses = kFine + 6;

constexpr std::size_t class_of(std::size_t size) {
  if (size <= 1024) return size == 0 ? 0 : (size - 1) / 64;
  return kFine + static_cast<std::size_t>(std::bit_width(size - 1)) - 11;
}
constexpr std::size_t size_of_class(std::size_t index) {
  return index < kFine ? (index + 1) * 64 : std::size_t{2048} << (index - kFine);
}
static_assert(size_of_class(class_of(64)) == 64 && size_of_class(class_of(65)) == 128);
static_assert(size_of_class(class_of(1025)) == 2048 && class_of(kFreeListLargest) == kClasses - 1);

struct Lists {
  std::array<Node*, kClasses> heads{};
  std::size_t cached = 0;
  ~Lists() { trim(0); }
  void trim(std::size_t keep) noexcept {
    for (std::size_t i = kClasses; i-- > 0 && cached > keep;) {
      while (heads[i] != nullptr && cached > keep) {
        Node* node = heads[i];
        heads[i] = node->next;
        cached -= size_of_class(i);
        std::free(node);
      }
    }
  }
};

thread_local Lists lists;
// More than this stays in no thread's lists: a peak must not hold its memory for ever.
[[maybe_unused]] constexpr std::size_t kMostCached = 8 * 1024 * 1024;

}  // namespace

void* free_list_allocate(std::size_t size) {
#ifndef TURNPIKE_SANITIZED
  if (size <= kFreeListLargest) {
    const std::size_t index = class_of(size);
    if (Node* node = lists.heads[index]; node != nullptr) {
      lists.heads[index] = node->next;
      lists.cached -= size_of_class(index);
      return node;
    }
    size = size_of_class(index);
  }
#endif
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void free_list_release(void* block, std::size_t size) noexcept {
#ifndef TURNPIKE_SANITIZED
  if (size <= kFreeListLargest) {
    const std::size_t index = class_of(size);
    if (lists.cached + size_of_class(index) <= kMostCached) {
      auto* node = static_cast<Node*>(block);
      node->next = lists.heads[index];
      lists.heads[index] = node;
      lists.cached += size_of_class(index);
      return;
    }
  }
#else
  (void)size;
#endif
  std::free(block);
}

std::size_t free_list_cached_bytes() noexcept { return lists.cached; }
void free_list_trim(std::size_t keep_bytes) noexcept { lists.trim(keep_bytes); }

}  // namespace turnpike
