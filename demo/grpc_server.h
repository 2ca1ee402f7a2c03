// A small gRPC server for sample services, over HTTP/2 without TLS, on src/mux.
#pragma once

#include <string>
#include <string_view>

#include "faults.h"
#include "http/grpc/status.h"
#include "io/socket.h"
#include "io/task.h"
#include "mux/stream.h"

namespace turnpike::demo {

// The way back to the caller.
class Reply {
 public:
  explicit Reply(mux::Stream& stream) noexcept : stream_(stream) {}
  // One message; false when the caller has gone.
  io::Task<bool> send(std::string message);
  // Ends the call. Without a message before it, the response is trailers only.
  void finish(http::grpc::Status status, std::string_view message, Arena& arena);
  bool gone() const noexcept { return stream_.peer_closed() || stream_.cancelled(); }
  io::Loop& loop() noexcept { return stream_.loop(); }

 private:
  void send_head(bool end);
  mux::Stream& stream_;
  Arena head_;
  http::Fields trailers_;  // live until they are written
  bool started_ = false;
};

class GrpcRole {
 public:
  virtual ~GrpcRole() = default;
  // One call: `path` is "/package.Service/Method", `message` its only message.
  virtual io::Task<http::grpc::Status> call(std::string_view path, std::string_view message,
                                            Reply& reply) = 0;
};

class GrpcServer final : private io::Acceptor::Handler {
 public:
  static constexpr std::size_t kMostMessage = 64 * 1024;  // bytes

  // Takes a descriptor from listen_on(). Serves a role, and grpc.health.v1.Health/Check, until the loop
  // stops.
  GrpcServer(io::Loop& loop, int fd, GrpcRole& role, Faults& faults);

  GrpcRole& role() noexcept { return role_; }
  Faults& faults() noexcept { return faults_; }

 private:
  void on_accept(int fd, const io::Address& peer) override;

  io::Loop& loop_;
  GrpcRole& role_;
  Faults& faults_;
  io::Acceptor acceptor_;
};

}  // namespace turnpike::demo
