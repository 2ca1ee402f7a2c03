#include "upstream/mailboxes.h"

#include <stdexcept>
#include <utility>

namespace turnpike::upstream {

template <class T>
bool Mailboxes::send(Box<T>& box, std::function<void(T&)> message) {
  if (!box.owner) return false;
  box.loop->post([owner = box.owner, message = std::move(message)] {
    if (*owner != nullptr) message(**owner);
  });
  return true;
}

unsigned Mailboxes::attach(io::Loop& loop, WorkerClusters& worker) {
  const std::scoped_lock lock(mutex_);
  for (unsigned i = 0; i < workers_.size(); ++i) {
    if (workers_[i].owner) continue;
    workers_[i] = {&loop, std::make_shared<WorkerClusters*>(&worker)};
    return i;
  }
  throw std::logic_error("upstream: more workers than the registry was made for");
}

void Mailboxes::detach(unsigned index) noexcept {
  const std::scoped_lock lock(mutex_);
  *workers_[index].owner = nullptr;  // read on the owner's thread only, which is this one
  workers_[index] = {};
}

void Mailboxes::attach_control(io::Loop& loop, Registry& registry) {
  const std::scoped_lock lock(mutex_);
  control_ = {&loop, std::make_shared<Registry*>(&registry)};
}

void Mailboxes::detach_control() noexcept {
  const std::scoped_lock lock(mutex_);
  *control_.owner = nullptr;
  control_ = {};
}

bool Mailboxes::post(unsigned worker, std::function<void(WorkerClusters&)> message) {
  const std::scoped_lock lock(mutex_);
  return send(workers_[worker], std::move(message));
}

void Mailboxes::post_all(const std::function<void(WorkerClusters&)>& message, unsigned except) {
  const std::scoped_lock lock(mutex_);
  for (unsigned i = 0; i < workers_.size(); ++i) {
    if (i != except) send(workers_[i], message);
  }
}

bool Mailboxes::post_control(std::function<void(Registry&)> message) {
  const std::scoped_lock lock(mutex_);
  return send(control_, std::move(message));
}

}  // namespace turnpike::upstream
