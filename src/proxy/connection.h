// One client connection: reads requests, one after the other, and runs an exchange for each.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "io/stream.h"
#include "io/task.h"
#include "observe/metrics.h"
#include "proxy/downstream.h"
#include "proxy/http1_client.h"

namespace turnpike::io {
class Address;
}
namespace turnpike::plan {
struct Port;
}
namespace turnpike::tls {
class TlsStream;
}

namespace turnpike::proxy {

class Exchange;
class Http2Connection;
class PortSlot;
class Worker;

class ClientConnection final : public Downstream {
 public:
  // Registers itself with the worker and the slot.
  ClientConnection(Worker& worker, PortSlot& slot, std::unique_ptr<io::Stream> stream,
                   const io::Address& peer);
  ~ClientConnection();

  // Serves until the connection ends; the root task of a connection.
  static io::Task<void> run(std::unique_ptr<ClientConnection> connection);

  // Idle means: between two requests.
  void cut() override;
  // HTTP/2 asks at once, HTTP/1 with the next response.
  void drain(const PortSlot* of) override;

  Worker& worker() noexcept { return worker_; }
  PortSlot& slot() noexcept { return slot_; }
  io::Stream& stream() noexcept { return *stream_; }
  tls::TlsStream* tls() noexcept { return tls_; }
  std::string_view peer_ip() const noexcept { return {peer_ip_, peer_ip_size_}; }
  std::uint16_t peer_port() const noexcept { return peer_port_; }
  // HTTP/2: a stream opens where none was; the last one has gone.
  void request_begins() noexcept;
  void requests_ended() noexcept;
  observe::Series metrics() const noexcept { return metrics_; }
  // Bytes of an HTTP/2 connection, for metrics.
  void count(std::uint64_t received, std::uint64_t sent) noexcept;
  // Whether it may serve another request after the one under way.
  bool may_go_on() const noexcept;

 private:
  io::Task<void> serve();
  io::Task<Error> read_head(Exchange& exchange);
  io::Task<bool> read_preface();
  io::Task<After> serve_http2();
  io::Task<bool> handshake();
  io::Task<void> close_in_order(bool linger);
  io::IoResult fill() noexcept;
  void set_idle(bool idle) noexcept;
  Duration idle_patience() const noexcept;

  Worker& worker_;
  PortSlot& slot_;
  std::unique_ptr<io::Stream> stream_;
  tls::TlsStream* tls_ = nullptr;  // stream_ as such, if it is one
  Exchange* exchange_ = nullptr;   // the one that runs
  bool* gone_ = nullptr;           // tells cut() that `this` died meanwhile
  Http2Connection* http2_ = nullptr;
  Http1Client client_;
  std::uint64_t received_ = 0;
  std::uint32_t requests_ = 0;
  observe::Series metrics_;
  std::uint16_t peer_port_ = 0;
  std::uint8_t peer_ip_size_ = 0;
  bool cut_ = false;
  char peer_ip_[46];  // text of the longest IPv6 address
};

}  // namespace turnpike::proxy
