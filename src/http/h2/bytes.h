// A growing buffer for what comes in pieces; memory is the free list's, and none while it is empty.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/free_list.h"

namespace turnpike::http::h2 {

class Bytes {
 public:
  Bytes() noexcept = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { clear(); }

  std::size_t size() const noexcept { return size_; }
  std::string_view view() const noexcept { return {data_, size_}; }
  std::size_t bytes_held() const noexcept { return capacity_; }

  // Room for so many bytes altogether.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    char* const data = static_cast<char*>(free_list_allocate(capacity));
    if (size_ > 0) std::memcpy(data, data_, size_);
    if (data_ != nullptr) free_list_release(data_, capacity_);
    data_ = data;
    capacity_ = capacity;
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (size_ + bytes.size() > capacity_) reserve((size_ + bytes.size()) * 2);
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void clear() noexcept {
    if (data_ != nullptr) free_list_release(data_, capacity_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace turnpike::http::h2
