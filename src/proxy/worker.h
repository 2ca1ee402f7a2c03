// One worker: a thread with its own loop, listening sockets, connections, upstream pools and counters
// (design: threads and state). The control thread talks to it only through the mailbox.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "io/loop.h"
#include "io/socket.h"
#include "plan/plan.h"
#include "proxy/connection_list.h"
#include "proxy/date.h"
#include "proxy/overload.h"
#include "proxy/worker_plan.h"

namespace turnpike::observe {
class AccessLog;
class Registry;
struct Families;
}  // namespace turnpike::observe
namespace turnpike::upstream {
struct Assignment;
class Registry;
class WorkerClusters;
}  // namespace turnpike::upstream

namespace turnpike::proxy {

class Downstream;
class PortSlot;
class Recorder;

// A listening socket for one worker. The worker owns `fd` from publish() on.
struct PortSocket {
  std::string key;  // plan::Port::key()
  int fd = -1;
  bool datagrams = false;
};

using PortKeys = std::set<std::string, std::less<>>;

// Everything that all workers share; made and owned by main, outlives the workers.
struct Shared {
  unsigned workers = 1;
  Overload& overload;
  upstream::Registry& upstreams;
  observe::Registry& metrics;
  const observe::Families& families;
  observe::AccessLog& access_log;
};

class Worker {
 public:
  // `seed` decides all its random numbers.
  Worker(unsigned index, std::uint64_t seed, const Shared& shared);
  // stop() and join() must have been called.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // --- called by the control thread ---
  void start();
  // Changes over to `plan` between two requests. `opened` holds this worker's sockets for ports that are new;
  // ports that are gone stop accepting, and their connections end with `Connection: close` on their next
  // response.
  // `assignment` is what upstream::Registry::update(plan->clusters) answered. `adopted` is called on the
  // worker's thread when the next request will meet the plan.
  void publish(std::shared_ptr<const plan::Plan> plan, std::shared_ptr<const upstream::Assignment> assignment,
               std::vector<PortSocket> opened, std::function<void()> adopted);
  // Stops accepting (what waits in the queue is still taken, but for ports whose sockets live on elsewhere:
  // `lives_on` has their keys), says `Connection: close` on every response, closes idle connections after
  // `idle_grace`, and cuts what is left after `limit`. drained() tells when nothing is left.
  void drain(Duration idle_grace, Duration limit, PortKeys lives_on = {});
  bool drained() const noexcept { return drained_.load(std::memory_order_acquire); }
  // Ends the thread: cuts what is left.
  void stop();
  void join();

  unsigned index() const noexcept { return index_; }
  unsigned count_of_workers() const noexcept { return shared_.workers; }
  io::Loop& loop() noexcept { return loop_; }

  // --- on the worker's thread, for the rest of proxy/ ---
  Random& random() noexcept { return random_; }
  Overload& overload() noexcept { return shared_.overload; }
  Recorder& recorder() noexcept { return *recorder_; }
  DateText& date() noexcept { return date_; }
  unsigned& mirrors_under_way() noexcept { return mirrors_under_way_; }
  route::Scratch& scratch() noexcept { return scratch_; }
  bool draining() const noexcept { return draining_; }
  // While draining: how long a connection may stay idle that has been promised another request.
  Duration idle_grace() const noexcept { return idle_grace_; }
  // The plan in force; pinned by whoever keeps it (WorkerPlan::Pin).
  WorkerPlan* current() noexcept { return current_.get(); }
  // A connection is active from add() on.
  void add(Downstream& connection) noexcept;
  void remove(Downstream& connection) noexcept;
  // As remove(), but another object goes on with the client: it stays counted in the process's bound.
  void hand_over(Downstream& connection) noexcept;
  // A client without a connection (UDP), admitted by overload(): the drain waits for it.
  void add_session() noexcept { ++count_; }
  void remove_session() noexcept;
  void became_idle(Downstream& connection) noexcept;
  void became_active(Downstream& connection) noexcept;
  // Closes the connection that has been idle for longest; false if none is idle.
  bool close_idlest() noexcept;
  std::size_t connections() const noexcept { return count_; }
  void plan_unused(WorkerPlan& plan);
  void slot_unused(PortSlot& slot);

 private:
  void adopt(std::shared_ptr<const plan::Plan> plan, std::shared_ptr<const upstream::Assignment> assignment,
             std::vector<PortSocket> opened);
  void begin_drain(Duration idle_grace, Duration limit, const PortKeys& lives_on);
  void cut_all() noexcept;
  void check_drained() noexcept;
  void drain_connections(const PortSlot* of) noexcept;

  const unsigned index_;
  Shared shared_;
  Random random_;
  io::Loop loop_;
  DateText date_;
  route::Scratch scratch_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<upstream::WorkerClusters> clusters_;
  std::vector<std::unique_ptr<WorkerPlan>> plans_;  // the current one last
  WorkerPlan::Pin current_;
  std::vector<std::unique_ptr<PortSlot>> slots_;
  ConnectionList active_;
  ConnectionList idle_;
  std::size_t count_ = 0;
  unsigned mirrors_under_way_ = 0;
  class Drain;
  std::unique_ptr<Drain> drain_;
  bool draining_ = false;
  Duration idle_grace_{};
  std::atomic<bool> drained_{false};
  std::thread thread_;
};

}  // namespace turnpike::proxy
