// A client's HTTP/2 connection: an exchange for each of its streams.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "http/h2/limits.h"
#include "io/task.h"
#include "mux/connection.h"
#include "proxy/client.h"

namespace turnpike::proxy {

class ClientConnection;
class Http2Request;

// Lies in the frame of ClientConnection::serve_http2().
class Http2Connection final : private mux::Handler {
 public:
  explicit Http2Connection(ClientConnection& connection);
  ~Http2Connection();
  Http2Connection(const Http2Connection&) = delete;
  Http2Connection& operator=(const Http2Connection&) = delete;

  // What has been read of the connection already; before run().
  void feed(std::string_view bytes) { mux_.feed(bytes); }
  // Serves until the connection has ended and its last exchange is over.
  io::Task<After> run();
  // No more requests: GOAWAY; those that run are served.
  void drain() { mux_.drain(); }
  void say_goodbye() noexcept { mux_.say_goodbye(); }

  mux::Connection& mux() noexcept { return mux_; }
  ClientConnection& connection() noexcept { return connection_; }

 private:
  Arena& request_arena() override;
  mux::Stream* on_request(http::RequestHead&& head) override;
  void on_refused(const Error& error, unsigned status) override;
  void on_received() override;
  void on_settings() override {}
  void on_stream_gone(std::size_t streams) override;
  void on_closing() override {}
  void count_resets() noexcept;

  ClientConnection& connection_;
  const http::h2::Limits limits_;  // of the plan in which it began
  mux::Connection mux_;
  std::uint64_t resets_counted_[2] = {0, 0};  // received, sent
  std::unique_ptr<Http2Request> next_;        // whose head is being read
  Http2Request* begun_first_ = nullptr;       // taken with this read, to be run behind it
  Http2Request* begun_last_ = nullptr;
};

}  // namespace turnpike::proxy
