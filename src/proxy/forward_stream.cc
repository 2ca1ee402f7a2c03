// An attempt at an upstream that speaks HTTP/2: head and trailers are calls, not text.
#include <algorithm>
#include <charconv>

#include "mux/connection.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

http::RequestHead Exchange::upstream_request() {
  http::RequestHead head = request_;
  // The target: what was matched is what is forwarded (principle 7).
  if (!facts_.rewritten_host.empty()) head.authority = facts_.rewritten_host;
  head.scheme = cluster_->config().tls ? "https" : "http";
  head.protocol = {};
  if (head.framing == http::Framing::length || wants_trailers_) {
    head.fields = request_.fields.clone(arena_);
    // It is for us to say that we pass trailers on: gRPC servers insist on it (RFC 9110 §10.1.4).
    if (wants_trailers_) head.fields.add(arena_, http::FieldId::te, "trailers");
  }
  if (head.framing == http::Framing::length) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, head.content_length).ptr;
    head.fields.add(arena_, http::FieldId::content_length,
                    arena_.copy({digits, static_cast<std::size_t>(end - digits)}));
  }
  return head;
}

// Sends the head. False: the connection takes no more streams, nothing was sent.
bool Exchange::open_stream() {
  http::RequestHead head = upstream_request();
  mux::Stream& stream = *lease_.multiplexed();
  if (head.upgrade) prepare_extended_connect(head);
  const bool ends = head.framing == http::Framing::none && head.protocol.empty();
  return stream.send_request(head, ends, arena_);
}

io::Task<Error> Exchange::read_streamed_head() {
  mux::Stream& stream = *lease_.multiplexed();
  response_ = http::ResponseHead{};
  while (true) {
    while (stream.take_head(response_)) {
      upgraded_ = extended_connect_ && response_.status / 100 == 2;
      if (const Error error = judge_head(); error.kind != ErrorKind::none) co_return error;
      if (response_.status >= 200 || upgraded_) {
        upstream_in_.clear();
        co_return Error{};
      }
      if (const Error error = co_await pass_informational(); error.kind != ErrorKind::none) co_return error;
      response_ = http::ResponseHead{};
    }
    if (stream.peer_closed()) co_return reset_error();
    const io::Wait wait = co_await stream.readable(std::min(attempt_deadline_, head_deadline_));
    if (wait == io::Wait::timeout) {
      if (head_deadline_moves()) continue;
      co_return timeout_error();
    }
    if (wait == io::Wait::cancelled)
      co_return client_gone_ ? client_error(ErrorKind::client_closed) : our_error(ErrorKind::cancelled);
  }
}

// Before a response: whether the request may be sent once more.
Error Exchange::reset_error() noexcept {
  const mux::Stream& stream = *lease_.multiplexed();
  // What it has not looked at says nothing about how it is: this happens whenever a server restarts.
  if (stream.refused())
    return {ErrorKind::upstream_reset, ErrorSource::us, Retry::safe, "the upstream refused the stream"};
  if (stream.malformed())
    return upstream_error(ErrorKind::upstream_bad_response, Retry::never, "what came is not HTTP/2");
  if (!stream.connection().over())
    return upstream_error(ErrorKind::upstream_reset, Retry::never, "the upstream reset the stream");
  return upstream_error(ErrorKind::upstream_reset, lease_.reused() ? Retry::if_reused : Retry::never,
                        "the connection was lost before the response");
}

}  // namespace turnpike::proxy
