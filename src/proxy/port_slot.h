// A listening port as one worker sees it: its socket, and the port's description in the plan in force.
// Outlives plans, and as long as it has connections also the port itself.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/socket.h"
#include "proxy/worker_plan.h"

namespace turnpike::proxy {

struct PortSocket;
class UdpPort;
class Worker;

class PortSlot final : private io::Acceptor::Handler {
 public:
  // Takes the socket. The first plan must follow before the loop turns.
  PortSlot(Worker& worker, PortSocket socket);
  // A further socket of the same port: after an upgrade to fewer workers there are more sockets than workers.
  void add_socket(int fd, bool datagrams);
  ~PortSlot();
  PortSlot(const PortSlot&) = delete;
  PortSlot& operator=(const PortSlot&) = delete;

  // The port in a new plan; connections see it with their next request.
  void change_plan(WorkerPlan& plan, const plan::Port& port) noexcept;
  // The port is gone from the configuration, or the worker drains: takes what waits in the queue — but for a
  // socket that lives on elsewhere —, then stops listening. Connections end with their next response, UDP
  // sessions when their clients have fallen silent.
  void stop_listening(bool lives_on = false) noexcept;
  // Ends the UDP sessions of this port.
  void cut_sessions() noexcept;

  const std::string& key() const noexcept { return key_; }
  bool closing() const noexcept { return closing_; }
  WorkerPlan* plan() const noexcept { return plan_.get(); }
  const plan::Port& port() const noexcept { return *port_; }
  std::uint32_t connections() const noexcept { return connections_; }
  void connection_opened() noexcept { ++connections_; }
  void connection_closed() noexcept;

 private:
  void on_accept(int fd, const io::Address& peer) override;
  void refuse(int fd) noexcept;

  Worker& worker_;
  std::string key_;
  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;  // of a port of TCP, until it stops listening
  WorkerPlan::Pin plan_;
  const plan::Port* port_ = nullptr;
  std::uint32_t connections_ = 0;  // and sessions
  bool closing_ = false;
  std::vector<std::unique_ptr<UdpPort>> udp_;  // of a port of UDP
};

}  // namespace turnpike::proxy
