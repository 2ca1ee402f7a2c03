#include "io/pipe.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace turnpike::io {
namespace {

class PipeEnd;

// Both directions and both ends; lives until both ends and the last notification are gone.
struct Shared {
  struct Channel {
    std::string bytes;
    std::size_t at = 0;  // read so far
    bool finished = false;
    std::size_t size() const noexcept { return bytes.size() - at; }
  };
  Shared(Loop& l, PipeOptions o) noexcept : loop(l), options(o) {}

  Loop& loop;
  PipeOptions options;
  std::array<Channel, 2> channels;  // [i]: written by end i
  std::array<PipeEnd*, 2> ends{};
  bool reset = false;
  bool notified = false;
};

void notify(const std::shared_ptr<Shared>& shared);

class PipeEnd final : public Stream {
 public:
  PipeEnd(std::shared_ptr<Shared> shared, std::size_t index) noexcept
      : shared_(std::move(shared)), index_(index) {
    shared_->ends[index_] = this;
  }
  ~PipeEnd() override {
    shared_->ends[index_] = nullptr;
    out().finished = true;
    notify(shared_);
  }

  IoResult read(std::span<char> into) noexcept override {
    if (shared_->reset) return {0, IoStatus::error, ECONNRESET};
    if (in().size() == 0) return {0, in().finished ? IoStatus::eof : IoStatus::would_block, 0};
    const std::size_t n = std::min({into.size(), in().size(), shared_->options.most_per_call});
    if (n == 0) return {0, IoStatus::would_block, 0};
    std::memcpy(into.data(), in().bytes.data() + in().at, n);
    in().at += n;
    if (in().size() == 0 || in().at > shared_->options.capacity) {
      in().bytes.erase(0, in().at);
      in().at = 0;
    }
    notify(shared_);
    return {n, IoStatus::ok, 0};
  }

  IoResult write(std::span<const iovec> from) noexcept override {
    if (shared_->reset) return {0, IoStatus::error, ECONNRESET};
    if (shared_->ends[1 - index_] == nullptr || out().finished) return {0, IoStatus::error, EPIPE};
    std::size_t room = std::min(this->room(), shared_->options.most_per_call);
    std::size_t written = 0;
    std::size_t asked = 0;
    for (const iovec& part : from) {
      const std::size_t n = std::min(part.iov_len, room);
      out().bytes.append(static_cast<const char*>(part.iov_base), n);
      room -= n;
      written += n;
      asked += part.iov_len;
    }
    if (written > 0) notify(shared_);
    return {written, written > 0 || asked == 0 ? IoStatus::ok : IoStatus::would_block, 0};
  }
  using Stream::write;

  void cancel() noexcept override {
    if (cancelled_) return;
    cancelled_ = true;
    // The shared state tells whether what is resumed here destroys this end.
    const std::shared_ptr<Shared> shared = shared_;
    const std::size_t index = index_;
    while (shared->ends[index] == this && read_waiter_ != nullptr) read_waiter_->finish(Wait::cancelled);
    while (shared->ends[index] == this && write_waiter_ != nullptr) write_waiter_->finish(Wait::cancelled);
  }
  bool cancelled() const noexcept override { return cancelled_; }

  void shutdown_write() noexcept override {
    out().finished = true;
    notify(shared_);
  }
  void abort() noexcept override {
    shared_->reset = true;
    notify(shared_);
    cancel();
  }

  bool peer_closed() const noexcept override { return shared_->reset || in().finished; }
  void set_hangup_listener(HangupListener* listener) noexcept override { hangup_ = listener; }
  bool ready(Direction direction) const noexcept override {
    if (shared_->reset) return true;
    if (direction == Direction::read) return in().size() > 0 || in().finished;
    return room() > 0 || out().finished || shared_->ends[1 - index_] == nullptr;
  }
  void set_waiter(Direction direction, Waiter* waiter) noexcept override {
    (direction == Direction::read ? read_waiter_ : write_waiter_) = waiter;
    // It may have become ready between two notifications.
    if (waiter != nullptr && ready(direction)) notify(shared_);
  }
  Loop& loop() noexcept override { return shared_->loop; }

  // What happens at a notification, one step at a time: each may destroy the end.
  bool wake(Direction direction) {
    Waiter* waiter = direction == Direction::read ? read_waiter_ : write_waiter_;
    if (waiter == nullptr || !ready(direction)) return false;
    waiter->finish(Wait::ready);
    return true;
  }
  void tell_hangup() {
    if (peer_closed() && hangup_ != nullptr) std::exchange(hangup_, nullptr)->on_hangup();
  }

 private:
  Shared::Channel& in() const noexcept { return shared_->channels[1 - index_]; }
  Shared::Channel& out() const noexcept { return shared_->channels[index_]; }
  std::size_t room() const noexcept {
    const std::size_t used = shared_->channels[index_].size();
    return used < shared_->options.capacity ? shared_->options.capacity - used : 0;
  }

  std::shared_ptr<Shared> shared_;
  std::size_t index_;
  bool cancelled_ = false;
  Waiter* read_waiter_ = nullptr;
  Waiter* write_waiter_ = nullptr;
  HangupListener* hangup_ = nullptr;
};

// Wakes whoever waits from the loop, as a socket would, and never from within the other end's read or write.
void notify(const std::shared_ptr<Shared>& shared) {
  if (shared->notified) return;
  shared->notified = true;
  shared->loop.post([shared] {
    shared->notified = false;
    for (PipeEnd* const& end : shared->ends) {
      while (end != nullptr && end->wake(Direction::read)) {
      }
      while (end != nullptr && end->wake(Direction::write)) {
      }
      if (end != nullptr) end->tell_hangup();
    }
  });
}

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_pipe(Loop& loop, PipeOptions options) {
  auto shared = std::make_shared<Shared>(loop, options);
  return {std::make_unique<PipeEnd>(shared, 0), std::make_unique<PipeEnd>(shared, 1)};
}

}  // namespace turnpike::io
