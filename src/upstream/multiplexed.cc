#include "upstream/multiplexed.h"

#include <utility>

namespace turnpike::upstream {
namespace {

// A client that reads slowly holds up its own stream, and its connection only if a good part of them do.
http::h2::Limits client_limits() noexcept {
  http::h2::Limits limits;
  limits.concurrent_streams = MultiplexedConnection::kMostStreams;
  limits.stream_window = 128 * 1024;
  limits.connection_window = 16 * 1024 * 1024;
  limits.header_list = 64 * 1024;
  return limits;
}
const http::h2::Limits kLimits = client_limits();

mux::Timeouts timeouts_of(const ClusterConfig& config) noexcept {
  return {.settings = config.pool.connect_timeout, .idle = config.pool.idle_timeout};
}

}  // namespace

MultiplexedConnection::MultiplexedConnection(Pool& pool, std::unique_ptr<io::Stream> stream,
                                             const ClusterConfig& config)
    : pool_(pool),
      stream_(std::move(stream)),
      mux_(*stream_, http::h2::Role::client, kLimits, timeouts_of(config), static_cast<mux::Handler&>(*this)),
      most_requests_(config.pool.most_requests) {
  pool_.multiplexed_opened();
}

MultiplexedConnection::~MultiplexedConnection() { pool_.multiplexed_closed(*this); }

io::Task<void> MultiplexedConnection::run(MultiplexedConnection& self) {
  co_await self.mux_.run();
  if (self.settling_ != nullptr) self.settling_->end(Settled::gone);
  // TLS says good-bye; over TCP closing says it.
  self.stream_->shutdown_write();
  delete &self;
}

void MultiplexedConnection::request_begins() noexcept {
  if (mux_.streams() == 1) pool_.multiplexed_idle(-1);
  ++requests_;
}

void MultiplexedConnection::retire() {
  retired_ = true;
  if (idle()) mux_.drain();
}

void MultiplexedConnection::on_settings() {
  if (settling_ != nullptr) {
    settling_->end(Settled::yes);
  } else if (listed_) {
    pool_.multiplexed_has_room();
  }
}

void MultiplexedConnection::on_stream_gone(std::size_t streams) {
  if (streams == 0) pool_.multiplexed_idle(1);
  pool_.multiplexed_has_room();
  if (idle() && (retired_ || spent() || pool_.unwanted())) mux_.drain();
}

void MultiplexedConnection::Settling::end(Settled how) noexcept {
  if (how == Settled::gone) how_ = how;  // perhaps after it had settled: nobody may touch it any more
  if (done_) return;
  done_ = true;
  how_ = how;
  disarm();
  if (handle_) loop_.yield().await_suspend(handle_);
}

}  // namespace turnpike::upstream
