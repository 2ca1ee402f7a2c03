// Coroutines for life cycles (principle 4): serve a connection, run an exchange, relay a body.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/free_list.h"

namespace turnpike::io {

template <class T>
class Task;

namespace detail {

struct PromiseBase {
  // Frames are recycled per thread: no allocation in steady state.
  static void* operator new(std::size_t size) { return free_list_allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_list_release(frame, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  // Errors are values; an exception that reaches a coroutine is a bug.
  [[noreturn]] void unhandled_exception() noexcept { std::abort(); }

  std::coroutine_handle<> continuation = std::noop_coroutine();
};

template <class T>
struct Promise : PromiseBase {
  Task<T> get_return_object() noexcept;
  template <class U = T>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() { return std::move(*value); }
  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace detail

// A lazily started coroutine that is awaited exactly once, by its owner. The frame dies with the Task; a Task
// that is suspended in I/O must not be destroyed: its owner cancels the stream it waits on and awaits it.
// Arguments by reference must outlive the task; never make a coroutine of a lambda with captures.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

// A root: starts at once, frees itself at its end.
struct Root {
  struct promise_type {
    static void* operator new(std::size_t size) { return free_list_allocate(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_list_release(frame, size); }
    Root get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::abort(); }
  };
};
inline Root run_root(Task<void> task) { co_await std::move(task); }
}  // namespace detail

// Runs the task on its own, from now to its first suspension at once. Whatever it refers to must outlive it.
inline void spawn(Task<void> task) { detail::run_root(std::move(task)); }

// One task waits for another's signal, on the same thread. notify() may come before the wait.
class Event {
 public:
  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool is_set() const noexcept { return set_; }
  void reset() noexcept { set_ = false; }
  void notify() {
    set_ = true;
    if (waiting_) std::exchange(waiting_, nullptr).resume();
  }
  bool await_ready() const noexcept { return set_; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiting_ = handle; }
  void await_resume() noexcept {}

 private:
  std::coroutine_handle<> waiting_ = nullptr;
  bool set_ = false;
};

}  // namespace turnpike::io
