#include "observe/ring.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace turnpike::observe {

// Plain allocation: pages that were never written cost nothing.
Ring::Ring(std::size_t capacity)
    : mask_(std::bit_ceil(capacity) - 1), data_(static_cast<char*>(std::malloc(mask_ + 1))) {
  if (data_ == nullptr) throw std::bad_alloc();
}

void Ring::Free::operator()(char* p) const noexcept { std::free(p); }

bool Ring::push(std::string_view bytes) noexcept {
  if (full(bytes.size())) return false;
  const std::size_t at = head_ & mask_;
  const std::size_t first = std::min(bytes.size(), mask_ + 1 - at);
  std::memcpy(data_.get() + at, bytes.data(), first);
  std::memcpy(data_.get(), bytes.data() + first, bytes.size() - first);
  commit(bytes.size());
  return true;
}

Ring::Readable Ring::readable() const noexcept {
  const std::size_t from = consumed_.load(std::memory_order_relaxed);
  const std::size_t size = published_.load(std::memory_order_acquire) - from;
  const std::size_t at = from & mask_;
  const std::size_t first = std::min(size, mask_ + 1 - at);
  return {{data_.get() + at, first}, {data_.get(), size - first}};
}

}  // namespace turnpike::observe
