// A block of bytes from the worker's free list, filled at one end and consumed at the other. Holds no memory
// while it is released: an idle connection costs none (principle 4).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/free_list.h"

namespace turnpike::proxy {

class Buffer {
 public:
  static constexpr std::size_t kSize = 16 * 1024;   // for heads
  static constexpr std::size_t kLarge = 64 * 1024;  // for bodies that are longer

  Buffer() noexcept = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }

  bool allocated() const noexcept { return data_ != nullptr; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t size() const noexcept { return end_ - begin_; }
  std::size_t capacity() const noexcept { return capacity_; }
  // What was filled and not yet consumed.
  std::string_view view() const noexcept { return {data_ + begin_, size()}; }
  // Where the next bytes go.
  std::span<char> room() noexcept { return {data_ + end_, capacity_ - end_}; }
  void filled(std::size_t count) noexcept { end_ += static_cast<std::uint32_t>(count); }
  void consume(std::size_t count) noexcept {
    begin_ += static_cast<std::uint32_t>(count);
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // The last bytes that were filled, to be changed in place; and so many of them dropped.
  std::span<char> last(std::size_t count) noexcept { return {data_ + end_ - count, count}; }
  void drop_last(std::size_t count) noexcept {
    end_ -= static_cast<std::uint32_t>(count);
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Like consume, but leaves the position: views of what was consumed stay valid while more is filled.
  void pass(std::size_t count) noexcept { begin_ += static_cast<std::uint32_t>(count); }
  void clear() noexcept { begin_ = end_ = 0; }

  void allocate(std::size_t size = kSize) {
    if (data_ != nullptr) return;
    data_ = static_cast<char*>(free_list_allocate(size));
    capacity_ = static_cast<std::uint32_t>(size);
    begin_ = end_ = 0;
  }
  // Moves what is there to the front: views into it become invalid.
  void compact() noexcept {
    if (begin_ == 0) return;
    std::memmove(data_, data_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  // A larger block with the same content: views become invalid.
  void grow(std::size_t size) {
    if (size <= capacity_) return compact();
    char* to = static_cast<char*>(free_list_allocate(size));
    const std::size_t count = this->size();
    if (count > 0) std::memcpy(to, data_ + begin_, count);
    if (data_ != nullptr) free_list_release(data_, capacity_);
    data_ = to;
    capacity_ = static_cast<std::uint32_t>(size);
    begin_ = 0;
    end_ = static_cast<std::uint32_t>(count);
  }
  void release() noexcept {
    if (data_ != nullptr) free_list_release(data_, capacity_);
    data_ = nullptr;
    capacity_ = begin_ = end_ = 0;
  }
  // Rewinds to an earlier position, to read the same bytes again (a retry); `position` came from mark().
  std::uint32_t mark() const noexcept { return begin_; }
  void rewind(std::uint32_t position) noexcept { begin_ = position; }
  // Copies into the room; `bytes` must fit.
  void append(std::string_view bytes) noexcept {
    if (!bytes.empty()) std::memcpy(data_ + end_, bytes.data(), bytes.size());
    filled(bytes.size());
  }

 private:
  char* data_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace turnpike::proxy
