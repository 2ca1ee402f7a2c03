#include "io/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace turnpike::io {
namespace {
constexpr int kMostEvents = 256;
TimePoint read_clock() noexcept { return std::chrono::steady_clock::now(); }
}  // namespace

struct Loop::Pending {
  std::array<epoll_event, kMostEvents> events;
  int count = 0;
  int at = 0;
};

Loop::Loop() : now_(read_clock()), timers_(now_) {
  chores_.next_ = chores_.previous_ = &chores_;
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || wake_ < 0) throw std::runtime_error(std::string("event loop: ") + std::strerror(errno));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the mailbox
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

Loop::~Loop() {
  while (chores_.next_ != &chores_) chores_.next_->withdraw();
  chores_.next_ = chores_.previous_ = nullptr;
  ::close(wake_);
  ::close(epoll_);
}

TimePoint Loop::refresh_now() noexcept {
  if (!virtual_time_) now_ = read_clock();
  return now_;
}

void Loop::advance(Duration by) {
  // Tick by tick, so that what a timer arms fires in its turn.
  const TimePoint to = now_ + by;
  while (now_ < to) {
    now_ = now_ + TimerWheel::kTick < to ? now_ + TimerWheel::kTick : to;
    turn(now_);
  }
}

bool Loop::add(int fd, Source& source, bool level_triggered_read) noexcept {
  epoll_event event{};
  event.events = level_triggered_read
                     ? static_cast<std::uint32_t>(EPOLLIN)
                     : (EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET));
  event.data.ptr = &source;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::remove(int fd, Source& source) noexcept {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  if (pending_ == nullptr) return;
  for (int i = pending_->at; i < pending_->count; ++i) {
    epoll_event& event = pending_->events[static_cast<std::size_t>(i)];
    if (event.data.ptr == &source) event.events = 0;
  }
}

void Loop::stop() noexcept {
  stopped_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(wake_, &one, sizeof one);
}

void Loop::post(std::function<void()> f) {
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(f));
    if (posted_.size() > 1) return;  // the one before has woken the loop
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(wake_, &one, sizeof one);
}

void Loop::run_posted() {
  std::vector<std::function<void()>> now;
  {
    const std::scoped_lock lock(mutex_);
    now.swap(posted_);
  }
  for (auto& f : now) f();
}

void Loop::run_deferred() {
  // Only those of before: one that yields again waits for the next turn.
  for (std::size_t n = deferred_.size(); n > 0; --n) {
    const std::coroutine_handle<> handle = deferred_.front();
    deferred_.pop_front();
    handle.resume();
  }
}

void Loop::run_chores() {
  if (chores_.next_ == &chores_) return;
  // Only those of before: their place moves into a list of its own.
  Chore now;
  now.next_ = chores_.next_;
  now.previous_ = chores_.previous_;
  now.next_->previous_ = now.previous_->next_ = &now;
  chores_.next_ = chores_.previous_ = &chores_;
  while (now.next_ != &now) {
    Chore& chore = *now.next_;
    chore.withdraw();
    chore.on_turn_end();
  }
  now.next_ = now.previous_ = nullptr;
}

void Loop::turn(TimePoint until) {
  const TimePoint due = timers_.next_due();
  if (due < until) until = due;
  int timeout = -1;
  if (!deferred_.empty() || chores_.next_ != &chores_ || until <= now_) {
    timeout = 0;
  } else if (until != kNever) {
    // Anew: what the last turn did took time, and the wait must not add it to a timer's.
    const Duration left =
        std::clamp<Duration>(until - refresh_now(), Duration::zero(), std::chrono::hours(1));
    timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }
  Pending pending;
  pending.count = ::epoll_wait(epoll_, pending.events.data(), kMostEvents, virtual_time_ ? 0 : timeout);
  refresh_now();
  ++turns_;
  pending_ = &pending;
  bool mail = false;
  for (pending.at = 0; pending.at < pending.count;) {
    const epoll_event event = pending.events[static_cast<std::size_t>(pending.at++)];
    if (event.events == 0) continue;  // removed meanwhile
    if (event.data.ptr == nullptr) {
      std::uint64_t drained = 0;
      [[maybe_unused]] auto n = ::read(wake_, &drained, sizeof drained);
      mail = true;
      continue;
    }
    std::uint32_t ready = 0;
    if (event.events & EPOLLIN) ready |= kReadable;
    if (event.events & EPOLLOUT) ready |= kWritable;
    if (event.events & EPOLLRDHUP) ready |= kPeerClosed | kReadable;
    if (event.events & (EPOLLHUP | EPOLLERR)) ready |= kHungUp | kReadable | kWritable;
    static_cast<Source*>(event.data.ptr)->on_ready(ready);
  }
  pending_ = nullptr;
  timers_.advance(now_);
  if (mail) run_posted();
  run_deferred();
  run_chores();
}

void Loop::run() {
  while (!stopped_.load(std::memory_order_acquire)) turn(kNever);
  run_posted();
}

}  // namespace turnpike::io
