// The beginning of a connection: the PROXY header, and the server name of a ClientHello. What is looked at
// stays in the kernel's buffer, so that whoever speaks with the client afterwards finds the connection
// untouched.
#include <array>

#include "l4/proxy_protocol.h"
#include "plan/plan.h"
#include "proxy/connection.h"
#include "proxy/l4/stream_connection.h"
#include "proxy/port_slot.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {

// One per worker's thread and call: nothing is kept in it.
using PeekBuffer = std::array<char, l4::kMostHelloBytes>;
PeekBuffer& peek_buffer() noexcept {
  thread_local PeekBuffer buffer;
  return buffer;
}

bool is_trusted(const plan::ProxyProtocol& settings, const io::Address& peer) noexcept {
  for (const io::Cidr& block : settings.trusted) {
    if (block.contains(peer)) return true;
  }
  return false;
}

}  // namespace

io::Task<Error> StreamConnection::arrive() {
  const TimePoint deadline = loop().now() + port_.settings.head_timeout;
  if (port_.settings.proxy_protocol.mode != plan::ProxyProtocol::Mode::off) {
    const Error error = co_await take_proxy_header(deadline);
    if (error.kind != ErrorKind::none) co_return error;
  }
  if (port_.looks_at_hello) {
    const Error error = co_await look_at_hello(deadline);
    if (error.kind != ErrorKind::none) co_return error;
    const std::uint32_t found = port_.hosts.find(server_name_.text());
    if (found == route::HostIndex::kNone) co_return client_error(ErrorKind::no_listener_host);
    listener_ = &port_.listeners[found];
  } else {
    listener_ = &port_.listeners.front();
  }
  co_return Error{};
}

// More than the `have` bytes that were looked at already.
io::Task<Error> StreamConnection::wait_for_more(TimePoint deadline, std::size_t have) {
  switch (co_await socket_->readable(deadline)) {
    case io::Wait::ready:
      co_return Error{};
    case io::Wait::timeout:
      co_return client_error(
          ErrorKind::client_head_timeout,
          have == 0 ? "the client sent nothing" : "the beginning of the connection is not whole");
    case io::Wait::cancelled:
      break;
  }
  co_return our_error(ErrorKind::cancelled);
}

io::Task<Error> StreamConnection::take_proxy_header(TimePoint deadline) {
  using Mode = plan::ProxyProtocol::Mode;
  const plan::ProxyProtocol& settings = port_.settings.proxy_protocol;
  const bool trusted = is_trusted(settings, client_);
  if (!trusted && settings.mode == Mode::required)
    co_return client_error(ErrorKind::proxy_protocol, "the peer is none of proxyProtocol.trustedSources");
  l4::ProxyHeader header;
  for (std::size_t have = 0;;) {
    std::span<char> into(peek_buffer().data(), l4::kMostProxyHeaderBytes);
    const io::IoResult got = socket_->peek(into, have);
    if (got.status == io::IoStatus::would_block) {
      const Error error = co_await wait_for_more(deadline, have);
      if (error.kind != ErrorKind::none) co_return error;
      continue;
    }
    if (got.status != io::IoStatus::ok)
      co_return client_error(ErrorKind::client_closed, "closed before the PROXY header was whole");
    have = got.bytes;
    const l4::ProxyResult result = l4::parse_proxy_header({into.data(), have}, header);
    if (result.state == l4::ProxyParse::incomplete) continue;
    if (result.state == l4::ProxyParse::malformed)
      co_return client_error(ErrorKind::proxy_protocol, result.problem);
    if (result.state == l4::ProxyParse::absent) {
      if (settings.mode == Mode::optional) co_return Error{};
      co_return client_error(ErrorKind::proxy_protocol, "there is no PROXY header");
    }
    break;
  }
  if (!trusted)
    co_return client_error(ErrorKind::proxy_protocol,
                           "a PROXY header from a peer that is none of proxyProtocol.trustedSources");
  // Whole in the kernel's buffer: it is there at once.
  const io::IoResult taken = socket_->read(std::span(peek_buffer().data(), header.size));
  if (taken.status != io::IoStatus::ok || taken.bytes != header.size)
    co_return client_error(ErrorKind::client_closed, "closed within the PROXY header");
  received_ += header.size;
  if (!header.local) {
    client_ = header.source;
    destination_ = header.destination;
  }
  co_return Error{};
}

io::Task<Error> StreamConnection::look_at_hello(TimePoint deadline) {
  is_tls_ = true;
  for (std::size_t have = 0;;) {
    const io::IoResult got = socket_->peek(peek_buffer(), have);
    if (got.status == io::IoStatus::would_block) {
      const Error error = co_await wait_for_more(deadline, have);
      if (error.kind != ErrorKind::none) co_return error;
      continue;
    }
    if (got.status != io::IoStatus::ok)
      co_return client_error(ErrorKind::client_closed, "closed before the ClientHello was whole");
    have = got.bytes;
    const l4::HelloResult result = l4::peek_client_hello({peek_buffer().data(), have}, server_name_);
    if (result.state == l4::Peeked::complete) co_return Error{};
    if (result.state == l4::Peeked::refused) co_return client_error(ErrorKind::client_tls, result.problem);
    if (have == peek_buffer().size())
      co_return client_error(ErrorKind::client_tls, "the ClientHello is too long");
  }
}

void StreamConnection::hand_to_http() {
  handed_over_ = true;
  auto connection = std::make_unique<ClientConnection>(worker_, slot_, std::move(stream_), client_);
  io::spawn(ClientConnection::run(std::move(connection)));
}

}  // namespace turnpike::proxy
