// The response on its way to the client: head rewritten, content framed anew, one buffer at a time
// (back-pressure).
#include <algorithm>

#include "mux/stream.h"
#include "proxy/connection.h"
#include "proxy/exchange.h"
#include "proxy/forwarding.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {

using http::FieldId;
using http::Framing;

constexpr unsigned kTurnsBeforeYield = 16;

TimePoint later(TimePoint now, Duration duration) noexcept {
  return duration == Duration::zero() ? kNever : now + duration;
}

}  // namespace

// How the client learns where the response ends.
void Exchange::begin_download() noexcept {
  const bool http10 = request_.version == http::Version::http10;
  const bool http11 = request_.version == http::Version::http11;
  const bool unknown_length =
      response_.framing == Framing::chunked || response_.framing == Framing::until_close;
  const bool chunked = unknown_length && http11;
  if (unknown_length && http10) close_after_ = true;
  static const http::h1::Limits limits{};
  // Content of HTTP/2 ends with its stream.
  const bool streamed = lease_ && lease_.multiplexed() != nullptr && response_.framing != Framing::none;
  download_ = BodyPipe(http::h1::BodyReader(streamed ? Framing::until_close : response_.framing,
                                            response_.content_length, limits),
                       chunked);
  chunked_to_client_ = chunked;
}

// Takes what has arrived of the content for the next write.
BodyPipe::State Exchange::gather_download() {
  BodyPipe::State state = download_.gather(upstream_in_, to_client_, arena_);
  const mux::Stream* const from = lease_ ? lease_.multiplexed() : nullptr;
  if (state == BodyPipe::State::more && from != nullptr && from->at_end() && upstream_in_.empty()) {
    note_grpc_status(from->trailers());
    state = download_.end_of_stream(to_client_, arena_, &from->trailers());
  }
  if (state == BodyPipe::State::done) client_.end_content(to_client_.bytes(), download_.trailers());
  return state;
}

io::Task<After> Exchange::relay() {
  // How a call went is known at its end, unless it has no messages.
  note_grpc_status(response_.fields);
  if (call_ == http::grpc::Kind::none || grpc_status_ >= 0) report(Error{});
  begin_download();
  if (web_ != nullptr) begin_call_response();
  remove_hop_by_hop(response_.fields);
  write_session();
  apply_response_policies();
  status_ = response_.status;
  to_client_.clear();
  write_client_head(response_.framing != Framing::none &&
                    (response_.framing != Framing::length || response_.content_length > 0));
  if (client_.multiplexed() != nullptr) response_started_ = true;  // the head has gone out
  if (response_.framing == Framing::length && response_.content_length > Buffer::kSize) {
    upstream_in_.grow(Buffer::kLarge);
  }
  if (mux::Stream* const from = lease_.multiplexed(); from != nullptr && from->has_content()) {
    upstream_in_.allocate();
    const io::IoResult got = from->read(upstream_in_.room());
    if (got.status == io::IoStatus::ok) upstream_in_.filled(got.bytes);
  }
  unsigned turns = 0;
  BodyPipe::State state = BodyPipe::State::more;
  while (true) {
    state = gather_download();
    if (state == BodyPipe::State::failed && !response_started_) break;  // still time for a 502
    // A whole response frees the connection for others before the client has taken it.
    if (state == BodyPipe::State::done) finish_upstream();
    if (!to_client_.empty()) {
      const Error error = co_await flush_to_client();
      if (error.kind != ErrorKind::none) {
        reason_ = error.kind;
        detail_ = error.detail;
        co_return co_await end_relay(false);
      }
      response_started_ = true;
    }
    if (state == BodyPipe::State::done) co_return co_await end_relay(true);
    if (state == BodyPipe::State::failed) break;
    if (state == BodyPipe::State::full) continue;
    // It comes faster than we take it: larger steps.
    if (!upstream_in_.allocated()) upstream_in_.allocate();
    if (upstream_in_.room().empty() && upstream_in_.capacity() < Buffer::kLarge) {
      upstream_in_.release();
      upstream_in_.allocate(Buffer::kLarge);
    }
    upstream_in_.clear();
    if (++turns % kTurnsBeforeYield == 0) co_await loop().yield();
    const Error error = co_await read_more_response();
    if (error.kind == ErrorKind::none) continue;
    reason_ = error.kind;
    detail_ = error.detail;
    co_return co_await end_relay(false);
  }
  const Error error = upstream_error(ErrorKind::upstream_bad_response, Retry::never, download_.detail());
  if (!response_started_) {
    if (upload_running_) co_await stop_upload();
    lease_.close();
    co_return co_await respond(error);
  }
  reason_ = error.kind;
  detail_ = error.detail;
  co_return co_await end_relay(false);
}

// Waits for and reads the next bytes of the response's content. At the end of content that ends with the
// connection, what closes the message is in to_client_.
io::Task<Error> Exchange::read_more_response() {
  io::Stream& stream = lease_.stream();
  while (true) {
    const TimePoint idle = later(loop().now(), rule_->timeouts.stream_idle);
    const io::Wait wait =
        co_await stream.readable(std::min(idle, std::min(request_deadline_, attempt_deadline_)));
    if (wait == io::Wait::timeout) {
      const TimePoint now = loop().now();
      if (now < std::min(upload_moved_ + rule_->timeouts.stream_idle,
                         std::min(request_deadline_, attempt_deadline_)))
        continue;  // the other direction moved
      if (now >= request_deadline_)
        co_return upstream_error(ErrorKind::request_timeout, Retry::never, "timeouts.request");
      co_return upstream_error(ErrorKind::upstream_timeout, Retry::never, "the response's content stopped");
    }
    if (wait == io::Wait::cancelled) {
      if (upload_error_.kind != ErrorKind::none) co_return upload_error_;
      co_return client_error(ErrorKind::client_closed);
    }
    const io::IoResult got = stream.read(upstream_in_.room());
    if (got.status == io::IoStatus::ok) {
      upstream_in_.filled(got.bytes);
      co_return Error{};
    }
    if (got.status == io::IoStatus::would_block) continue;
    if (got.status == io::IoStatus::eof && lease_.multiplexed() != nullptr) co_return Error{};
    if (got.status == io::IoStatus::eof && !stream.truncated() &&
        download_.end_of_stream(to_client_, arena_) == BodyPipe::State::done) {
      co_return Error{};
    }
    co_return upstream_error(ErrorKind::upstream_reset, Retry::never, "the response's content is not whole");
  }
}

// The upstream's part is over in order.
void Exchange::finish_upstream() noexcept {
  if (!lease_) return;
  if (const mux::Stream* const stream = lease_.multiplexed(); stream != nullptr) {
    if (!upload_running_) lease_.release();
    return;
  }
  // Bytes after the end, content still going up, or a connection that the upstream closes: it cannot serve
  // another.
  if (response_.keep_alive && response_.framing != Framing::until_close && upstream_in_.empty() &&
      request_sent()) {
    lease_.release();
  } else if (!upload_running_) {
    lease_.close();
  }
}

io::Task<After> Exchange::end_relay(bool whole) {
  sent_body_ = download_.bytes();
  if (!reported_) report(whole ? Error{} : call_fault());
  if (upload_running_) co_await stop_upload();
  lease_.close();
  start_mirrors();
  if (!whole && call_ != http::grpc::Kind::none && co_await end_broken_call()) co_return After::close;
  if (!whole) co_return After::abort;
  if (!upload_.done()) co_return After::linger;  // the upstream answered before it had all
  co_return keep_alive_ ? After::keep_alive : After::close;
}

io::Task<Error> Exchange::flush_to_client() {
  io::Stream& stream = client_.stream();
  while (!to_client_.empty()) {
    const io::IoResult written = stream.write(to_client_.span());
    if (written.status == io::IoStatus::ok) {
      client_.count_sent(written.bytes);
      to_client_.advance(written.bytes);
    } else if (written.status == io::IoStatus::would_block) {
      const io::Wait wait =
          co_await stream.writable(std::min(loop().now() + port_.settings.write_timeout, request_deadline_));
      if (wait == io::Wait::ready) continue;
      if (wait == io::Wait::timeout) co_return client_error(ErrorKind::client_write_timeout);
      co_return client_error(ErrorKind::client_closed);
    } else {
      co_return client_error(ErrorKind::client_closed, "reset while the response was sent");
    }
  }
  co_return Error{};
}

void Exchange::write_client_head(bool content_follows) {
  using Length = ResponsePlan::Length;
  http::Fields& fields = response_.fields;
  const bool interim = response_.status < 200;
  ResponsePlan plan{.head = response_, .upgrade = {}};
  // HEAD and 304 tell the length that GET would have had (RFC 9110 §8.6): kept as received.
  const bool length_only = response_.framing == Framing::none &&
                           (request_.method == http::Method::head || response_.status == 304);
  if (!length_only) fields.remove(FieldId::content_length);
  if (!interim && chunked_to_client_) {
    plan.tells = Length::chunked;
  } else if (!interim && response_.framing == Framing::length) {
    plan.tells = Length::known;
    plan.length = response_.content_length;
  } else if (!interim && !length_only && response_.framing == Framing::none && response_.status != 204) {
    plan.tells = Length::known;
  }
  // An answer before the whole request has come: what follows on this connection would be its rest.
  keep_alive_ = request_.keep_alive && !close_after_ && parse_error_.kind == ErrorKind::none &&
                (interim || request_.framing == Framing::none || upload_.done()) && connection_.may_go_on();
  plan.keep_alive = keep_alive_;
  plan.http10 = request_.version == http::Version::http10;
  plan.ends = !content_follows;
  if (upgraded_) plan.upgrade = upgrade_protocol_;
  if (!interim) {
    if (!fields.may_have(FieldId::date))
      fields.add(arena_, FieldId::date, arena_.copy(worker_.date().at(loop().now())));
    fields.add(arena_, FieldId::via,
               response_.version == http::Version::http2 ? "2.0 turnpike" : "1.1 turnpike");
  }
  client_.write_head(plan, arena_, to_client_);
}

}  // namespace turnpike::proxy
