// What waits to be written: a queue of bytes in blocks from the free list. Empty, it holds no memory.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace turnpike::http::h2 {

class Output {
 public:
  static constexpr std::size_t kGather = 8;

  Output() noexcept = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { clear(); }

  std::size_t size() const noexcept { return size_; }
  // `room` bytes in one piece; commit() says how many of them were used. Nothing else in between.
  char* reserve(std::size_t room);
  void commit(std::size_t bytes) noexcept;
  void append(std::string_view bytes);
  // The front of the queue, at most kGather pieces; valid until the next call.
  std::span<const iovec> front() noexcept;
  // Drops the first `bytes` (at most size()).
  void drop(std::size_t bytes) noexcept;
  void clear() noexcept;
  std::size_t bytes_held() const noexcept { return held_; }

 private:
  struct Block {
    Block* next;
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t capacity;  // of data()
    iovec gather[kGather];   // for front(), in the first block
    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    std::size_t bytes() const noexcept { return sizeof(Block) + capacity; }
  };
  // One small response fits into the first block; more of them are made for content.
  static constexpr std::size_t kFirstBlock = 4096;
  static constexpr std::size_t kNextBlock = 16 * 1024;
  void add_block(std::size_t room);
  void drop_block() noexcept;

  Block* first_ = nullptr;
  Block* last_ = nullptr;
  std::size_t size_ = 0;
  std::size_t held_ = 0;
};

}  // namespace turnpike::http::h2
