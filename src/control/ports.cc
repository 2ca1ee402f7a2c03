#include "control/ports.h"

#include <unistd.h>

#include <algorithm>
#include <set>

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

bool Ports::ours(const io::Address& address) const {
  const auto same = [&](const auto& entry) { return entry.second == address; };
  return std::any_of(bound_.begin(), bound_.end(), same) ||
         std::find(closing_.begin(), closing_.end(), address) != closing_.end();
}

std::expected<void, io::ListenError> Ports::probe(const io::Address& address) const {
  if (options_.share || address.port() == 0 || ours(address)) return {};
  const auto fd = io::listen_on(address, false, 1);
  if (!fd) return std::unexpected(fd.error());
  ::close(*fd);
  return {};
}

std::expected<OpenedPorts, std::string> Ports::open(const plan::Plan& plan) {
  OpenedPorts opened(options_.workers);
  opening_.clear();
  for (const auto& port : plan.ports) {
    const std::string key = port->key();
    if (bound_.contains(key)) continue;
    io::Address address = port->address;
    auto probed = probe(address);
    for (unsigned worker = 0; probed && worker < options_.workers; ++worker) {
      const auto fd = io::listen_on(address, true);
      if (!fd) {
        probed = std::unexpected(fd.error());
        break;
      }
      opened.add(worker, key, *fd);
      if (worker == 0)
        address = io::local_address(*fd);  // the others join it on the port that the kernel chose
    }
    if (!probed) {
      opening_.clear();
      return std::unexpected("cannot listen for " + needed_by(*port) + ": " + probed.error().message);
    }
    opening_.emplace(key, address);
  }
  return opened;
}

void Ports::adopt(const plan::Plan& plan) {
  bound_.merge(opening_);
  opening_.clear();
  std::set<std::string, std::less<>> wanted;
  for (const auto& port : plan.ports) wanted.insert(port->key());
  closing_.clear();
  for (auto at = bound_.begin(); at != bound_.end();) {
    if (wanted.contains(at->first)) {
      ++at;
    } else {
      closing_.push_back(at->second);
      at = bound_.erase(at);
    }
  }
}

io::Address Ports::bound(const plan::Port& port) const {
  const auto at = bound_.find(port.key());
  return at == bound_.end() ? port.address : at->second;
}

}  // namespace turnpike::control
