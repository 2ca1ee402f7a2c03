// A request that waits for a connection, and a connect under way. Private to pool*.cc.
#pragma once

#include <coroutine>
#include <utility>

#include "upstream/multiplexed.h"
#include "upstream/pool.h"

namespace turnpike::upstream {

// Lies in the frame of Pool::open() and in the pool's queue until it is granted a connection or fails.
class Pool::Waiting final : public io::Timer, public OpenCancel::Target {
 public:
  Waiting(Pool& pool, TimePoint deadline) noexcept : pool_(pool), deadline_(deadline) {}

  // `connection` counts as leased already.
  void grant(Connection& connection) noexcept {
    result_ = Lease(&connection);
    end();
  }
  void grant(Lease&& lease) noexcept {
    result_ = std::move(lease);
    end();
  }
  void fail(const Error& error) noexcept {
    result_ = std::unexpected(error);
    end();
  }
  void cancel() noexcept override;

  bool await_ready() const noexcept { return done_; }
  void await_suspend(std::coroutine_handle<> handle) noexcept;
  Result<Lease> await_resume() noexcept { return std::move(result_); }

  Waiting* next = nullptr;
  Waiting* previous = nullptr;

 private:
  void on_timer() override;
  void end() noexcept;

  Pool& pool_;
  const TimePoint deadline_;
  std::coroutine_handle<> handle_;
  Result<Lease> result_;
  bool done_ = false;
};

// A connect under way, linked so that close() finds it. Lies in the frame of connect_one().
struct Pool::Connecting {
  explicit Connecting(Pool& p) noexcept : pool(p), next(p.connects_) {
    if (next != nullptr) next->previous = this;
    pool.connects_ = this;
    ++pool.connecting_;
  }
  ~Connecting() {
    (previous != nullptr ? previous->next : pool.connects_) = next;
    if (next != nullptr) next->previous = previous;
    --pool.connecting_;
  }
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;

  Pool& pool;
  Connecting* next;
  Connecting* previous = nullptr;
  Dial dial;
  MultiplexedConnection::Settling* settling = nullptr;
};

}  // namespace turnpike::upstream
