#include "proxy/recorder.h"

#include "tls/stream.h"

namespace turnpike::proxy {
namespace {
// Before the first request nobody knows which of a port's listeners is meant: the first one stands for the
// port.
observe::Series series_of(const plan::Port& port) noexcept {
  return port.listeners.empty() ? observe::Series{} : port.listeners.front().metrics;
}
}  // namespace

observe::Series Recorder::connection_opened(const plan::Port& port) noexcept {
  const observe::Series series = series_of(port);
  observe::Block b = block(series);
  b.add(families_.listener.connections);
  b.add(families_.listener.active_connections, 1);
  return series;
}

void Recorder::connection_closed(observe::Series series, std::uint64_t received,
                                 std::uint64_t sent) noexcept {
  observe::Block b = block(series);
  b.add(families_.listener.active_connections, -1);
  b.add(families_.listener.received_bytes, received);
  b.add(families_.listener.sent_bytes, sent);
}

void Recorder::refused(const plan::Port& port, ErrorKind reason) noexcept {
  block(series_of(port)).add(families_.listener.refused.of(observe::reason(reason)));
}

void Recorder::stream_opened(observe::Series series) noexcept {
  observe::Block b = block(series);
  b.add(families_.listener.http2_streams);
  b.add(families_.listener.http2_active_streams, 1);
}

void Recorder::stream_closed(observe::Series series) noexcept {
  block(series).add(families_.listener.http2_active_streams, -1);
}

void Recorder::resets(observe::Series series, std::uint64_t received, std::uint64_t sent) noexcept {
  observe::Block b = block(series);
  if (received > 0) b.add(families_.listener.http2_resets.of(0), received);
  if (sent > 0) b.add(families_.listener.http2_resets.of(1), sent);
}

void Recorder::violation(observe::Series series, std::optional<http::h2::Budget> budget) noexcept {
  const unsigned rule = budget ? 1U + static_cast<unsigned>(*budget) : 0U;
  block(series).add(families_.listener.http2_violations.of(rule));
}

void Recorder::handshake(const plan::Port& port, tls::TlsStream& stream, const Result<void>& done) noexcept {
  const unsigned how = !done ? 2U : stream.resumed() ? 1U : 0U;
  block(series_of(port)).add(families_.listener.handshakes.of(how));
  if (!done) refused(port, done.error().kind);
}

}  // namespace turnpike::proxy
