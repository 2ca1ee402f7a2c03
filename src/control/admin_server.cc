#include "control/admin_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/arena.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace turnpike::control {
namespace {

bool is_loopback_ip(std::string_view ip) noexcept {
  const auto address = io::Address::from_ip(ip, 0);
  if (!address) return false;
  std::uint8_t bytes[16];
  address->ip_bytes(bytes);
  if (address->family() == AF_INET) return bytes[12] == 127;
  static constexpr std::uint8_t kOne[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(bytes, kOne, sizeof kOne) == 0;
}

// The host of "host:port", "[::1]:port", "host"; what is malformed stays as it is and matches nothing.
std::string_view without_port(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return authority;
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && !(rest.front() == ':' && parse_decimal<std::uint16_t>(rest.substr(1))))
      return authority;
    return authority.substr(1, end - 1);
  }
  const std::size_t colon = authority.find(':');
  if (colon == std::string_view::npos) return authority;
  if (!parse_decimal<std::uint16_t>(authority.substr(colon + 1))) return authority;
  return authority.substr(0, colon);
}

std::string head_of(const AdminResponse& response, bool keep, std::string_view allow) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head.append(http::reason_phrase(response.status));
  head += "\r\nContent-Type: " + response.content_type +
          "\r\nContent-Length: " + std::to_string(response.body.size());
  head += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff";
  if (!allow.empty()) head.append("\r\nAllow: ").append(allow);
  if (!keep) head += "\r\nConnection: close";
  return head += "\r\n\r\n";
}

unsigned status_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::request_line_too_long:
      return 414;
    case ErrorKind::head_too_large:
      return 431;
    case ErrorKind::unknown_transfer_coding:
      return 501;
    case ErrorKind::bad_version:
      return 505;
    case ErrorKind::expectation_failed:
      return 417;
    default:
      return 400;
  }
}

}  // namespace

AdminResponse admin_error(unsigned status, std::string_view message) {
  AdminResponse response{.status = status};
  JsonWriter json(response.body);
  json.begin_object().key("error").begin_object().key("status").value(status).key("message").value(message);
  json.end_object().end_object();
  response.body += '\n';
  return response;
}

std::expected<io::Address, std::string> parse_admin_address(std::string_view text) {
  const std::string shown(text);
  std::string literal(text);
  if (literal.starts_with("localhost:")) literal.replace(0, 9, "127.0.0.1");
  const auto address = io::Address::parse(literal);
  if (!address) {
    return std::unexpected(
        "'" + shown + "' is no address; write 127.0.0.1:9901, [::1]:9901, unix:/run/turnpike.sock or off");
  }
  if (address->is_ip() && !is_loopback_ip(address->ip())) {
    return std::unexpected("'" + shown +
                           "' can be reached by others: the admin API has no log-in and shows the whole "
                           "configuration, so it listens on loopback (127.0.0.1:9901) or on a Unix socket "
                           "(unix:/run/turnpike.sock) only");
  }
  return *address;
}

bool admin_host_allowed(std::string_view host) noexcept {
  const std::string_view name = without_port(host);
  return equals_ignoring_case(name, "localhost") || equals_ignoring_case(name, "localhost.") ||
         is_loopback_ip(name);
}

struct AdminServer::Connection {
  explicit Connection(std::unique_ptr<io::Stream> s) : stream(std::move(s)) {}
  std::unique_ptr<io::Stream> stream;
  Arena arena;
  std::vector<char> buffer;  // grows to the limit of a head
  std::size_t used = 0;
  std::size_t scanned = 0;
  bool waits = false;     // for the first byte of a request
  bool answered = false;  // once at least: the client knows that idle connections end
  http::RequestHead head;
  http::h1::ParseResult parsed;
};

AdminServer::AdminServer(io::Loop& loop, AdminPages& pages, const AdminLimits& limits)
    : loop_(loop), pages_(pages), limits_(limits) {}

AdminServer::~AdminServer() {
  acceptor_.reset();
  // Cancelling resumes the coroutine, which removes its connection.
  while (!connections_.empty()) connections_.front()->stream->cancel();
  if (!unlink_.empty()) ::unlink(unlink_.c_str());
}

std::expected<void, std::string> AdminServer::listen(const io::Address& address) {
  const mode_t before = address.is_ip() ? 0 : ::umask(0177);
  const auto fd = io::listen_on(address, false, 64);
  if (!address.is_ip()) ::umask(before);
  if (!fd) return std::unexpected(fd.error().message);
  take(*fd, false);
  return {};
}

void AdminServer::adopt(int fd) { take(fd, true); }

void AdminServer::take(int fd, bool paused) {
  const io::Address address = io::local_address(fd);
  address_ = address.text();
  if (!address.is_ip()) {
    check_host_ = false;
    unlink_ = address_.substr(std::strlen("unix:"));
  }
  listening_ = fd;
  acceptor_ = std::make_unique<io::Acceptor>(loop_, fd, *this);
  if (paused) acceptor_->pause();
}

void AdminServer::resume() {
  if (acceptor_ != nullptr) acceptor_->resume();
}

void AdminServer::hand_over() {
  handed_over_ = true;
  unlink_.clear();
  listening_ = -1;
  acceptor_.reset();
  std::vector<Connection*> waiting;
  for (const auto& connection : connections_) {
    if (connection->waits && connection->answered) waiting.push_back(connection.get());
  }
  for (Connection* connection : waiting) connection->stream->cancel();
}

void AdminServer::on_accept(int fd, const io::Address&) {
  if (connections_.size() >= limits_.connections) {
    ::close(fd);
    return;
  }
  serve(std::make_unique<io::SocketStream>(loop_, fd));
}

void AdminServer::serve(std::unique_ptr<io::Stream> stream) {
  connections_.push_front(std::make_unique<Connection>(std::move(stream)));
  io::spawn(run(connections_.begin()));
}

io::Task<void> AdminServer::run(Connections::iterator at) {
  Connection& connection = **at;
  for (bool open = true; open && co_await read_head(connection);) {
    Next next = Next::keep;
    std::string_view allow;
    const AdminResponse response = answer(connection, next, allow);
    if (handed_over_) next = Next::close;
    const std::string head = head_of(response, next == Next::keep, allow);
    const bool bodiless = connection.head.method == http::Method::head;
    open = co_await write_all(connection, head, bodiless ? std::string_view{} : response.body);
    if (next == Next::close || handed_over_) break;
    connection.answered = true;
    const std::size_t consumed = connection.parsed.consumed;
    std::memmove(connection.buffer.data(), connection.buffer.data() + consumed, connection.used - consumed);
    connection.used -= consumed;
    connection.scanned = 0;
    connection.head = {};
    connection.arena.reset();
  }
  connection.stream->shutdown_write();
  connections_.erase(at);
}

io::Task<bool> AdminServer::read_head(Connection& connection) {
  TimePoint deadline = loop_.now() + (connection.used > 0 ? limits_.head_timeout : limits_.idle_timeout);
  bool started = connection.used > 0;
  for (;;) {
    if (connection.used > 0) {
      connection.parsed =
          http::h1::parse_request({connection.buffer.data(), connection.used}, connection.scanned,
                                  limits_.head, connection.arena, connection.head);
      if (connection.parsed.state != http::h1::Parse::incomplete) co_return true;
    }
    if (connection.buffer.size() == connection.used) {
      // The codec refuses what is longer than its limit, so this ends.
      connection.buffer.resize(std::max<std::size_t>(2 * connection.buffer.size(), 2048));
    }
    const io::IoResult got = connection.stream->read(std::span(connection.buffer).subspan(connection.used));
    if (got.status == io::IoStatus::ok) {
      connection.used += got.bytes;
      if (!started) deadline = loop_.now() + limits_.head_timeout;
      started = true;
    } else if (got.status != io::IoStatus::would_block) {
      co_return false;
    } else {
      connection.waits = connection.used == 0;
      const io::Wait wait = co_await connection.stream->readable(deadline);
      connection.waits = false;
      if (wait != io::Wait::ready) co_return false;
    }
  }
}

io::Task<bool> AdminServer::write_all(Connection& connection, std::string_view head, std::string_view body) {
  const TimePoint deadline = loop_.now() + limits_.write_timeout;
  while (!head.empty() || !body.empty()) {
    const std::array<iovec, 2> parts{
        {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}}};
    const io::IoResult sent = connection.stream->write(std::span(parts).first(body.empty() ? 1 : 2));
    if (sent.status == io::IoStatus::ok) {
      const std::size_t of_head = std::min(sent.bytes, head.size());
      head.remove_prefix(of_head);
      body.remove_prefix(sent.bytes - of_head);
    } else if (sent.status != io::IoStatus::would_block ||
               co_await connection.stream->writable(deadline) != io::Wait::ready) {
      co_return false;
    }
  }
  co_return true;
}

AdminResponse AdminServer::answer(const Connection& connection, Next& next, std::string_view& allow) {
  const http::RequestHead& head = connection.head;
  if (connection.parsed.state == http::h1::Parse::error) {
    next = Next::close;
    return admin_error(status_of(connection.parsed.error.kind), connection.parsed.error.detail);
  }
  if (!head.keep_alive || head.version == http::Version::http10) next = Next::close;
  const bool content = head.framing == http::Framing::chunked || head.content_length > 0;
  if (content) next = Next::close;  // it is not read
  const bool missing = head.authority.empty() && head.version == http::Version::http10;
  if (check_host_ && !missing && !admin_host_allowed(head.authority)) {
    return admin_error(
        403,
        "the admin API answers to localhost, 127.0.0.1 and [::1] as Host only, so that web pages "
        "cannot reach it by DNS rebinding");
  }
  if (head.method != http::Method::get && head.method != http::Method::head) {
    allow = "GET, HEAD";
    return admin_error(405, "the admin API is read-only: use GET or HEAD");
  }
  if (content) return admin_error(413, "requests to the admin API have no content");
  return pages_.get({head.path, head.query, head.fields.value(http::FieldId::accept)});
}

}  // namespace turnpike::control
