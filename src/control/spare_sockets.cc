#include "control/spare_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "io/socket.h"

namespace turnpike::control {
namespace {

using handover::Use;

bool is_any(const io::Address& address) {
  if (!address.is_ip()) return false;
  const std::string ip = address.ip();
  return ip == "::" || ip == "0.0.0.0";
}

bool same_place(const io::Address& a, const io::Address& b) {
  return a.port() != 0 && (a == b || (is_any(a) && is_any(b) && a.port() == b.port()));
}

int type_of(int fd) noexcept {
  int type = -1;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 ? type : -1;
}

bool is_datagram(int fd) noexcept { return type_of(fd) == SOCK_DGRAM; }

void set_non_blocking(int fd) noexcept { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

bool is_listening_stream(int fd) noexcept {
  int listening = 0;
  socklen_t size = sizeof listening;
  return type_of(fd) == SOCK_STREAM && ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
         listening != 0;
}

}  // namespace

bool prepare_listening(int fd) noexcept {
  if (!is_listening_stream(fd)) return false;
  set_non_blocking(fd);
  const int on = 1;
  if (io::local_address(fd).is_ip()) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return true;
}

bool SpareSockets::add(InheritedSocket socket, std::uint32_t number) {
  const io::Address address = io::local_address(socket.fd.get());
  const bool datagrams = is_datagram(socket.fd.get()) && address.is_ip() && address.port() != 0;
  if (datagrams) {
    set_non_blocking(socket.fd.get());
  } else if (!prepare_listening(socket.fd.get())) {
    return false;
  }
  spares_.push_back({std::move(socket.entry), std::move(socket.fd), address, number, datagrams, false});
  return true;
}

std::vector<const SpareSockets::Spare*> SpareSockets::use(std::string_view key, const io::Address& address,
                                                          bool datagrams) {
  std::vector<const Spare*> out;
  for (Spare& spare : spares_) {
    const bool by_key = spare.entry.use == Use::listener && spare.entry.key == key;
    const bool by_address = spare.datagrams == datagrams && same_place(spare.address, address);
    if (!by_key && !by_address) continue;
    spare.used = true;
    out.push_back(&spare);
  }
  return out;
}

void SpareSockets::unuse() noexcept {
  for (Spare& spare : spares_) spare.used = false;
}

std::vector<std::uint32_t> SpareSockets::taken() const {
  std::vector<std::uint32_t> out;
  for (const Spare& spare : spares_) {
    if (spare.used || spare.entry.use == Use::activated) out.push_back(spare.number);
  }
  std::ranges::sort(out);
  return out;
}

void SpareSockets::close_predecessors() {
  std::erase_if(spares_, [](const Spare& spare) { return spare.entry.use == Use::listener; });
}

}  // namespace turnpike::control
