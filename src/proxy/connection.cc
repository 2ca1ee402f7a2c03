#include "proxy/connection.h"

#include <algorithm>
#include <cstring>

#include "http/h2/codes.h"
#include "io/address.h"
#include "proxy/exchange.h"
#include "proxy/http2_connection.h"
#include "proxy/overload.h"
#include "proxy/port_slot.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"
#include "tls/stream.h"

namespace turnpike::proxy {

using namespace std::chrono_literals;

namespace {
// How long and how much is read on after an answer to a client that may still be sending (RFC 9112 §9.6).
constexpr Duration kLingerTime = 1s;
constexpr std::size_t kLingerBytes = 1024 * 1024;
// While memory is short a connection may stay idle for so long.
constexpr Duration kIdleUnderPressure = 1s;
// An idle connection is this, its stream and two coroutine frames: under 1 KB (docs/principles.md, principle
// 4).
static_assert(sizeof(ClientConnection) <= 232);
static_assert(sizeof(Exchange) <= 3 * 1024);

bool is_preface(std::string_view bytes) noexcept {
  return http::h2::kPreface.starts_with(bytes.substr(0, http::h2::kPreface.size()));
}
}  // namespace

ClientConnection::ClientConnection(Worker& worker, PortSlot& slot, std::unique_ptr<io::Stream> stream,
                                   const io::Address& peer)
    : worker_(worker), slot_(slot), stream_(std::move(stream)), client_(*this), peer_port_(peer.port()) {
  const std::string ip = peer.is_ip() ? peer.ip() : "unix";
  peer_ip_size_ = static_cast<std::uint8_t>(std::min(ip.size(), sizeof peer_ip_));
  std::memcpy(peer_ip_, ip.data(), peer_ip_size_);
  if (slot_.port().tls) {
    auto secured = std::make_unique<tls::TlsStream>(std::move(stream_), *slot_.port().tls_context);
    tls_ = secured.get();
    stream_ = std::move(secured);
  }
  client_.set_stream(*stream_);
  worker_.add(*this);
  slot_.connection_opened();
  metrics_ = worker_.recorder().connection_opened(slot_.port());
}

ClientConnection::~ClientConnection() {
  if (gone_ != nullptr) *gone_ = true;
  worker_.recorder().connection_closed(metrics_, received_, client_.sent());
  worker_.remove(*this);
  slot_.connection_closed();
}

io::Task<void> ClientConnection::run(std::unique_ptr<ClientConnection> connection) {
  co_await connection->serve();
}

void ClientConnection::cut() {
  // Its streams may need turns of the loop to end: it is not to be found idle again meanwhile.
  cut_ = true;
  if (http2_ != nullptr) {
    set_idle(false);
    http2_->say_goodbye();
  }
  // It may wait for the upstream or for us to take its bytes; the end of either wait may destroy all of this.
  bool gone = false;
  gone_ = &gone;
  if (exchange_ != nullptr) exchange_->give_up();
  if (gone) return;
  gone_ = nullptr;
  stream_->cancel();
}

void ClientConnection::drain(const PortSlot* of) {
  if (http2_ != nullptr && (of == nullptr || of == &slot_)) http2_->drain();
}

void ClientConnection::set_idle(bool idle) noexcept {
  if (idle_ == idle) return;
  idle ? worker_.became_idle(*this) : worker_.became_active(*this);
  idle_ = idle;
}

bool ClientConnection::may_go_on() const noexcept {
  const unsigned most = slot_.port().settings.requests_per_connection;
  return !slot_.closing() && !worker_.draining() && !stream_->cancelled() &&
         (most == 0 || requests_ < most) && worker_.overload().pressure() == Pressure::none;
}

// How long the first byte of the next request may take.
Duration ClientConnection::idle_patience() const noexcept {
  const plan::ClientSettings& settings = slot_.port().settings;
  if (worker_.draining()) return std::min(settings.idle_timeout, worker_.idle_grace());
  if (worker_.overload().pressure() != Pressure::none)
    return std::min(settings.idle_timeout, kIdleUnderPressure);
  return requests_ == 0 ? std::min(settings.idle_timeout, 2 * settings.head_timeout) : settings.idle_timeout;
}

io::IoResult ClientConnection::fill() noexcept {
  const io::IoResult result = stream_->read(client_.buffer().room());
  if (result.status == io::IoStatus::ok) {
    client_.buffer().filled(result.bytes);
    received_ += result.bytes;
  }
  return result;
}

io::Task<bool> ClientConnection::handshake() {
  const TimePoint deadline = stream_->loop().now() + slot_.port().settings.head_timeout;
  const Result<void> done = co_await tls_->handshake(deadline);
  worker_.recorder().handshake(slot_.port(), *tls_, done);
  if (done) co_return true;
  // Who connects and says nothing is a probe of some load balancer: nobody wants to read of it.
  if (done.error().kind != ErrorKind::client_tls || !tls_->peer_spoke()) co_return false;
  Error error = done.error();
  if (tls_->peer_spoke_http()) {
    // It would wait for an answer that it cannot read: it gets one that it can.
    error.detail = "plain HTTP on a TLS port";
    stream_ = tls_->give_up_tls();
    tls_ = nullptr;
    client_.set_stream(*stream_);
  }
  auto exchange =
      std::make_unique<Exchange>(client_, WorkerPlan::Pin(slot_.plan()), slot_.port(), stream_->loop().now());
  exchange_ = exchange.get();
  const After after = co_await exchange->fail_before_head(error);
  exchange_ = nullptr;
  exchange.reset();
  if (after == After::linger) co_await close_in_order(true);
  co_return false;
}

io::Task<void> ClientConnection::serve() {
  io::Loop& loop = stream_->loop();
  Buffer& buffer = client_.buffer();
  if (tls_ != nullptr && !co_await handshake()) co_return;
  bool http2 = tls_ != nullptr && tls_->alpn() == "h2";
  After after = After::keep_alive;
  while (after == After::keep_alive && !http2) {
    if (buffer.empty()) {
      // Between requests nothing is held but the connection itself.
      buffer.release();
      set_idle(true);
      const io::Wait wait = co_await stream_->readable(loop.now() + idle_patience());
      set_idle(false);
      if (wait != io::Wait::ready) break;
      buffer.allocate();
      const io::IoResult got = fill();
      if (got.status == io::IoStatus::would_block) continue;
      if (got.status != io::IoStatus::ok) co_return;  // the client has gone
      if (requests_ == 0 && tls_ == nullptr && is_preface(buffer.view())) {
        http2 = co_await read_preface();
        if (http2) break;
      }
    }

    // The plan of this moment serves the whole request.
    std::unique_ptr<Exchange> exchange =
        std::make_unique<Exchange>(client_, WorkerPlan::Pin(slot_.plan()), slot_.port(), loop.now());
    Error failure{};
    if (exchange->parse() == http::h1::Parse::incomplete) failure = co_await read_head(*exchange);
    ++requests_;
    exchange_ = exchange.get();
    after = failure.kind == ErrorKind::none ? co_await exchange->run()
                                            : co_await exchange->fail_before_head(failure);
    exchange_ = nullptr;
    exchange.reset();
    if (after == After::keep_alive) {
      // What the response promised is kept: who drains meanwhile says so with the next one.
      if (stream_->cancelled()) after = After::close;
      if (buffer.empty()) {
        buffer.clear();
      } else {
        buffer.compact();  // the next request has begun to arrive
      }
    }
  }
  if (http2) after = co_await serve_http2();
  if (after == After::abort) {
    stream_->abort();
    co_return;
  }
  co_await close_in_order(after == After::linger);
}

// The head did not come in one piece.
io::Task<Error> ClientConnection::read_head(Exchange& exchange) {
  Buffer& buffer = client_.buffer();
  const TimePoint deadline = stream_->loop().now() + slot_.port().settings.head_timeout;
  do {
    if (buffer.room().empty()) {
      buffer.grow(std::max(buffer.capacity() * 2, Buffer::kSize));  // bounded by limits.head in the parser
      exchange.head_moved();
    }
    const io::Wait wait = co_await stream_->readable(deadline);
    if (wait == io::Wait::timeout) co_return client_error(ErrorKind::client_head_timeout);
    if (wait == io::Wait::cancelled) co_return our_error(ErrorKind::draining);
    const io::IoResult got = fill();
    if (got.status == io::IoStatus::eof || got.status == io::IoStatus::error)
      co_return client_error(ErrorKind::client_closed, "the head of the request is not whole");
  } while (exchange.parse() == http::h1::Parse::incomplete);
  co_return Error{};
}

// What has come begins like HTTP/2's preface (RFC 9113 §3.3): waits for the rest of it. False: it is none, or
// does not come.
io::Task<bool> ClientConnection::read_preface() {
  const TimePoint deadline = stream_->loop().now() + slot_.port().settings.head_timeout;
  while (is_preface(client_.buffer().view())) {
    if (client_.buffer().size() >= http::h2::kPreface.size()) co_return true;
    if (co_await stream_->readable(deadline) != io::Wait::ready) break;
    const io::IoResult got = fill();
    if (got.status != io::IoStatus::ok && got.status != io::IoStatus::would_block) break;
  }
  co_return false;
}

io::Task<After> ClientConnection::serve_http2() {
  Http2Connection http2(*this);
  http2_ = &http2;
  set_idle(true);
  if (!client_.buffer().empty()) http2.feed(client_.buffer().view());
  client_.buffer().release();
  const After after = co_await http2.run();
  http2_ = nullptr;
  set_idle(false);
  co_return after;
}

void ClientConnection::request_begins() noexcept {
  ++requests_;
  set_idle(false);
}

void ClientConnection::requests_ended() noexcept {
  if (!cut_ && http2_ != nullptr) set_idle(true);
}

void ClientConnection::count(std::uint64_t received, std::uint64_t sent) noexcept {
  received_ += received;
  client_.count_sent(sent);
}

io::Task<void> ClientConnection::close_in_order(bool linger) {
  stream_->shutdown_write();
  if (!linger) co_return;
  // Closing with unread bytes makes the kernel send RST, which may destroy the response on its way.
  const TimePoint deadline = stream_->loop().now() + kLingerTime;
  std::size_t left = kLingerBytes;
  Buffer& buffer = client_.buffer();
  buffer.allocate();
  while (left > 0) {
    buffer.clear();
    const io::IoResult got = fill();
    if (got.status == io::IoStatus::would_block) {
      if (co_await stream_->readable(deadline) != io::Wait::ready) break;
    } else if (got.status != io::IoStatus::ok) {
      break;
    }
    left -= std::min(left, got.bytes);
  }
}

}  // namespace turnpike::proxy
