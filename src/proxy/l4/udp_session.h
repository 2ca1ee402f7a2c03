// One client of a UDP port and the endpoint that it speaks with.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "io/datagram.h"
#include "io/timer.h"
#include "observe/metrics.h"
#include "proxy/l4/udp_port.h"
#include "upstream/cluster.h"

namespace turnpike::proxy {

class UdpSession final : private io::Timer, private io::UdpSocket::Handler {
 public:
  // Counts itself; open() comes next.
  UdpSession(UdpPort& port, const UdpPort::Key& key, const io::Datagram& first);
  ~UdpSession() override;
  UdpSession(const UdpSession&) = delete;
  UdpSession& operator=(const UdpSession&) = delete;

  // Chooses an endpoint by the plan in force and connects a socket to it. An error: the session is of no use.
  Error open();
  // A datagram of the client goes to the endpoint. May end the session.
  void forward(const io::Datagram& datagram);
  // Why it is about to end; none: the client fell silent.
  void set_reason(ErrorKind reason) noexcept { reason_ = reason; }
  // It had to make room for another one.
  void count_displaced() noexcept;
  // From now on a short silence ends it.
  void hurry() noexcept;

  UdpSession* older = nullptr;  // UdpPort's list
  UdpSession* newer = nullptr;
  const UdpPort::Key key;

 private:
  void on_timer() override;
  void on_datagrams(io::UdpSocket& socket) override;
  Error connect(const plan::Rule& rule);
  void fail(int error);
  void record() noexcept;

  UdpPort& port_;
  const io::Address client_;
  const io::LocalEnd local_;
  upstream::Cluster* cluster_ = nullptr;
  upstream::Endpoint* endpoint_ = nullptr;
  std::optional<io::UdpSocket> socket_;
  Duration idle_{};
  const TimePoint started_;
  TimePoint last_;  // when the client sent last: what endpoints send keeps no session open
  std::string listener_, route_, rule_, upstream_, endpoint_name_;
  observe::Series listener_metrics_;
  observe::Series route_metrics_;
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  ErrorKind reason_ = ErrorKind::none;
  bool routed_ = false;
};

}  // namespace turnpike::proxy
