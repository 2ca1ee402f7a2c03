#include "http/h2/output.h"

#include <algorithm>
#include <cstring>

#include "base/free_list.h"

namespace turnpike::http::h2 {

char* Output::reserve(std::size_t room) {
  if (last_ == nullptr || last_->capacity - last_->end < room) add_block(room);
  return last_->data() + last_->end;
}

void Output::commit(std::size_t bytes) noexcept {
  last_->end += static_cast<std::uint32_t>(bytes);
  size_ += bytes;
}

void Output::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->end == last_->capacity) add_block(1);
    const std::size_t count = std::min<std::size_t>(bytes.size(), last_->capacity - last_->end);
    std::memcpy(last_->data() + last_->end, bytes.data(), count);
    commit(count);
    bytes.remove_prefix(count);
  }
}

std::span<const iovec> Output::front() noexcept {
  if (first_ == nullptr) return {};
  std::size_t count = 0;
  for (Block* block = first_; block != nullptr && count < kGather; block = block->next) {
    if (block->begin == block->end) continue;
    first_->gather[count++] = {block->data() + block->begin, block->end - block->begin};
  }
  return {first_->gather, count};
}

void Output::drop(std::size_t bytes) noexcept {
  size_ -= bytes;
  while (first_ != nullptr) {
    const std::size_t count = std::min<std::size_t>(bytes, first_->end - first_->begin);
    first_->begin += static_cast<std::uint32_t>(count);
    bytes -= count;
    if (first_->begin != first_->end) return;
    drop_block();
  }
}

void Output::clear() noexcept {
  while (first_ != nullptr) drop_block();
  size_ = 0;
}

void Output::add_block(std::size_t room) {
  const std::size_t bytes = std::max(sizeof(Block) + room, first_ == nullptr ? kFirstBlock : kNextBlock);
  auto* const block = static_cast<Block*>(free_list_allocate(bytes));
  block->next = nullptr;
  block->begin = block->end = 0;
  block->capacity = static_cast<std::uint32_t>(bytes - sizeof(Block));
  (first_ == nullptr ? first_ : last_->next) = block;
  last_ = block;
  held_ += bytes;
}

void Output::drop_block() noexcept {
  Block* const block = first_;
  first_ = block->next;
  if (first_ == nullptr) last_ = nullptr;
  held_ -= block->bytes();
  free_list_release(block, block->bytes());
}

}  // namespace turnpike::http::h2
