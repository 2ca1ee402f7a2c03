// Listening sockets that were given to this process: by its predecessor in an upgrade, or by the service
// manager (socket activation). A port that they fit uses them in place of new ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/descriptor.h"
#include "control/inheritance.h"
#include "io/address.h"

namespace turnpike::control {

// Whether it is a listening stream socket; it is made as io::listen_on() makes its own.
bool prepare_listening(int fd) noexcept;

class SpareSockets {
 public:
  struct Spare {
    handover::SocketEntry entry;
    Descriptor fd;
    io::Address address;
    std::uint32_t number = 0;  // in the predecessor's offer
    bool datagrams = false;
    bool used = false;
  };

  // False, and closes it, if it is neither a listening stream socket nor one of datagrams with an address.
  bool add(InheritedSocket socket, std::uint32_t number);
  // Those that fit a port: a predecessor's by plan::Port::key() or by the address, the service manager's by
  // the address (all IPv4 and all IPv6 addresses are the same) if it is of the kind asked for. Marked as
  // used. Valid until the next call of a member.
  std::vector<const Spare*> use(std::string_view key, const io::Address& address, bool datagrams = false);
  void unuse() noexcept;
  // Of those that are used, or kept for later: ascending.
  std::vector<std::uint32_t> taken() const;
  // Closes those of the predecessor: what is used has been copied. The service manager's stay, so that a port
  // that goes and comes back can use them again.
  void close_predecessors();

  const std::vector<Spare>& all() const noexcept { return spares_; }

 private:
  std::vector<Spare> spares_;
};

}  // namespace turnpike::control
