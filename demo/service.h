// A small HTTP/1.1 server for sample services: one thread, bounded requests, answers made at once or after a
// call to another service.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "faults.h"
#include "feed.h"
#include "http/h1/codec.h"
#include "io/socket.h"
#include "io/task.h"

namespace turnpike::demo {

struct Request {
  std::string method;
  std::string path;
  std::string query;
  std::string body;
  std::string
      request_id;  // X-Request-Id and traceparent as they came: passed on with calls to other services
  std::string traceparent;
};

struct Response {
  unsigned status = 200;
  std::string body;  // JSON
};

// What a service does with a request. Lives as long as the server.
class Role {
 public:
  virtual ~Role() = default;
  // The request lives until the task ends.
  virtual io::Task<Response> answer(const Request& request) = 0;
  // What a WebSocket on this path tells; null: there is none.
  virtual Feed* feed(std::string_view path) {
    (void)path;
    return nullptr;
  }
};

// Serves a role on one address until the loop stops.
class Server final : private io::Acceptor::Handler {
 public:
  static constexpr std::size_t kMostBody = 1 << 20;  // bytes; 413 beyond

  // Takes a descriptor from listen_on().
  Server(io::Loop& loop, int fd, std::string name, Role& role, Faults& faults);

 private:
  void on_accept(int fd, const io::Address& peer) override;
  io::Task<void> serve(std::unique_ptr<io::SocketStream> stream);
  // False when the connection is over.
  io::Task<bool> serve_one(io::SocketStream& stream, std::string& buffer);
  io::Task<Response> respond(const Request& request);
  Response change_faults(const Request& request);

  io::Loop& loop_;
  std::string name_;
  Role& role_;
  Faults& faults_;
  io::Acceptor acceptor_;
};

// Reads once into the end of `buffer`; false at the end of the stream, an error or the deadline.
io::Task<bool> read_more(io::Stream& stream, std::string& buffer, TimePoint deadline);
// Writes all of it.
io::Task<bool> write_all(io::Stream& stream, std::string_view text, TimePoint deadline);
// Moves a message's content from the front of `buffer` and the stream into `body`. False: broken, or above
// `most`.
io::Task<bool> read_body(io::Stream& stream, std::string& buffer, http::h1::BodyReader& reader,
                         std::size_t most, std::string& body, TimePoint deadline);

}  // namespace turnpike::demo
