// The request's content: what came with the head goes out with it; the rest is pumped by a task of its own
// while the response may already be on its way.
#include <algorithm>
#include <utility>

#include "mux/stream.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {
constexpr unsigned kTurnsBeforeYield = 16;
}

// Decides where the content is read and whether it can be sent again.
void Exchange::prepare_body() {
  expects_continue_ = request_.expect_continue;
  body_start_ = http::h1::BodyReader(request_.framing, request_.content_length, port_.settings.limits);
  Buffer& head_buffer = client_.buffer();
  if (client_.multiplexed() != nullptr && request_.framing != http::Framing::none)
    return prepare_streamed_body();
  if (request_.framing == http::Framing::none) {
    body_source_ = &head_buffer;
    body_mark_ = head_buffer.mark();
    rewind_body();
    return;
  }
  if (request_.framing == http::Framing::length && head_buffer.size() >= request_.content_length) {
    body_source_ = &head_buffer;  // all of it is here
  } else {
    // Content that fits stays whole until the end, for another attempt.
    std::size_t size = Buffer::kSize;
    if (request_.framing == http::Framing::length && request_.content_length > Buffer::kSize)
      size = Buffer::kLarge;
    body_in_.allocate(std::max(size, head_buffer.size()));
    body_in_.append(head_buffer.view());
    head_buffer.pass(head_buffer.size());
    body_source_ = &body_in_;
  }
  body_mark_ = body_source_->mark();
  rewind_body();
}

// Content of HTTP/2 comes without a framing of its own and ends with its stream; that it is as long as
// Content-Length says has been seen to (RFC 9113 §8.1.1).
void Exchange::prepare_streamed_body() {
  mux::Stream& stream = *client_.multiplexed();
  body_start_ = http::h1::BodyReader(http::Framing::until_close, 0, port_.settings.limits);
  std::size_t size = Buffer::kSize;
  if (request_.framing == http::Framing::length && request_.content_length > Buffer::kSize)
    size = Buffer::kLarge;
  body_in_.allocate(size);
  body_source_ = &body_in_;
  body_mark_ = body_in_.mark();
  const io::IoResult got = stream.read(body_in_.room());
  if (got.status == io::IoStatus::ok) body_in_.filled(got.bytes);
  if (stream.at_end() && stream.trailers().empty()) {
    // All of it is here: to say how long it is spares the upstream the chunks.
    request_.framing = http::Framing::length;
    request_.content_length = body_in_.size();
  }
  rewind_body();
}

// Takes what has arrived of the content for the next write.
BodyPipe::State Exchange::gather_upload() {
  BodyPipe::State state = upload_.gather(*body_source_, to_upstream_, arena_);
  const mux::Stream* const from = client_.multiplexed();
  if (state == BodyPipe::State::more && from != nullptr && from->at_end() && body_source_->empty())
    state = upload_.end_of_stream(to_upstream_, arena_, &from->trailers());
  if (state == BodyPipe::State::done && lease_ && !extended_connect_) {
    if (mux::Stream* const to = lease_.multiplexed(); to != nullptr)
      to->end_after(to_upstream_.bytes(), upload_.trailers());
  }
  return state;
}

bool Exchange::upload_chunked() const noexcept {
  return request_.framing == http::Framing::chunked || request_.framing == http::Framing::until_close;
}

void Exchange::rewind_body() {
  const bool chunked = upload_chunked() && (!lease_ || lease_.multiplexed() == nullptr);
  upload_ = BodyPipe(body_start_, chunked, &port_.settings);
  if (web_ != nullptr) upload_.set_transform(rewound_request());
  upload_stopped_ = false;
  to_upstream_.clear();
  if (body_source_ != nullptr) body_source_->rewind(body_mark_);
}

// Writes the head with as much content as is here. What the upstream does not take at once, and what must
// still come, is left to the pump: meanwhile the upstream may answer, without having read all.
Error Exchange::send_request() {
  to_upstream_.clear();
  if (lease_.multiplexed() == nullptr) {
    to_upstream_.add(upstream_head());
  } else if (!open_stream()) {
    return {ErrorKind::upstream_reset, ErrorSource::us, Retry::safe, "the connection takes no more requests"};
  }
  const BodyPipe::State state = gather_upload();
  if (state == BodyPipe::State::failed) return client_error(upload_.error(), upload_.detail());
  if (!to_upstream_.empty()) {
    const io::IoResult written = lease_.stream().write(to_upstream_.span());
    if (written.status == io::IoStatus::error) {
      // It may have answered before it closed: 408, 413. Reading tells; an idle connection that was closed
      // has nothing.
      if (!lease_.reused() || lease_.multiplexed() != nullptr) return {};
      return upstream_error(ErrorKind::upstream_reset, Retry::if_reused, "reset while sending");
    }
    to_upstream_.advance(written.bytes);
  }
  if (!to_upstream_.empty() || state != BodyPipe::State::done) {
    upload_running_ = true;
    upload_ended_.reset();
    io::spawn(upload(state));
  }
  return {};
}

// The pump. `state`: what the last gather() said.
io::Task<void> Exchange::upload(BodyPipe::State state) {
  unsigned turns = 0;
  while (!upload_stopped_) {
    if (!co_await write_upload() || state == BodyPipe::State::done) break;
    if (state == BodyPipe::State::more) {
      if (++turns % kTurnsBeforeYield == 0) co_await loop().yield();
      if (upload_stopped_) break;
      upload_error_ = co_await read_upload();
      if (upload_stopped_ || upload_error_.kind != ErrorKind::none) break;
    }
    state = gather_upload();
    if (state == BodyPipe::State::failed) {
      upload_error_ = client_error(upload_.error(), upload_.detail());
      break;
    }
  }
  // The client's fault ends the wait for a response that cannot come. Whoever waits for it then awaits our
  // end.
  if (upload_error_.kind != ErrorKind::none && lease_) lease_.stream().cancel();
  upload_running_ = false;
  upload_ended_.notify();  // may destroy the exchange
}

// Writes what has been gathered; false if the upstream takes no more of it.
io::Task<bool> Exchange::write_upload() {
  io::Stream& to = lease_.stream();
  while (!to_upstream_.empty()) {
    const io::IoResult written = to.write(to_upstream_.span());
    if (written.status == io::IoStatus::ok) {
      to_upstream_.advance(written.bytes);
      upload_moved_ = loop().now();
    } else if (written.status == io::IoStatus::error) {
      co_return false;  // the response tells why, if there is one
    } else {
      io::Waiter waiter = to.writable(attempt_deadline_);
      upload_waiter_ = &waiter;
      const io::Wait wait = co_await waiter;
      upload_waiter_ = nullptr;
      if (wait != io::Wait::ready || upload_stopped_) co_return false;
    }
  }
  co_return true;
}

// Waits for and reads more of the content. Errors are the client's fault.
io::Task<Error> Exchange::read_upload() {
  io::Stream& from = client_.stream();
  // Room for more. What has been sent is given up only when nothing else is left.
  if (body_source_->room().empty()) {
    if (!body_lost_ && body_source_->mark() > 0) body_lost_ = true;
    body_source_->compact();
    if (body_source_->empty()) body_source_->clear();
  }
  while (true) {
    const TimePoint start = loop().now();
    io::Waiter waiter = from.readable(start + content_patience());
    upload_waiter_ = &waiter;
    upload_waits_ = !awaits_continue();
    const io::Wait wait = co_await waiter;
    const bool waited = std::exchange(upload_waits_, false);
    if (waited) upload_waited_ += loop().now() - start;
    upload_waiter_ = nullptr;
    if (upload_stopped_) co_return Error{};
    if (wait == io::Wait::timeout) {
      if (!waited) continue;  // for the upstream's leave, which has its own limits
      co_return client_error(ErrorKind::client_body_timeout);
    }
    if (wait == io::Wait::cancelled) co_return our_error(ErrorKind::draining);
    const io::IoResult got = from.read(body_source_->room());
    if (got.status == io::IoStatus::would_block) continue;
    if (got.status == io::IoStatus::eof && client_.multiplexed() != nullptr) co_return Error{};
    if (got.status != io::IoStatus::ok)
      co_return client_error(ErrorKind::client_closed, "the content of the request is not whole");
    body_source_->filled(got.bytes);
    co_return Error{};
  }
}

// How long the next byte may take. Until there is a response, content that trickles occupies an upstream's
// connection for nothing: what has come must make up for the time that was spent waiting for it.
Duration Exchange::content_patience() const noexcept {
  // The parties to a call may be silent for as long as they like, within what the route has for streams.
  if (call_ != http::grpc::Kind::none) {
    const Duration most = rule_->timeouts.stream_idle;
    return most == Duration::zero() ? std::chrono::hours(24) : most;
  }
  const Duration idle = port_.settings.body_idle_timeout;
  if (response_head_at_ != TimePoint{}) return idle;
  const auto earned = std::chrono::milliseconds(upload_.bytes() * 1000 / plan::kSlowestContent);
  return std::clamp(idle + earned - upload_waited_, Duration::zero(), idle);
}

io::Task<void> Exchange::stop_upload() {
  upload_stopped_ = true;
  if (upload_waiter_ != nullptr) upload_waiter_->finish(io::Wait::cancelled);
  if (upload_running_) co_await upload_ended_;
}

// What was read beyond this request belongs to the next one.
void Exchange::return_leftover() {
  if (body_source_ != &body_in_) return;
  Buffer& buffer = client_.buffer();
  buffer.clear();
  if (!upload_.done() || body_in_.empty()) return;
  if (body_in_.size() > buffer.room().size()) buffer.grow(Buffer::kLarge);
  buffer.append(body_in_.view());
}

}  // namespace turnpike::proxy
