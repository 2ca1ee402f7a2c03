// A worker's event loop: readiness (epoll, edge-triggered), timers, and a mailbox for other threads.
// docs/decisions/0002-own-epoll-loop.md says why it is not Asio.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "base/time.h"
#include "io/timer.h"

namespace turnpike::io {

// What the kernel said about a descriptor (a set of bits).
enum Ready : std::uint32_t {
  kReadable = 1,
  kWritable = 2,
  kPeerClosed = 4,  // the peer has sent its FIN
  kHungUp = 8,      // both directions are gone, or an error is pending
};

// Whatever owns a descriptor in the loop.
class Source {
 public:
  // Called from the loop with bits of Ready. May destroy any source, itself too.
  virtual void on_ready(std::uint32_t ready) = 0;

 protected:
  ~Source() = default;
};

// What is put off to the end of a turn, so that it is done once for all that the turn brings: writing what
// many streams have left in one buffer. Lies inside its owner; withdraws itself when destroyed.
class Chore {
 public:
  Chore() noexcept = default;
  Chore(const Chore&) = delete;
  Chore& operator=(const Chore&) = delete;
  virtual ~Chore() { withdraw(); }

  bool queued() const noexcept { return next_ != nullptr; }
  void withdraw() noexcept {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 protected:
  // Called once, withdrawn already. May queue itself again (for the next turn) or destroy itself.
  virtual void on_turn_end() {}

 private:
  friend class Loop;
  Chore* next_ = nullptr;
  Chore* previous_ = nullptr;
};

class Loop {
 public:
  // One per thread; everything but post() and stop() must be called on the thread that runs it.
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Runs until stop(). What was posted before stop() is still run.
  void run();
  // One turn: waits for readiness at most until `until`, then handles what there is. For tests and for run().
  void turn(TimePoint until);
  // From any thread or a signal-safe context of ours.
  void stop() noexcept;
  // From any thread: run f on the loop's thread, soon.
  void post(std::function<void()> f);

  // The time at the start of this turn.
  TimePoint now() const noexcept { return now_; }
  // Reads the clock anew: after something that took long.
  TimePoint refresh_now() noexcept;
  // For tests: time stands still and moves only by advance(), tick by tick; what becomes ready at each is
  // handled (principle 12).
  void use_virtual_time() noexcept { virtual_time_ = true; }
  void advance(Duration by);

  TimerWheel& timers() noexcept { return timers_; }

  // Registers a descriptor, edge-triggered for reading and writing (or level-triggered for reading:
  // listeners). False when the kernel refuses (limits); errno says why.
  bool add(int fd, Source& source, bool level_triggered_read = false) noexcept;
  // Must be called before the descriptor is closed or the source dies: no event of this turn reaches it
  // afterwards.
  void remove(int fd, Source& source) noexcept;

  // co_await loop.yield(): lets everything else that is ready go first. For relay loops that never wait.
  auto yield() noexcept {
    struct Awaiter {
      Loop& loop;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> h) { loop.deferred_.push_back(h); }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }
  // Calls the chore behind everything else of this turn (of the next one, when called by a chore).
  void at_turn_end(Chore& chore) noexcept {
    if (chore.queued()) return;
    chore.next_ = &chores_;
    chore.previous_ = chores_.previous_;
    chores_.previous_->next_ = &chore;
    chores_.previous_ = &chore;
  }
  // co_await loop.sleep_until(t).
  auto sleep_until(TimePoint when) noexcept {
    struct Awaiter final : Timer {
      Loop& loop;
      TimePoint when;
      std::coroutine_handle<> handle;
      Awaiter(Loop& l, TimePoint w) noexcept : loop(l), when(w) {}
      bool await_ready() const noexcept { return when <= loop.now(); }
      void await_suspend(std::coroutine_handle<> h) {
        handle = h;
        loop.timers().arm(*this, when);
      }
      void await_resume() const noexcept {}
      void on_timer() override { handle.resume(); }
    };
    return Awaiter(*this, when);
  }

  // Turns since the start, and the longest time between two of them: a stuck worker shows here.
  std::uint64_t turns() const noexcept { return turns_; }

 private:
  void run_posted();
  void run_deferred();
  void run_chores();

  int epoll_ = -1;
  int wake_ = -1;  // eventfd
  std::atomic<bool> stopped_{false};
  bool virtual_time_ = false;
  TimePoint now_;
  TimerWheel timers_;
  std::uint64_t turns_ = 0;
  std::deque<std::coroutine_handle<>> deferred_;
  Chore chores_;  // head of a circular list

  struct Pending;  // events of this turn that are not handled yet
  Pending* pending_ = nullptr;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace turnpike::io
