// For tests only: a worker and a control thread on one loop with virtual time, and servers on loopback.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/socket.h"
#include "io/testing.h"
#include "upstream/registry.h"
#include "upstream/worker_cluster.h"
#include "upstream/worker_clusters.h"

namespace turnpike::upstream {

// Accepts connections on a free port of loopback and keeps their descriptors; the test plays the server by
// hand.
class TestServer final : public io::Acceptor::Handler {
 public:
  explicit TestServer(io::Loop& loop) {
    const auto fd = io::listen_on(*io::Address::from_ip("127.0.0.1", 0), false);
    if (!fd) throw std::runtime_error(fd.error().message);
    address_ = io::local_address(*fd);
    acceptor_ = std::make_unique<io::Acceptor>(loop, *fd, *this);
  }
  ~TestServer() {
    for (const int fd : accepted) {
      if (fd >= 0) ::close(fd);
    }
  }
  std::uint16_t port() const { return address_.port(); }
  void stop() { acceptor_.reset(); }
  void send(std::size_t index, std::string_view text) {
    (void)!::write(accepted[index], text.data(), text.size());
  }
  void close(std::size_t index) { ::close(std::exchange(accepted[index], -1)); }

  std::vector<int> accepted;

 private:
  void on_accept(int fd, const io::Address&) override { accepted.push_back(fd); }
  io::Address address_;
  std::unique_ptr<io::Acceptor> acceptor_;
};

struct RecordedEvents final : Events {
  void on_event(const Event& event) override {
    std::string text(name_of(event.kind));
    if (!event.endpoint.empty()) text += " " + std::string(event.endpoint);
    if (!event.name.empty()) text += " " + std::string(event.name);
    all.push_back(text);
    durations.push_back(event.duration);
  }
  std::vector<std::string> all;
  std::vector<Duration> durations;
};

// Everything on one loop, on which time moves by advance() only.
class UpstreamTest : public testing::Test {
 protected:
  UpstreamTest() { loop.use_virtual_time(); }

  // Endpoints 10.0.0.1:80, 10.0.0.2:80, … that nobody connects to.
  static ClusterConfig config_of(std::size_t endpoints) {
    ClusterConfig config;
    config.name = "default/test:80";
    for (std::size_t i = 0; i < endpoints; ++i)
      config.endpoints.push_back({"10.0.0." + std::to_string(i + 1), 80, 1, true, ""});
    return config;
  }
  static ClusterConfig config_of(const TestServer& server) {
    ClusterConfig config;
    config.name = "default/test:80";
    config.endpoints.push_back({"127.0.0.1", server.port(), 1, true, ""});
    return config;
  }
  // Makes it the only cluster of a new plan.
  Cluster& use(const ClusterConfig& config) {
    auto next = worker.adopt(registry.update({std::make_shared<const ClusterConfig>(config)}));
    plan = std::move(next);
    settle();
    return plan[0];
  }
  // Delivers messages and what is ready now.
  void settle() {
    for (int i = 0; i < 5; ++i) loop.turn(loop.now());
  }
  void pass(Duration time) {
    loop.advance(time);
    settle();
  }
  // Chooses and reports a success at once.
  std::string choose_name(Cluster& cluster, const Pick& pick = {}) {
    const auto chosen = cluster.choose(pick);
    if (!chosen) return std::string(name_of(chosen.error().kind));
    std::string name(name_of(**chosen));
    cluster.report(**chosen, {.status = 200});
    return name;
  }
  void fail(Cluster& cluster, Endpoint& endpoint, const Outcome& outcome) {
    cluster.report(endpoint, outcome);
  }

  io::Loop loop;
  RecordedEvents events;
  Random random{42};
  Registry registry{loop, {.workers = 2, .seed = 7, .resolver = nullptr, .events = &events}};
  WorkerClusters worker{loop, random, registry};
  PlanClusters plan;
};

// The result of a task that runs on its own.
template <class T>
struct Outbox {
  std::optional<T> value;
  bool done() const { return value.has_value(); }
};
template <class T>
io::Task<void> deliver(io::Task<T> task, Outbox<T>& to) {
  to.value.emplace(co_await std::move(task));
}

}  // namespace turnpike::upstream
