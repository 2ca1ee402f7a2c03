#include "mux/stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/free_list.h"
#include "mux/connection.h"

namespace turnpike::mux {

using http::h2::ErrorCode;

// A piece of content that has arrived and waits to be read.
struct Stream::Block {
  Block* next;
  std::uint32_t size;  // of the whole block
  std::uint32_t begin;
  std::uint32_t end;

  static constexpr std::size_t kSmall = 2048;
  static constexpr std::size_t kLarge = std::size_t{16} * 1024;

  static Block* make(std::size_t content) {
    const std::size_t size = content + sizeof(Block) <= kSmall ? kSmall : kLarge;
    auto* block = static_cast<Block*>(free_list_allocate(size));
    *block = {nullptr, static_cast<std::uint32_t>(size), sizeof(Block), sizeof(Block)};
    return block;
  }
  static void release(Block* block) noexcept { free_list_release(block, block->size); }
  char* bytes() noexcept { return reinterpret_cast<char*>(this); }
};

Stream::Stream(Connection& connection) noexcept : connection_(connection), cut_code_(connection.cut_code()) {
  connection_.joined();
}

Stream::~Stream() {
  if (gone_ != nullptr) *gone_ = true;
  release_blocks();
  connection_.left(*this);
  if (id_ == 0) return;
  if (ended_out_ && (ended_in_ || connection_.is_server())) cut_code_ = ErrorCode::no_error;
  connection_.forget(id_, cut_code_);
}

io::Loop& Stream::loop() noexcept { return connection_.loop(); }

// --- reading

io::IoResult Stream::read(std::span<char> into) noexcept {
  std::size_t taken = 0;
  while (first_ != nullptr && taken < into.size()) {
    Block* const block = first_;
    const std::size_t n = std::min<std::size_t>(block->end - block->begin, into.size() - taken);
    std::memcpy(into.data() + taken, block->bytes() + block->begin, n);
    taken += n;
    block->begin += static_cast<std::uint32_t>(n);
    if (block->begin < block->end) break;
    first_ = block->next;
    if (first_ == nullptr) last_ = nullptr;
    Block::release(block);
  }
  if (taken > 0) {
    if (id_ != 0) connection_.consumed(id_, taken);
    return {taken, io::IoStatus::ok, 0};
  }
  if (first_ != nullptr || into.empty()) return {0, io::IoStatus::would_block, 0};
  if (ended_in_) return {0, io::IoStatus::eof, 0};
  if (reset_) return {0, io::IoStatus::error, ECONNRESET};
  return {0, io::IoStatus::would_block, 0};
}

void Stream::receive(std::string_view content, bool end) {
  while (!content.empty()) {
    if (last_ == nullptr || last_->end == last_->size) {
      Block* const block = Block::make(content.size());
      (last_ != nullptr ? last_->next : first_) = block;
      last_ = block;
    }
    const std::size_t n = std::min<std::size_t>(content.size(), last_->size - last_->end);
    std::memcpy(last_->bytes() + last_->end, content.data(), n);
    last_->end += static_cast<std::uint32_t>(n);
    content.remove_prefix(n);
  }
  if (end) ended_in_ = true;
}

void Stream::release_blocks() noexcept {
  while (first_ != nullptr) Block::release(std::exchange(first_, first_->next));
  last_ = nullptr;
}

// --- writing

io::IoResult Stream::write(std::span<const iovec> from) noexcept {
  if (id_ == 0 || ended_out_) return {0, io::IoStatus::error, EPIPE};
  std::size_t asked = 0;
  for (const iovec& part : from) asked += part.iov_len;
  if (asked == 0) return {0, io::IoStatus::ok, 0};
  const bool last = ending_ && asked >= left_;
  const std::size_t n = connection_.send_data(id_, from, last && trailers_out_ == nullptr);
  if (n < asked) writable_ = false;
  if (ending_) {
    left_ -= std::min(n, left_);
    if (last && n == asked) finish_output();
  }
  return {n, n > 0 ? io::IoStatus::ok : io::IoStatus::would_block, 0};
}

void Stream::end_after(std::size_t bytes, const http::Fields& trailers) {
  if (id_ == 0 || ended_out_ || ending_) return;
  ending_ = true;
  left_ = bytes;
  trailers_out_ = trailers.empty() ? nullptr : &trailers;
  if (left_ > 0) return;
  if (trailers_out_ == nullptr) connection_.send_data(id_, {}, true);
  finish_output();
}

// All content is on its way.
void Stream::finish_output() {
  ended_out_ = true;
  if (trailers_out_ != nullptr) connection_.send_trailers(id_, *trailers_out_);
}

// --- heads

bool Stream::send_request(const http::RequestHead& head, bool end_stream, Arena& arena) {
  arena_ = &arena;
  id_ = connection_.open(head, end_stream, *this);
  ended_out_ = end_stream;
  return id_ != 0;
}

void Stream::send_head(const http::ResponseHead& head, bool end_stream) {
  if (id_ == 0 || ended_out_) return;
  connection_.send_response(id_, head, end_stream);
  if (end_stream) ended_out_ = true;
}

void Stream::receive_head(http::ResponseHead&& head, bool end) {
  if (end) ended_in_ = true;
  Head* const made = arena_->make<Head>(Head{std::move(head), nullptr});
  Head** place = &heads_;
  while (*place != nullptr) place = &(*place)->next;
  *place = made;
  if (++heads_seen_ > kMostHeads) abort();
}

bool Stream::take_head(http::ResponseHead& out) noexcept {
  if (heads_ == nullptr) return false;
  out = std::move(heads_->head);
  heads_ = heads_->next;
  return true;
}

// --- ends

void Stream::reset_with(ErrorCode code, bool by_peer) noexcept {
  id_ = 0;
  reset_ = true;
  reset_code_ = code;
  reset_by_peer_ = by_peer;
}

void Stream::abort() noexcept {
  if (id_ != 0) connection_.forget(std::exchange(id_, 0), cut_code_);
  reset_ = true;
  connection_.wake_later(*this);
}

bool Stream::ready(io::Direction direction) const noexcept {
  if (reset_) return true;
  if (direction == io::Direction::read) return first_ != nullptr || ended_in_ || heads_ != nullptr;
  return writable_ || ended_out_;
}

void Stream::wake(io::Direction direction, io::Wait result) {
  io::Waiter*& waiter = direction == io::Direction::read ? read_waiter_ : write_waiter_;
  bool* const gone = gone_;
  while (waiter != nullptr && (cancelled_ || ready(direction))) {
    waiter->finish(result);
    if (*gone) return;
  }
}

void Stream::wake() {
  bool gone = false;
  bool* const outer = std::exchange(gone_, &gone);
  wake(io::Direction::read, cancelled_ ? io::Wait::cancelled : io::Wait::ready);
  if (!gone) wake(io::Direction::write, cancelled_ ? io::Wait::cancelled : io::Wait::ready);
  if (!gone && reset_ && hangup_ != nullptr) std::exchange(hangup_, nullptr)->on_hangup();
  if (!gone) {
    gone_ = outer;
  } else if (outer != nullptr) {
    *outer = true;
  }
}

void Stream::cancel() noexcept {
  if (cancelled_) return;
  cancelled_ = true;
  wake();
}

}  // namespace turnpike::mux
