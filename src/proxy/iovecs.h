// A short list of byte ranges for one gathered write. Lies in the exchange, not in a coroutine's frame.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string_view>

namespace turnpike::proxy {

class Iovecs {
 public:
  static constexpr unsigned kMost = 32;

  bool empty() const noexcept { return first_ == count_; }
  unsigned room() const noexcept { return kMost - count_; }
  std::size_t bytes() const noexcept { return bytes_; }
  std::span<const iovec> span() const noexcept { return {list_ + first_, count_ - first_}; }

  void add(std::string_view text) noexcept {
    if (text.empty() || count_ == kMost) return;
    list_[count_++] = {const_cast<char*>(text.data()), text.size()};
    bytes_ += text.size();
  }
  // Keeps a place whose text is known only later (a chunk's size line).
  unsigned reserve() noexcept {
    list_[count_] = {nullptr, 0};
    return count_++;
  }
  void set(unsigned place, std::string_view text) noexcept {
    list_[place] = {const_cast<char*>(text.data()), text.size()};
    bytes_ += text.size();
  }
  // `written` bytes from the front are done.
  void advance(std::size_t written) noexcept {
    bytes_ -= written;
    while (first_ < count_ && written >= list_[first_].iov_len) written -= list_[first_++].iov_len;
    if (written > 0) {
      list_[first_].iov_base = static_cast<char*>(list_[first_].iov_base) + written;
      list_[first_].iov_len -= written;
    }
    if (first_ == count_) clear();
  }
  void clear() noexcept {
    first_ = count_ = 0;
    bytes_ = 0;
  }

 private:
  iovec list_[kMost];
  unsigned first_ = 0;
  unsigned count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace turnpike::proxy
