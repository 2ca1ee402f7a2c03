// Who takes part, and how to send each a message: the only way in which threads of this folder talk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "io/loop.h"

namespace turnpike::upstream {

class Registry;
class WorkerClusters;

// Shared by all; any thread may call any method. A message to somebody who has left, or leaves before it is
// read, is dropped.
class Mailboxes {
 public:
  explicit Mailboxes(unsigned workers) : workers_(workers) {}
  Mailboxes(const Mailboxes&) = delete;
  Mailboxes& operator=(const Mailboxes&) = delete;

  unsigned workers() const noexcept { return static_cast<unsigned>(workers_.size()); }

  // Takes the first free place, below workers(). Throws std::logic_error when there is none.
  unsigned attach(io::Loop& loop, WorkerClusters& worker);
  void detach(unsigned index) noexcept;
  void attach_control(io::Loop& loop, Registry& registry);
  void detach_control() noexcept;

  // False when nobody has that place.
  bool post(unsigned worker, std::function<void(WorkerClusters&)> message);
  // To all workers but `except`.
  void post_all(const std::function<void(WorkerClusters&)>& message, unsigned except = UINT32_MAX);
  bool post_control(std::function<void(Registry&)> message);

 private:
  template <class T>
  struct Box {
    io::Loop* loop = nullptr;
    std::shared_ptr<T*> owner;  // emptied when the owner leaves: messages under way find null
  };
  template <class T>
  static bool send(Box<T>& box, std::function<void(T&)> message);

  std::mutex mutex_;
  std::vector<Box<WorkerClusters>> workers_;
  Box<Registry> control_;
};

}  // namespace turnpike::upstream
