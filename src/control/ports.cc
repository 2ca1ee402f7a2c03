#include "control/ports.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "io/datagram.h"

namespace turnpike::control {
namespace {

std::string needed_by(const plan::Port& port) {
  if (port.listeners.empty()) return "";
  const plan::Listener& first = port.listeners.front();
  std::string text = "listener " + first.name;
  if (!first.origin.empty()) text += " (" + first.origin + ")";
  if (port.listeners.size() > 1) text += " and " + std::to_string(port.listeners.size() - 1) + " more";
  return text;
}

}  // namespace

OpenedPorts::~OpenedPorts() {
  for (const auto& worker : sockets_) {
    for (const proxy::PortSocket& socket : worker) ::close(socket.fd);
  }
}

std::size_t OpenedPorts::count() const noexcept {
  std::size_t count = 0;
  for (const auto& worker : sockets_) count += worker.size();
  return count;
}

bool Ports::ours(const io::Address& address, bool datagrams) const {
  const auto same = [&](const auto& entry) {
    return entry.second.address == address && entry.second.datagrams == datagrams;
  };
  return std::any_of(bound_.begin(), bound_.end(), same) ||
         std::find(closing_.begin(), closing_.end(), std::pair(address, datagrams)) != closing_.end();
}

std::expected<void, io::ListenError> Ports::probe(const io::Address& address, bool datagrams) const {
  if (options_.share || address.port() == 0 || ours(address, datagrams)) return {};
  const auto fd = datagrams ? io::listen_for_datagrams(address, false) : io::listen_on(address, false, 1);
  if (!fd) return std::unexpected(fd.error());
  ::close(*fd);
  return {};
}

std::expected<OpenedPorts, std::string> Ports::open(const plan::Plan& plan) {
  OpenedPorts opened(options_.workers);
  opening_.clear();
  spares_.unuse();
  for (const auto& port : plan.ports) {
    const std::string key = port->key();
    if (bound_.contains(key)) continue;
    auto bound = open_port(*port, key, opened);
    if (!bound) {
      opening_.clear();
      return std::unexpected("cannot listen for " + needed_by(*port) + ": " + bound.error().message);
    }
    opening_.emplace(key, std::move(*bound));
  }
  return opened;
}

std::expected<Ports::Bound, io::ListenError> Ports::open_port(const plan::Port& port, const std::string& key,
                                                              OpenedPorts& opened) {
  if (const auto spares = spares_.use(key, port.address, port.datagrams); !spares.empty())
    return copy_spares(spares, key, port.datagrams, opened);
  Bound bound{.address = port.address, .datagrams = port.datagrams};
  if (const auto probed = probe(port.address, port.datagrams); !probed)
    return std::unexpected(probed.error());
  for (unsigned worker = 0; worker < options_.workers; ++worker) {
    const auto fd =
        port.datagrams ? io::listen_for_datagrams(bound.address, true) : io::listen_on(bound.address, true);
    if (!fd) return std::unexpected(fd.error());
    opened.add(worker, key, *fd, port.datagrams);
    bound.sockets.push_back(*fd);
    if (worker == 0)
      bound.address = io::local_address(*fd);  // the others join it on the port that the kernel chose
  }
  return bound;
}

// All of the spares are served, however many workers there are: the kernel goes on spreading connections over
// every socket of the group, and closing one would reset those in its queue. Sockets that several workers
// share wake all of them (no EPOLLEXCLUSIVE): one that is woken alone and drains would leave the connection
// in the queue and nobody told.
Ports::Bound Ports::copy_spares(const std::vector<const SpareSockets::Spare*>& spares, const std::string& key,
                                bool datagrams, OpenedPorts& opened) const {
  Bound bound{.address = spares.front()->address, .datagrams = datagrams};
  const auto give = [&](unsigned worker, const SpareSockets::Spare& spare) {
    const int fd = ::fcntl(spare.fd.get(), F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) opened.add(worker, key, fd, datagrams);
    return fd;
  };
  for (unsigned i = 0; i < spares.size(); ++i) {
    const int fd = give(i % options_.workers, *spares[i]);
    if (spares[i]->entry.use == handover::Use::activated) {
      bound.activated = true;
    } else if (fd >= 0) {
      bound.sockets.push_back(fd);
    }
  }
  for (auto worker = static_cast<unsigned>(spares.size()); worker < options_.workers; ++worker) {
    // More workers than before. The service manager's sockets cannot be joined: the workers share those.
    const auto fd = bound.activated ? std::unexpected(io::ListenError{})
                    : datagrams     ? io::listen_for_datagrams(bound.address, true)
                                    : io::listen_on(bound.address, true);
    if (fd) {
      opened.add(worker, key, *fd, datagrams);
      bound.sockets.push_back(*fd);
    } else {
      give(worker, *spares[worker % spares.size()]);
    }
  }
  return bound;
}

void Ports::adopt(const plan::Plan& plan) {
  bound_.merge(opening_);
  opening_.clear();
  spares_.close_predecessors();
  std::set<std::string, std::less<>> wanted;
  for (const auto& port : plan.ports) wanted.insert(port->key());
  closing_.clear();
  for (auto at = bound_.begin(); at != bound_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
    } else {
      closing_.emplace_back(at->second.address, at->second.datagrams);
      at = bound_.erase(at);
    }
  }
}

bool Ports::has(const io::Address& address) const {
  return std::ranges::any_of(bound_,
                             [&](const auto& entry) { return entry.second.address.ip() == address.ip(); });
}

io::Address Ports::bound(const plan::Port& port) const {
  const auto at = bound_.find(port.key());
  return at == bound_.end() ? port.address : at->second.address;
}

std::vector<OfferedSocket> Ports::offer() const {
  std::vector<OfferedSocket> out;
  for (const auto& [key, bound] : bound_) {
    for (const int fd : bound.sockets) out.push_back({{handover::Use::listener, key}, fd});
  }
  for (const SpareSockets::Spare& spare : spares_.all()) out.push_back({spare.entry, spare.fd.get()});
  return out;
}

std::set<std::string, std::less<>> Ports::kept_elsewhere(std::span<const std::uint32_t> taken) const {
  std::set<std::string, std::less<>> out;
  std::uint32_t number = 0;
  for (const auto& [key, bound] : bound_) {
    bool all = true;
    for (std::size_t i = 0; i < bound.sockets.size(); ++i)
      all = std::ranges::binary_search(taken, number++) && all;
    if (all && (bound.activated || !bound.sockets.empty())) out.insert(key);
  }
  return out;
}

}  // namespace turnpike::control
