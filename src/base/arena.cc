#include "base/arena.h"

#include "base/free_list.h"

namespace turnpike {

void* Arena::allocate_slow(std::size_t size, std::size_t align) {
  const std::size_t need = sizeof(Block) + size + align;
  const std::size_t block_size = need > kBlockSize ? need : kBlockSize;
  auto* block = static_cast<Block*>(free_list_allocate(block_size));
  block->next = head_;
  block->size = block_size;
  head_ = block;
  held_ += block_size;
  capacity_ = block_size;
  used_ = sizeof(Block);
  const std::size_t at = aligned(used_, align);
  used_ = at + size;
  return reinterpret_cast<char*>(block) + at;
}

void Arena::reset() noexcept {
  while (head_ != nullptr) {
    Block* next = head_->next;
    free_list_release(head_, head_->size);
    head_ = next;
  }
  used_ = capacity_ = held_ = 0;
}

}  // namespace turnpike
