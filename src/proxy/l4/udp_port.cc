#include "proxy/l4/udp_port.h"

#include <algorithm>

#include "proxy/l4/udp_session.h"
#include "proxy/overload.h"
#include "proxy/port_slot.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {
// So many batches before others have a turn; the rest makes another event.
constexpr int kBatchesPerTurn = 4;
}  // namespace

UdpPort::UdpPort(Worker& worker, PortSlot& slot, int fd)
    : worker_(worker),
      slot_(slot),
      socket_(worker.loop(), fd, static_cast<io::UdpSocket::Handler&>(*this)),
      sessions_(16, Hash{worker.random().next()}) {}

UdpPort::~UdpPort() { cut(); }

UdpPort::Key UdpPort::key_of(const io::Datagram& datagram) noexcept {
  Key key;
  std::uint8_t ip[16];
  datagram.peer.ip_bytes(ip);
  std::memcpy(key.client.data(), ip, sizeof ip);
  key.local = datagram.local.ip;
  key.port = datagram.peer.port();
  return key;
}

void UdpPort::on_datagrams(io::UdpSocket& socket) {
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    int error = 0;
    const std::size_t count = socket.receive(batch_, error);
    // Sending to a client never overwrites what was received from clients: endpoints are heard in events of
    // their own.
    for (const io::Datagram& datagram : batch_.received()) {
      if (datagram.cut || !datagram.peer.is_ip()) continue;
      if (UdpSession* const session = session_of(datagram)) session->forward(datagram);
    }
    if (count < io::DatagramBatch::kMost) return;
  }
}

UdpSession* UdpPort::session_of(const io::Datagram& datagram) {
  const Key key = key_of(datagram);
  const auto found = sessions_.find(key);
  if (found == sessions_.end()) return open_session(key, datagram);
  used(*found->second);
  return found->second.get();
}

UdpSession* UdpPort::open_session(const Key& key, const io::Datagram& datagram) {
  Error error = draining_ ? our_error(ErrorKind::draining) : Error{};
  if (error.kind == ErrorKind::none && !make_room()) error = our_error(ErrorKind::overloaded);
  if (error.kind == ErrorKind::none) {
    auto session = std::make_unique<UdpSession>(*this, key, datagram);
    error = session->open();
    if (error.kind == ErrorKind::none) {
      UdpSession* const opened = sessions_.emplace(key, std::move(session)).first->second.get();
      used(*opened);
      return opened;
    }
  }
  worker_.recorder().refused(slot_.port(), error.kind);
  return nullptr;
}

bool UdpPort::make_room() {
  if (worker_.overload().pressure() == Pressure::critical) return false;
  const unsigned most = slot_.port().settings.most_connections;
  const std::size_t bound =
      most == 0 ? kMostSessions : std::max<std::size_t>(most / worker_.count_of_workers(), 1);
  const auto displace = [&] {
    if (oldest_ == nullptr) return false;
    oldest_->set_reason(ErrorKind::overloaded);
    oldest_->count_displaced();
    end(*oldest_);
    return true;
  };
  while (sessions_.size() >= bound && displace()) continue;
  return worker_.overload().admit_connection() || (displace() && worker_.overload().admit_connection());
}

void UdpPort::used(UdpSession& session) noexcept {
  if (newest_ == &session) return;
  unlink(session);
  session.older = newest_;
  (newest_ != nullptr ? newest_->newer : oldest_) = &session;
  newest_ = &session;
}

void UdpPort::unlink(UdpSession& session) noexcept {
  if (session.older != nullptr) session.older->newer = session.newer;
  if (session.newer != nullptr) session.newer->older = session.older;
  if (oldest_ == &session) oldest_ = session.newer;
  if (newest_ == &session) newest_ = session.older;
  session.older = session.newer = nullptr;
}

void UdpPort::end(UdpSession& session) {
  unlink(session);
  // The key lies in the session, which dies with its entry.
  const auto at = sessions_.find(session.key);
  const std::unique_ptr<UdpSession> last = std::move(at->second);
  sessions_.erase(at);
}

void UdpPort::drain(bool lives_on) noexcept {
  draining_ = true;
  if (lives_on) socket_.stop_reading();
  for (UdpSession* session = oldest_; session != nullptr; session = session->newer) session->hurry();
}

void UdpPort::cut() noexcept {
  draining_ = true;
  while (oldest_ != nullptr) {
    oldest_->set_reason(ErrorKind::draining);
    end(*oldest_);
  }
}

}  // namespace turnpike::proxy
