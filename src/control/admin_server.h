// A minimal HTTP/1.1 server for the admin API, on the control thread's loop: GET and HEAD without content,
// bounded in every direction. What it serves comes from AdminPages; it knows no page itself.
#pragma once

#include <cstddef>
#include <expected>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/h1/codec.h"
#include "http/message.h"
#include "io/loop.h"
#include "io/socket.h"
#include "io/stream.h"
#include "io/task.h"

namespace turnpike::control {

struct AdminRequest {
  std::string_view path;  // as received, without query
  std::string_view query;
  std::string_view accept;  // the Accept field
};

struct AdminResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
};
// {"error": {"status": 404, "message": "…"}}: every refusal looks like this.
AdminResponse admin_error(unsigned status, std::string_view message);

class AdminPages {
 public:
  // Called on the loop for each GET and HEAD.
  virtual AdminResponse get(const AdminRequest& request) = 0;

 protected:
  ~AdminPages() = default;
};

// The address of the admin API: 127.0.0.0/8, ::1, "localhost:PORT" or "unix:/path". Anything else is an error
// whose text says why: the API shows the configuration and has no log-in.
std::expected<io::Address, std::string> parse_admin_address(std::string_view text);

// Whether a Host field may be answered: browsers can be led to loopback addresses under other names (DNS
// rebinding).
bool admin_host_allowed(std::string_view host) noexcept;

struct AdminLimits {
  std::size_t connections = 64;  // further ones are closed at once
  Duration head_timeout = std::chrono::seconds(5);
  Duration idle_timeout = std::chrono::seconds(60);
  Duration write_timeout = std::chrono::seconds(10);
  http::h1::Limits head{.request_line = 4096, .head = 8192, .field_count = 64};
};

class AdminServer final : public io::Acceptor::Handler {
 public:
  // `pages` must outlive the server.
  AdminServer(io::Loop& loop, AdminPages& pages, const AdminLimits& limits = {});
  // Cuts all connections.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Listens; the error is for people. A Unix socket gets mode 0600.
  std::expected<void, std::string> listen(const io::Address& address);
  // Takes a listening socket that was given to this process. Nobody is answered before resume().
  void adopt(int fd);
  void resume();
  // The listening socket; -1 if there is none.
  int fd() const noexcept { return listening_; }
  // The successor answers from now on: stops listening and leaves a Unix socket's file. Connections end when
  // their answer is out.
  void hand_over();
  // Where it listens: "127.0.0.1:9901", "unix:/path"; empty before listen().
  const std::string& address() const noexcept { return address_; }
  // Serves one connection, as if it had been accepted.
  void serve(std::unique_ptr<io::Stream> stream);
  std::size_t connections() const noexcept { return connections_.size(); }
  void on_accept(int fd, const io::Address& peer) override;

 private:
  struct Connection;
  using Connections = std::list<std::unique_ptr<Connection>>;
  // What became of one request.
  enum class Next : std::uint8_t { keep, close };

  void take(int fd, bool paused);
  io::Task<void> run(Connections::iterator at);
  // Reads until one head is complete or refused; false when the connection is to be closed without an answer.
  io::Task<bool> read_head(Connection& connection);
  io::Task<bool> write_all(Connection& connection, std::string_view head, std::string_view body);
  AdminResponse answer(const Connection& connection, Next& next, std::string_view& allow);

  io::Loop& loop_;
  AdminPages& pages_;
  const AdminLimits limits_;
  std::string address_;
  bool check_host_ = true;  // browsers do not reach Unix sockets
  std::string unlink_;      // path of our Unix socket
  int listening_ = -1;      // the acceptor's
  bool handed_over_ = false;
  std::unique_ptr<io::Acceptor> acceptor_;
  Connections connections_;
};

}  // namespace turnpike::control
