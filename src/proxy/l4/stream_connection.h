// A client's connection that is not (or not yet) known to be HTTP: takes the PROXY header where the port
// wants one, looks which server name a TLS client asks for, and then hands the connection to HTTP, or relays
// it to a backend of a TCPRoute or TLSRoute.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "io/address.h"
#include "io/socket.h"
#include "io/task.h"
#include "l4/client_hello.h"
#include "observe/metrics.h"
#include "plan/plan.h"
#include "proxy/buffer.h"
#include "proxy/downstream.h"
#include "proxy/worker_plan.h"
#include "upstream/cluster.h"

namespace turnpike::tls {
class TlsStream;
}

namespace turnpike::proxy {

class PortSlot;
class Worker;

class StreamConnection final : public Downstream {
 public:
  // Registers itself with the worker and the slot.
  StreamConnection(Worker& worker, PortSlot& slot, std::unique_ptr<io::SocketStream> socket,
                   const io::Address& peer);
  ~StreamConnection();

  // Serves until the connection ends or HTTP has it; the root task of a connection.
  static io::Task<void> run(std::unique_ptr<StreamConnection> connection);

  void cut() override;

 private:
  io::Task<void> serve();

  // --- arrival.cc: who it is from and what it asks for; nothing of the content is taken
  io::Task<Error> arrive();
  io::Task<Error> take_proxy_header(TimePoint deadline);
  io::Task<Error> look_at_hello(TimePoint deadline);
  io::Task<Error> wait_for_more(TimePoint deadline, std::size_t have);
  void hand_to_http();

  // --- stream_connection.cc
  Error find_route();
  io::Task<Error> secure();
  Error choose_backend();
  io::Task<Error> connect();
  io::Task<Error> attempt(upstream::Endpoint& endpoint);
  io::Task<void> relay();
  void report(const Error& error) noexcept;
  void keep_names();
  void count_opened() noexcept;
  void refuse(const Error& error) noexcept;
  void record() noexcept;
  io::Loop& loop() noexcept { return stream_->loop(); }

  Worker& worker_;
  PortSlot& slot_;
  WorkerPlan::Pin plan_;    // until the backend is connected: a connection of days must not keep a plan
  const plan::Port& port_;  // of the plan: for as long as it is pinned
  const plan::Listener* listener_ = nullptr;
  const plan::Rule* rule_ = nullptr;
  io::SocketStream* socket_;            // the one below stream_
  std::unique_ptr<io::Stream> stream_;  // towards the client
  tls::TlsStream* tls_ = nullptr;       // stream_ as such, if TLS ends here
  io::Address client_;
  io::Address destination_;  // that the client connected to, where a PROXY header says so
  l4::ServerName server_name_;
  Buffer from_client_;
  Buffer from_upstream_;

  upstream::Cluster* cluster_ = nullptr;
  upstream::Endpoint* endpoint_ = nullptr;  // chosen and not reported yet
  upstream::Lease lease_;
  upstream::OpenCancel opening_;
  upstream::Pick pick_;
  const upstream::Endpoint* tried_[8] = {};
  unsigned tried_count_ = 0;
  unsigned attempts_ = 0;  // after the first

  // For the record.
  std::string names_;  // listener, route, rule, upstream, endpoint, each ended by NUL
  observe::Series listener_metrics_;
  observe::Series route_metrics_;
  TimePoint started_;
  TimePoint attempt_started_{};
  TimePoint connected_at_{};
  std::uint64_t received_ = 0;
  std::uint64_t sent_ = 0;
  ErrorKind reason_ = ErrorKind::none;
  std::string_view detail_;
  bool is_tls_ = false;
  bool opened_ = false;  // counted as a connection of the listener
  bool routed_ = false;  // counted as one of the route
  bool handed_over_ = false;
  bool cut_ = false;
  bool introducing_ = false;  // what it waits for is the upstream
};

}  // namespace turnpike::proxy
