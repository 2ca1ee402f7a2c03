// The listening sockets: one per worker and port (SO_REUSEPORT), opened when a plan first needs them and kept
// as long as plans do.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/spare_sockets.h"
#include "control/upgrade.h"
#include "io/address.h"
#include "plan/plan.h"
#include "proxy/worker.h"

namespace turnpike::control {

struct PortOptions {
  unsigned workers = 1;
  bool share = false;  // do not mind another process of this user that listens on the same port
};

// Sockets for the ports that are new in a plan, by worker. Closes those that were not taken.
class OpenedPorts {
 public:
  explicit OpenedPorts(unsigned workers) : sockets_(workers) {}
  OpenedPorts(OpenedPorts&&) noexcept = default;
  OpenedPorts& operator=(OpenedPorts&&) = delete;
  ~OpenedPorts();

  void add(unsigned worker, std::string key, int fd, bool datagrams) {
    sockets_[worker].push_back({std::move(key), fd, datagrams});
  }
  std::vector<proxy::PortSocket> take(unsigned worker) { return std::exchange(sockets_[worker], {}); }
  std::size_t count() const noexcept;

 private:
  std::vector<std::vector<proxy::PortSocket>> sockets_;
};

class Ports {
 public:
  explicit Ports(const PortOptions& options) : options_(options) {}

  // Before the first open(): sockets that it uses where they fit, in place of new ones.
  SpareSockets& spares() noexcept { return spares_; }
  // Opens what `plan` needs beside what is open already (by plan::Port::key()). All or nothing: with an error
  // nothing has changed. The error names the address, the Gateway and listener, and where they are written.
  std::expected<OpenedPorts, std::string> open(const plan::Plan& plan);
  // `plan` is in force now: forgets the ports that it does not have, and the predecessor's sockets.
  void adopt(const plan::Plan& plan);
  // Where a port of the plan in force listens in fact (--ephemeral-ports).
  io::Address bound(const plan::Port& port) const;
  // Whether a port of the plan in force has this address.
  bool has(const io::Address& address) const;

  // The sockets of the plan in force, and those of the service manager; the descriptors stay the workers'.
  std::vector<OfferedSocket> offer() const;
  // Keys of ports whose sockets live on elsewhere: in a successor that has taken these of the offer, or in
  // the service manager. What waits in their queues is not lost when they are closed here.
  std::set<std::string, std::less<>> kept_elsewhere(std::span<const std::uint32_t> taken) const;

 private:
  struct Bound {
    io::Address address;
    bool datagrams = false;
    std::vector<int>
        sockets;  // descriptors of the workers; each socket once, and none of the service manager's
    bool activated = false;  // the service manager has it too
  };
  // The sockets of one port, added to `opened`.
  std::expected<Bound, io::ListenError> open_port(const plan::Port& port, const std::string& key,
                                                  OpenedPorts& opened);
  Bound copy_spares(const std::vector<const SpareSockets::Spare*>& spares, const std::string& key,
                    bool datagrams, OpenedPorts& opened) const;
  // Another process that listens there with SO_REUSEPORT would take half of the connections, and nobody would
  // be told.
  std::expected<void, io::ListenError> probe(const io::Address& address, bool datagrams) const;
  bool ours(const io::Address& address, bool datagrams) const;

  PortOptions options_;
  SpareSockets spares_;
  std::map<std::string, Bound, std::less<>> bound_;    // by key
  std::map<std::string, Bound, std::less<>> opening_;  // between open() and adopt()
  // Let go of by the last plan: workers may still have them. With whether they are of UDP.
  std::vector<std::pair<io::Address, bool>> closing_;
};

}  // namespace turnpike::control
