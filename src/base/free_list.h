// A per-thread cache of memory blocks in size classes, for coroutine frames, arena blocks and I/O buffers.
#pragma once

#include <cstddef>

namespace turnpike {

// Memory of at least `size` bytes, aligned for any type. Blocks of up to kFreeListLargest bytes are recycled
// within the calling thread; larger ones go straight to the heap. Throws std::bad_alloc.
inline constexpr std::size_t kFreeListLargest = std::size_t{64} * 1024;
void* free_list_allocate(std::size_t size);
// Gives back what free_list_allocate(size) returned; `size` must be the same. Any thread may release.
void free_list_release(void* block, std::size_t size) noexcept;

// Bytes that lie unused in this thread's lists, and a way to give them back to the heap (called when a worker
// is idle after a peak, and at the end of a thread).
std::size_t free_list_cached_bytes() noexcept;
void free_list_trim(std::size_t keep_bytes = 0) noexcept;

}  // namespace turnpike
