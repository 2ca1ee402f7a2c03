#include "proxy/port_slot.h"

#include <unistd.h>

#include "proxy/connection.h"
#include "proxy/l4/stream_connection.h"
#include "proxy/l4/udp_port.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

PortSlot::PortSlot(Worker& worker, PortSocket socket) : worker_(worker), key_(std::move(socket.key)) {
  add_socket(socket.fd, socket.datagrams);
}

void PortSlot::add_socket(int fd, bool datagrams) {
  if (datagrams) {
    udp_.push_back(std::make_unique<UdpPort>(worker_, *this, fd));
  } else {
    acceptors_.push_back(
        std::make_unique<io::Acceptor>(worker_.loop(), fd, static_cast<io::Acceptor::Handler&>(*this)));
  }
}

PortSlot::~PortSlot() = default;

void PortSlot::change_plan(WorkerPlan& plan, const plan::Port& port) noexcept {
  plan_ = WorkerPlan::Pin(&plan);
  port_ = &port;
}

void PortSlot::stop_listening(bool lives_on) noexcept {
  if (std::exchange(closing_, true)) return;
  for (const auto& port : udp_) port->drain(lives_on);
  for (const auto& acceptor : acceptors_) {
    if (!lives_on) acceptor->take_waiting();
  }
  acceptors_.clear();
}

void PortSlot::cut_sessions() noexcept {
  for (const auto& port : udp_) port->cut();
}

void PortSlot::connection_closed() noexcept {
  if (--connections_ == 0 && closing()) worker_.slot_unused(*this);
}

void PortSlot::on_accept(int fd, const io::Address& peer) {
  const unsigned most = port_->settings.most_connections;
  const bool full = most != 0 && connections_ * worker_.count_of_workers() >= most;
  // The least useful goes first: a connection on which nobody is waiting for anything.
  const bool admitted = !full && (worker_.overload().admit_connection() ||
                                  (worker_.close_idlest() && worker_.overload().admit_connection()));
  if (!admitted) {
    worker_.recorder().refused(*port_, ErrorKind::overloaded);
    refuse(fd);
    return;
  }
  auto stream = std::make_unique<io::SocketStream>(worker_.loop(), fd);
  if (!port_->only_http()) {
    io::spawn(
        StreamConnection::run(std::make_unique<StreamConnection>(worker_, *this, std::move(stream), peer)));
    return;
  }
  io::spawn(
      ClientConnection::run(std::make_unique<ClientConnection>(worker_, *this, std::move(stream), peer)));
}

// Says why, as far as a peer without TLS can be told, and closes.
void PortSlot::refuse(int fd) noexcept {
  static constexpr std::string_view kAnswer =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 20\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Retry-After: 1\r\nConnection: close\r\n\r\nService Unavailable\n";
  if (!port_->tls && port_->only_http()) [[maybe_unused]]
    auto n = ::write(fd, kAnswer.data(), kAnswer.size());
  ::close(fd);
}

}  // namespace turnpike::proxy
