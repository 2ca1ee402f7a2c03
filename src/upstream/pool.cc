#include "upstream/pool.h"

#include <utility>

#include "tls/stream.h"
#include "upstream/multiplexed.h"
#include "upstream/waiting.h"
#include "upstream/worker_clusters.h"

namespace turnpike::upstream {

Pool::~Pool() {
  close(true);
  while (multiplexed_first_ != nullptr) {
    MultiplexedConnection& last = *multiplexed_first_;
    unlist(last);
    last.cut();
  }
}

namespace {

enum class Agreed : std::uint8_t { http1, http2, refused };

// What is spoken on a connection that has just been made.
Agreed agreed_protocol(const ClusterConfig& config, io::Stream& stream) noexcept {
  if (!wants_http2(config.protocol)) return Agreed::http1;
  if (!config.tls) return Agreed::http2;
  if (static_cast<tls::TlsStream&>(stream).alpn() == "h2") return Agreed::http2;
  return config.protocol == Protocol::h2 ? Agreed::http1 : Agreed::refused;
}

}  // namespace

// --- idle connections
// ------------------------------------------------------------------------------------------------

void Connection::on_hangup() {
  pool_.counts_.closed_by_peer.add();
  pool_.unlink(*this);
  pool_.close_idle(*this);
}

// An idle connection must be silent: bytes that nobody asked for would be taken for the next response.
bool Pool::usable(Connection& connection) noexcept {
  io::Stream& stream = *connection.stream_;
  if (stream.peer_closed()) {
    counts_.closed_by_peer.add();
    return false;
  }
  if (!stream.ready(io::Direction::read)) return true;
  // Ready does not mean that there are bytes: TLS handles its own records here.
  char byte;
  const io::IoResult got = stream.read({&byte, 1});
  if (got.status == io::IoStatus::would_block) return true;
  (got.status == io::IoStatus::ok ? counts_.unsolicited : counts_.closed_by_peer).add();
  return false;
}

Lease Pool::borrow() noexcept {
  if (MultiplexedConnection* const shared = with_room(); shared != nullptr) return lease_stream(*shared);
  while (newest_ != nullptr) {
    Connection& connection = pop_newest();
    connection.stream_->set_hangup_listener(nullptr);
    if (usable(connection)) {
      connection.reused_ = true;
      ++leased_;
      counts_.reused.add();
      return Lease(&connection);
    }
    destroy(connection);
  }
  return {};
}

void Pool::give_back(Connection& connection) noexcept {
  --leased_;
  ++connection.requests_;
  const unsigned most = config_->pool.most_requests;
  // Of a connection that began with a PROXY header the other end believes that it is one client's.
  const bool one_client = config_->proxy_protocol != l4::ProxyVersion::none;
  if (one_client || (most != 0 && connection.requests_ >= most) || connection.stream_->cancelled() ||
      !usable(connection)) {
    destroy(connection);
    connect_for_waiting();
    return;
  }
  keep(connection);
}

void Pool::discard(Connection& connection) noexcept {
  --leased_;
  destroy(connection);
  connect_for_waiting();
}

// To the request that has waited longest, or into the pool.
void Pool::keep(Connection& connection) noexcept {
  if (waiting_head_ != nullptr) {
    if (endpoint_.bound.wanted(permits_asked_) && ++turns_at_home_ % kTurnsAtHome == 0) {
      // Other workers wait too; their permit costs us a connection, so they get only one now and then.
      destroy(connection);
      connect_for_waiting();
      return;
    }
    ++leased_;
    if (connection.requests_ > 0) {
      connection.reused_ = true;
      counts_.reused.add();
    }
    waiting_head_->grant(connection);
    return;
  }
  const PoolLimits& limits = config_->pool;
  if (closed_ || idle_count_ >= limits.most_idle || limits.idle_timeout <= Duration::zero() ||
      endpoint_.bound.wanted()) {
    destroy(connection);
    return;
  }
  connection.older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &connection;
  newest_ = &connection;
  ++idle_count_;
  counts_.idle.add();
  connection.idle_since_ = loop_.now();
  connection.stream_->set_hangup_listener(&connection);
  if (!armed()) loop_.timers().arm(*this, connection.idle_since_ + limits.idle_timeout);
}

Connection& Pool::pop_newest() noexcept {
  Connection& connection = *newest_;
  newest_ = connection.older_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = nullptr;
  connection.older_ = nullptr;
  --idle_count_;
  counts_.idle.subtract();
  return connection;
}

Connection& Pool::pop_oldest() noexcept {
  Connection& connection = *oldest_;
  oldest_ = connection.newer_;
  (oldest_ != nullptr ? oldest_->older_ : newest_) = nullptr;
  connection.newer_ = nullptr;
  --idle_count_;
  counts_.idle.subtract();
  return connection;
}

void Pool::unlink(Connection& connection) noexcept {
  (connection.newer_ != nullptr ? connection.newer_->older_ : newest_) = connection.older_;
  (connection.older_ != nullptr ? connection.older_->newer_ : oldest_) = connection.newer_;
  connection.newer_ = connection.older_ = nullptr;
  --idle_count_;
  counts_.idle.subtract();
}

void Pool::close_idle(Connection& connection) noexcept {
  // TLS says good-bye; over TCP closing says it.
  if (config_->tls) connection.stream_->shutdown_write();
  destroy(connection);
}

void Pool::destroy(Connection& connection) noexcept {
  delete &connection;
  endpoint_.bound.release(endpoint_);
}

void Pool::on_timer() {
  const Duration age = config_->pool.idle_timeout;
  while (oldest_ != nullptr && oldest_->idle_since_ + age <= loop_.now()) {
    counts_.idle_timeouts.add();
    close_idle(pop_oldest());
  }
  if (oldest_ != nullptr) loop_.timers().arm(*this, oldest_->idle_since_ + age);
}

void Pool::give_up_idle() noexcept {
  while (oldest_ != nullptr && endpoint_.bound.wanted()) {
    counts_.given_up.add();
    close_idle(pop_oldest());
  }
  for (MultiplexedConnection* c = multiplexed_first_; c != nullptr && endpoint_.bound.wanted();
       c = c->next_) {
    if (!c->idle()) continue;
    counts_.given_up.add();
    c->retire();
  }
}

void Pool::close(bool cancel_dials) noexcept {
  closed_ = true;
  while (oldest_ != nullptr) close_idle(pop_oldest());
  for (MultiplexedConnection* c = multiplexed_first_; c != nullptr; c = c->next_) c->retire();
  if (!cancel_dials) return;
  for (Connecting* connecting = connects_; connecting != nullptr;) {
    Connecting* const next = connecting->next;
    if (connecting->settling != nullptr) connecting->settling->end(MultiplexedConnection::Settled::cancelled);
    connecting->dial.cancel();
    connecting = next;
  }
}

// --- opening
// ---------------------------------------------------------------------------------------------------------

io::Task<Result<Lease>> Pool::open(TimePoint deadline, OpenCancel* cancel) {
  if (waiting_count_ >= config_->pool.most_pending) {
    counts_.overflow.add();
    co_return std::unexpected(Error{ErrorKind::upstream_overflow, ErrorSource::us, Retry::safe,
                                    "too many requests wait for a connection to the endpoint"});
  }
  Waiting waiting(*this, deadline);
  add_waiting(waiting);
  connect_for_waiting();
  if (cancel != nullptr) cancel->target_ = &waiting;
  Result<Lease> result = co_await waiting;
  if (cancel != nullptr) cancel->target_ = nullptr;
  co_return result;
}

void Pool::connect_for_waiting() {
  if (starting_) return;
  starting_ = true;
  while (connections_wanted() > connecting_ + permits_asked_ && connecting_ < kMostConnecting) {
    if (endpoint_.bound.try_acquire()) {
      io::spawn(connect_one());
    } else if (oldest_ != nullptr) {
      // A new one was asked for though there are idle ones: one of them may be what has just failed.
      counts_.given_up.add();
      close_idle(pop_oldest());
    } else {
      ask_for_permit();
    }
  }
  starting_ = false;
}

void Pool::ask_for_permit() {
  ++permits_asked_;
  if (!endpoint_.bound.wait_for_permit(endpoint_, worker_)) return;
  // Others may have the connection that we need idle in their pools. While somebody waits none becomes idle,
  // so that it is enough to ask once.
  endpoint_.mailboxes().post_all(
      [endpoint = endpoint_.shared_from_this()](WorkerClusters& clusters) { clusters.on_give_up(*endpoint); },
      worker_);
}

void Pool::on_permit() {
  if (permits_asked_ > 0) --permits_asked_;
  if (connections_wanted() > connecting_) {
    io::spawn(connect_one());
    return;
  }
  // Connections that came back have served those that waited.
  if (permits_asked_ > 0) permits_asked_ -= endpoint_.bound.withdraw(worker_);
  endpoint_.bound.release(endpoint_);
}

// Has a permit, and gives it to the connection or back.
io::Task<void> Pool::connect_one() {
  Error error{};
  std::unique_ptr<io::Stream> opened;
  {
    Connecting self(*this);
    const std::shared_ptr<const ClusterConfig> config = config_;  // may be replaced meanwhile
    const TimePoint start = loop_.now();
    const TimePoint deadline = start + config->pool.connect_timeout;
    // Before TLS comes the PROXY header, which Cluster::introduce() sends.
    const bool introduced = config->proxy_protocol != l4::ProxyVersion::none;
    Result<std::unique_ptr<io::Stream>> stream = co_await self.dial.run(
        loop_, endpoint_.address(), introduced ? nullptr : config->tls, sessions_, deadline);
    if (!stream) {
      error = stream.error();
    } else {
      meter_.connected(loop_.now() - start);
      const Agreed agreed = agreed_protocol(*config, **stream);
      if (agreed == Agreed::http2) {
        error = co_await settle(self, std::move(*stream), deadline);
      } else if (agreed == Agreed::refused) {
        error = upstream_error(ErrorKind::upstream_tls, Retry::safe,
                               "the upstream did not agree on HTTP/2 (ALPN)");
      } else {
        fell_back_ = config->protocol == Protocol::h2;
        opened = std::move(*stream);
      }
    }
  }
  if (opened) {
    counts_.opened.add();
    keep(*new Connection(*this, std::move(opened)));
  } else if (error.kind != ErrorKind::none) {
    endpoint_.bound.release(endpoint_);
    failed_to_connect(error);
  }
  connect_for_waiting();
}

// As many connect as wait: one that fails costs the first in the queue its turn.
void Pool::failed_to_connect(const Error& error) {
  switch (error.kind) {
    case ErrorKind::connect_refused:
      counts_.connect_refused.add();
      break;
    case ErrorKind::connect_timeout:
      counts_.connect_timeout.add();
      break;
    case ErrorKind::upstream_tls:
      counts_.tls_failed.add();
      break;
    case ErrorKind::cancelled:
      break;
    default:
      counts_.connect_failed.add();
      break;
  }
  // An HTTP/2 connection would have served several of them.
  unsigned served = expects_http2() ? streams_each_ : 1;
  while (waiting_head_ != nullptr && served-- > 0) waiting_head_->fail(error);
}

void Pool::add_waiting(Waiting& waiting) noexcept {
  waiting.previous = waiting_tail_;
  (waiting_tail_ != nullptr ? waiting_tail_->next : waiting_head_) = &waiting;
  waiting_tail_ = &waiting;
  ++waiting_count_;
  counts_.pending.add();
}

void Pool::remove_waiting(Waiting& waiting) noexcept {
  (waiting.previous != nullptr ? waiting.previous->next : waiting_head_) = waiting.next;
  (waiting.next != nullptr ? waiting.next->previous : waiting_tail_) = waiting.previous;
  waiting.next = waiting.previous = nullptr;
  --waiting_count_;
  counts_.pending.subtract();
}

// --- Waiting
// ---------------------------------------------------------------------------------------------------------

void Pool::Waiting::await_suspend(std::coroutine_handle<> handle) noexcept {
  handle_ = handle;
  pool_.loop_.timers().arm(*this, deadline_);
}

void Pool::Waiting::end() noexcept {
  pool_.remove_waiting(*this);
  disarm();
  done_ = true;
  // Not from within whoever gives the connection back: that may be the end of another exchange.
  if (handle_) pool_.loop_.yield().await_suspend(handle_);
}

void Pool::Waiting::on_timer() {
  pool_.counts_.wait_timeouts.add();
  if (pool_.connecting_ > 0) {
    fail(upstream_error(ErrorKind::connect_timeout, Retry::safe,
                        "the request's deadline passed while connecting"));
  } else {
    fail({ErrorKind::upstream_overflow, ErrorSource::us, Retry::safe,
          "the request's deadline passed before one of the endpoint's connections became free"});
  }
}

void Pool::Waiting::cancel() noexcept {
  if (!done_) fail({ErrorKind::cancelled, ErrorSource::us, Retry::safe, {}});
}

// --- Lease
// -----------------------------------------------------------------------------------------------------------

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    close();
    connection_ = std::exchange(other.connection_, nullptr);
    stream_ = std::exchange(other.stream_, nullptr);
  }
  return *this;
}

io::Stream& Lease::stream() noexcept {
  return stream_ != nullptr ? static_cast<io::Stream&>(stream_->stream) : connection_->stream();
}
mux::Stream* Lease::multiplexed() noexcept { return stream_ != nullptr ? &stream_->stream : nullptr; }
bool Lease::reused() const noexcept { return stream_ != nullptr ? stream_->reused : connection_->reused(); }

void Lease::wrap(const std::function<std::unique_ptr<io::Stream>(std::unique_ptr<io::Stream>)>& around) {
  std::unique_ptr<io::Stream>& stream = connection_->owned_stream();
  stream = around(std::move(stream));
}

void Lease::release() noexcept {
  if (stream_ != nullptr) {
    StreamLease& stream = *std::exchange(stream_, nullptr);
    return stream.pool.end_stream(stream);
  }
  if (connection_ == nullptr) return;
  Connection& connection = *std::exchange(connection_, nullptr);
  connection.pool().give_back(connection);
}

void Lease::close() noexcept {
  if (stream_ != nullptr) {
    StreamLease& stream = *std::exchange(stream_, nullptr);
    return stream.pool.end_stream(stream);
  }
  if (connection_ == nullptr) return;
  Connection& connection = *std::exchange(connection_, nullptr);
  connection.pool().discard(connection);
}

}  // namespace turnpike::upstream
