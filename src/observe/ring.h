// A bounded queue of bytes from one thread to another, without locks: for lines of the access log.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace turnpike::observe {

// One producer, one consumer. What the producer commits in one piece the consumer sees in one piece or not at
// all.
class Ring {
 public:
  // The capacity is rounded up to a power of two.
  explicit Ring(std::size_t capacity);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // --- producer ---
  // Room for `size` bytes that lie together; null if they would lie across the end or if there is no room at
  // all (full() tells which).
  char* reserve(std::size_t size) noexcept {
    if (free_room(size) < size) return nullptr;
    const std::size_t at = head_ & mask_;
    return at + size <= mask_ + 1 ? data_.get() + at : nullptr;
  }
  bool full(std::size_t size) noexcept { return free_room(size) < size; }
  // Hands over the first `size` bytes of what reserve() gave.
  void commit(std::size_t size) noexcept {
    head_ += size;
    published_.store(head_, std::memory_order_release);
  }
  // Copies and hands over; false if there is no room.
  bool push(std::string_view bytes) noexcept;

  // --- consumer ---
  // What can be read now, in order: the second part is empty unless it wraps around.
  struct Readable {
    std::string_view first, second;
    std::size_t size() const noexcept { return first.size() + second.size(); }
  };
  Readable readable() const noexcept;
  void consume(std::size_t size) noexcept {
    consumed_.store(consumed_.load(std::memory_order_relaxed) + size, std::memory_order_release);
  }

 private:
  std::size_t free_room(std::size_t wanted) noexcept {
    std::size_t room = mask_ + 1 - (head_ - tail_seen_);
    if (room < wanted) {
      tail_seen_ = consumed_.load(std::memory_order_acquire);
      room = mask_ + 1 - (head_ - tail_seen_);
    }
    return room;
  }

  struct Free {
    void operator()(char* p) const noexcept;
  };
  // Written by the producer, then by the consumer: each on its own cache line.
  alignas(64) std::atomic<std::size_t> published_{0};
  std::size_t mask_;
  std::unique_ptr<char, Free> data_;
  std::size_t head_ = 0;
  std::size_t tail_seen_ = 0;
  alignas(64) std::atomic<std::size_t> consumed_{0};
};

}  // namespace turnpike::observe
