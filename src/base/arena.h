// A bump allocator for what lives exactly as long as one exchange (principle 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace turnpike {

// Gives memory that is released all at once. Blocks come from a per-thread free list, so that in steady state
// an exchange allocates nothing from the heap. Not thread-safe; destructors of what it holds are not run,
// therefore only trivially destructible types may be made in it.
class Arena {
 public:
  static constexpr std::size_t kBlockSize = 4096;

  Arena() noexcept = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { reset(); }

  // Never null: running out of memory ends the process (std::bad_alloc).
  void* allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) {
    const std::size_t at = aligned(used_, align);
    if (head_ == nullptr || at + size > capacity_) return allocate_slow(size, align);
    used_ = at + size;
    return reinterpret_cast<char*>(head_) + at;
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "the arena runs no destructors");
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }

  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "the arena runs no destructors");
    T* first = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (first + i) T();
    return first;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // Joins the parts into one string of the arena.
  template <class... Parts>
  std::string_view concat(const Parts&... parts) {
    const std::size_t size = (std::string_view(parts).size() + ... + std::size_t{0});
    char* const first = static_cast<char*>(allocate(size, 1));
    char* at = first;
    (append(at, std::string_view(parts)), ...);
    return {first, size};
  }

  // Gives back what lies behind `end` in the newest allocation: for texts whose size shows while they are
  // written.
  void trim(const void* end) noexcept {
    used_ = reinterpret_cast<std::uintptr_t>(end) - reinterpret_cast<std::uintptr_t>(head_);
  }

  // Gives all memory back; what was allocated is gone.
  void reset() noexcept;

  // Bytes of blocks held now.
  std::size_t bytes_held() const noexcept { return held_; }

 private:
  struct Block {
    Block* next;
    std::size_t size;  // of the whole block
  };
  // The offset in the newest block, at or after `offset`, at which the address is aligned.
  std::size_t aligned(std::size_t offset, std::size_t align) const noexcept {
    const auto base = reinterpret_cast<std::uintptr_t>(head_);
    return ((base + offset + align - 1) & ~(align - 1)) - base;
  }
  static void append(char*& at, std::string_view part) noexcept {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  void* allocate_slow(std::size_t size, std::size_t align);

  Block* head_ = nullptr;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
  std::size_t held_ = 0;
};

}  // namespace turnpike
