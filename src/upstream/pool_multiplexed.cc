// The part of a pool that has HTTP/2 connections.
#include <algorithm>
#include <utility>

#include "upstream/multiplexed.h"
#include "upstream/pool.h"
#include "upstream/waiting.h"

namespace turnpike::upstream {

using Settled = MultiplexedConnection::Settled;

unsigned Pool::connections_wanted() const noexcept {
  if (!expects_http2()) return waiting_count_;
  return (waiting_count_ + streams_each_ - 1) / streams_each_;
}

// The oldest first: what is more than needed becomes idle and ends.
MultiplexedConnection* Pool::with_room() const noexcept {
  for (MultiplexedConnection* c = multiplexed_first_; c != nullptr; c = c->next_) {
    if (c->has_room()) return c;
  }
  return nullptr;
}

Lease Pool::lease_stream(MultiplexedConnection& connection) noexcept {
  ++leased_;
  counts_.streams.add();
  if (connection.reused()) counts_.reused.add();
  return Lease(new StreamLease(connection));
}

void Pool::end_stream(StreamLease& stream) noexcept {
  --leased_;
  counts_.streams.subtract();
  if (stream.stream.refused()) counts_.refused_streams.add();
  delete &stream;
}

// Runs the new connection and waits till the peer has said what it allows. No error: it is in the pool, with
// its permit; else the permit is still the caller's.
io::Task<Error> Pool::settle(Connecting& connecting, std::unique_ptr<io::Stream> stream, TimePoint deadline) {
  auto& connection = *new MultiplexedConnection(*this, std::move(stream), *config_);
  MultiplexedConnection::Settling settling(connection, deadline);
  connecting.settling = &settling;
  io::spawn(MultiplexedConnection::run(connection));
  const Settled how = co_await settling;
  connecting.settling = nullptr;
  if (how == Settled::gone)
    co_return upstream_error(ErrorKind::connect_failed, Retry::safe, "the upstream does not speak HTTP/2");
  connection.settling_ = nullptr;
  if (how != Settled::yes) {
    connection.cut();
    if (how == Settled::cancelled) co_return our_error(ErrorKind::cancelled);
    co_return upstream_error(ErrorKind::connect_timeout, Retry::safe, "no SETTINGS: is it HTTP/2?");
  }
  if (connection.mux().capacity() == 0) {
    connection.cut();
    co_return upstream_error(ErrorKind::connect_failed, Retry::safe, "the upstream takes no streams");
  }
  counts_.opened.add();
  streams_each_ = std::max<unsigned>(1, static_cast<unsigned>(connection.mux().capacity()));
  connection.listed_ = true;
  connection.previous_ = multiplexed_last_;
  (multiplexed_last_ != nullptr ? multiplexed_last_->next_ : multiplexed_first_) = &connection;
  multiplexed_last_ = &connection;
  counts_.multiplexed.add();
  multiplexed_idle(1);
  if (closed_) connection.retire();
  multiplexed_has_room();
  co_return Error{};
}

void Pool::multiplexed_opened() noexcept { ++multiplexed_count_; }

void Pool::multiplexed_closed(MultiplexedConnection& connection) noexcept {
  --multiplexed_count_;
  unlist(connection);
}

// With its permit.
void Pool::unlist(MultiplexedConnection& connection) noexcept {
  if (!connection.listed_) return;
  connection.listed_ = false;
  (connection.previous_ != nullptr ? connection.previous_->next_ : multiplexed_first_) = connection.next_;
  (connection.next_ != nullptr ? connection.next_->previous_ : multiplexed_last_) = connection.previous_;
  counts_.multiplexed.subtract();
  multiplexed_idle(-1);
  if (connection.mux().peer_closing()) counts_.goaways.add();
  endpoint_.bound.release(endpoint_);
}

void Pool::multiplexed_idle(int more) noexcept {
  if (more > 0) {
    counts_.idle.add();
  } else {
    counts_.idle.subtract();
  }
}

// Those that wait get what there is.
void Pool::multiplexed_has_room() noexcept {
  while (waiting_head_ != nullptr) {
    MultiplexedConnection* const connection = with_room();
    if (connection == nullptr) break;
    waiting_head_->grant(lease_stream(*connection));
  }
  if (waiting_head_ != nullptr) connect_for_waiting();
}

bool Pool::unwanted() const noexcept { return closed_ || endpoint_.bound.wanted(); }

}  // namespace turnpike::upstream
