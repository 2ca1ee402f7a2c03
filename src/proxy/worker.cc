#include "proxy/worker.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>

#include "observe/access_log.h"
#include "observe/families.h"
#include "proxy/downstream.h"
#include "proxy/port_slot.h"
#include "proxy/recorder.h"
#include "upstream/worker_clusters.h"

namespace turnpike::proxy {

using namespace std::chrono_literals;

void WorkerPlan::unused() noexcept { worker_.plan_unused(*this); }

// First the idle connections, then the rest: each when its time has come.
class Worker::Drain final : private io::Timer {
 public:
  Drain(Worker& worker, Duration idle_grace, Duration limit) noexcept
      : worker_(worker), cut_at_(worker.loop_.now() + limit) {
    worker_.loop_.timers().arm(*this, worker.loop_.now() + std::min(idle_grace, limit));
  }

 private:
  void on_timer() override {
    // A client may be about to send on a connection that looks idle; it has had its time.
    while (worker_.close_idlest()) continue;
    if (worker_.loop_.now() >= cut_at_) return worker_.cut_all();
    worker_.loop_.timers().arm(*this, cut_at_);
  }

  Worker& worker_;
  const TimePoint cut_at_;
};

Worker::Worker(unsigned index, std::uint64_t seed, const Shared& shared)
    : index_(index),
      shared_(shared),
      random_(seed),
      scratch_(index),
      recorder_(std::make_unique<Recorder>(shared.families, shared.metrics.worker(index),
                                           shared.access_log.writer(index))),
      clusters_(std::make_unique<upstream::WorkerClusters>(loop_, random_, shared.upstreams,
                                                           &shared.metrics.worker(index))) {}

Worker::~Worker() = default;

void Worker::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    loop_.run();
    cut_all();
    // What waits for a timer ends with it.
    const TimePoint limit = loop_.now() + 1s;
    while (count_ > 0 && loop_.now() < limit) loop_.turn(loop_.now() + 10ms);
    // Everything dies on the thread that used it.
    drain_.reset();
    slots_.clear();
    current_ = WorkerPlan::Pin();
    plans_.clear();
    // Connects that this has given up go on to their end, each from a timer.
    const TimePoint last = loop_.refresh_now() + 3 * io::TimerWheel::kTick;
    while (loop_.refresh_now() < last) loop_.turn(last);
    clusters_.reset();
  });
}

void Worker::publish(std::shared_ptr<const plan::Plan> plan,
                     std::shared_ptr<const upstream::Assignment> assignment, std::vector<PortSocket> opened,
                     std::function<void()> adopted) {
  loop_.post([this, plan = std::move(plan), assignment = std::move(assignment), opened = std::move(opened),
              adopted = std::move(adopted)]() mutable {
    adopt(std::move(plan), std::move(assignment), std::move(opened));
    adopted();
  });
}

void Worker::drain(Duration idle_grace, Duration limit, PortKeys lives_on) {
  loop_.post([this, idle_grace, limit, lives_on = std::move(lives_on)] {
    begin_drain(idle_grace, limit, lives_on);
  });
}

void Worker::stop() { loop_.stop(); }
void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::adopt(std::shared_ptr<const plan::Plan> plan,
                   std::shared_ptr<const upstream::Assignment> assignment, std::vector<PortSocket> opened) {
  plans_.push_back(
      std::make_unique<WorkerPlan>(*this, std::move(plan), clusters_->adopt(std::move(assignment))));
  WorkerPlan& next = *plans_.back();

  for (PortSocket& socket : opened) {
    if (draining_) {
      ::close(socket.fd);
      continue;
    }
    // A port of UDP that comes back: its old socket must not get a share of the clients any more.
    for (const auto& slot : slots_) {
      if (slot->closing() && slot->key() == socket.key) slot->cut_sessions();
    }
    const auto slot =
        std::ranges::find_if(slots_, [&](const auto& s) { return !s->closing() && s->key() == socket.key; });
    if (slot != slots_.end()) {
      (*slot)->add_socket(socket.fd, socket.datagrams);
    } else {
      slots_.push_back(std::make_unique<PortSlot>(*this, std::move(socket)));
    }
  }
  std::vector<PortSlot*> gone;
  for (const auto& slot : slots_) {
    if (slot->closing()) continue;
    const auto port =
        std::ranges::find_if(next.plan().ports, [&](const auto& p) { return p->key() == slot->key(); });
    if (port != next.plan().ports.end()) {
      slot->change_plan(next, **port);
    } else {
      gone.push_back(slot.get());
    }
  }
  const WorkerPlan::Pin before = std::exchange(current_, WorkerPlan::Pin(&next));
  for (PortSlot* slot : gone) {
    slot->stop_listening();
    drain_connections(slot);
    if (slot->connections() == 0) slot_unused(*slot);
  }
}

void Worker::plan_unused(WorkerPlan& plan) {
  std::erase_if(plans_, [&](const auto& p) { return p.get() == &plan; });
}

void Worker::slot_unused(PortSlot& slot) {
  // Not now: the slot may be in the middle of a call.
  loop_.post([this, &slot] { std::erase_if(slots_, [&](const auto& s) { return s.get() == &slot; }); });
}

void Worker::add(Downstream& connection) noexcept {
  active_.add(connection);
  ++count_;
}

void Worker::hand_over(Downstream& connection) noexcept {
  (connection.idle() ? idle_ : active_).remove(connection);
  --count_;
  if (draining_) check_drained();
}

void Worker::remove(Downstream& connection) noexcept {
  shared_.overload.connection_closed();
  hand_over(connection);
}

void Worker::remove_session() noexcept {
  shared_.overload.connection_closed();
  --count_;
  if (draining_) check_drained();
}

void Worker::became_idle(Downstream& connection) noexcept {
  active_.remove(connection);
  idle_.add(connection);
}

void Worker::became_active(Downstream& connection) noexcept {
  idle_.remove(connection);
  active_.add(connection);
}

bool Worker::close_idlest() noexcept {
  Downstream* const connection = idle_.oldest();
  if (connection == nullptr) return false;
  connection->cut();  // it waits for nothing but the client: it is gone when this returns
  return true;
}

void Worker::begin_drain(Duration idle_grace, Duration limit, const PortKeys& lives_on) {
  if (draining_) return;
  draining_ = true;
  idle_grace_ = idle_grace;
  for (const auto& slot : slots_) slot->stop_listening(lives_on.contains(slot->key()));
  drain_connections(nullptr);
  drain_ = std::make_unique<Drain>(*this, idle_grace, limit);
  check_drained();
}

// HTTP/2 connections ask their clients at once to go elsewhere: of one port, or all.
void Worker::drain_connections(const PortSlot* of) noexcept {
  for (const ConnectionList* list : {&active_, &idle_}) {
    for (Downstream* c = list->oldest(); c != nullptr; c = c->next) c->drain(of);
  }
}

void Worker::cut_all() noexcept {
  while (close_idlest()) continue;
  // One that is active may need turns of the loop to end; it moves to the end of the list meanwhile, or
  // leaves it.
  for (std::size_t n = count_; n > 0; --n) {
    Downstream* const connection = active_.oldest();
    if (connection == nullptr) break;
    active_.remove(*connection);
    active_.add(*connection);
    connection->cut();
  }
  for (const auto& slot : slots_) slot->cut_sessions();
}

void Worker::check_drained() noexcept {
  if (count_ == 0) drained_.store(true, std::memory_order_release);
}

}  // namespace turnpike::proxy
