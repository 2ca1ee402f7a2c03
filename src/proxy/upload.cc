// The request's content: what came with the head goes out with it; the rest is pumped by a task of its own
// while the response may already be on its way.
#include <algorithm>

#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {
constexpr unsigned kTurnsBeforeYield = 16;
}

// Decides where the content is read and whether it can be sent again.
void Exchange::prepare_body() {
  body_start_ = http::h1::BodyReader(request_.framing, request_.content_length, port_.settings.limits);
  Buffer& head_buffer = client_.buffer();
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

void Exchange::rewind_body() {
  upload_ = BodyPipe(body_start_, request_.framing == http::Framing::chunked);
  upload_stopped_ = false;
  to_upstream_.clear();
  if (body_source_ != nullptr) body_source_->rewind(body_mark_);
}

// Writes the head with as much content as is here. If more must come, starts the pump.
io::Task<Error> Exchange::send_request() {
  io::Stream& stream = lease_.stream();
  const Retry reset = lease_.reused() ? Retry::if_reused : Retry::never;
  to_upstream_.clear();
  to_upstream_.add(upstream_head_);
  const BodyPipe::State state = upload_.gather(*body_source_, to_upstream_, arena_);
  if (state == BodyPipe::State::failed) co_return client_error(upload_.error(), upload_.detail());
  while (!to_upstream_.empty()) {
    const io::IoResult written = stream.write(to_upstream_.span());
    if (written.status == io::IoStatus::ok) {
      to_upstream_.advance(written.bytes);
    } else if (written.status == io::IoStatus::would_block) {
      const io::Wait wait = co_await stream.writable(std::min(attempt_deadline_, head_deadline_));
      if (wait == io::Wait::timeout) co_return timeout_error();
      if (wait == io::Wait::cancelled) co_return client_error(ErrorKind::client_closed);
    } else {
      // It may have answered before it closed: 408, 413. Reading tells; an idle connection that was closed
      // has nothing.
      if (lease_.reused()) co_return upstream_error(ErrorKind::upstream_reset, reset, "reset while sending");
      break;
    }
  }
  if (!upload_.done() && to_upstream_.empty()) {
    upload_running_ = true;
    upload_ended_.reset();
    io::spawn(upload());
  }
  co_return Error{};
}

io::Task<void> Exchange::upload() {
  io::Stream& to = lease_.stream();
  io::Stream& from = client_.stream();
  unsigned turns = 0;
  while (!upload_stopped_) {
    const BodyPipe::State state = upload_.gather(*body_source_, to_upstream_, arena_);
    if (state == BodyPipe::State::failed) {
      upload_error_ = client_error(upload_.error(), upload_.detail());
      break;
    }
    bool broken = false;
    while (!to_upstream_.empty() && !upload_stopped_ && !broken) {
      const io::IoResult written = to.write(to_upstream_.span());
      if (written.status == io::IoStatus::ok) {
        to_upstream_.advance(written.bytes);
      } else if (written.status == io::IoStatus::would_block) {
        io::Waiter waiter = to.writable(attempt_deadline_);
        upload_waiter_ = &waiter;
        const io::Wait wait = co_await waiter;
        upload_waiter_ = nullptr;
        if (wait != io::Wait::ready) broken = true;
      } else {
        broken = true;  // the response tells why, if there is one
      }
    }
    if (broken || upload_stopped_ || state == BodyPipe::State::done) break;
    if (state == BodyPipe::State::full) continue;

    // Room for more. What has been sent is given up only when nothing else is left.
    if (body_source_->room().empty()) {
      if (!body_lost_ && body_source_->mark() > 0) body_lost_ = true;
      body_source_->compact();
      if (body_source_->empty()) body_source_->clear();
    }
    if (++turns % kTurnsBeforeYield == 0) co_await loop().yield();
    if (upload_stopped_) break;
    io::Waiter waiter = from.readable(loop().now() + port_.settings.body_idle_timeout);
    upload_waiter_ = &waiter;
    const io::Wait wait = co_await waiter;
    upload_waiter_ = nullptr;
    if (upload_stopped_) break;
    if (wait == io::Wait::timeout) {
      upload_error_ = client_error(ErrorKind::client_body_timeout);
      break;
    }
    if (wait == io::Wait::cancelled) {
      upload_error_ = our_error(ErrorKind::draining);
      break;
    }
    const io::IoResult got = from.read(body_source_->room());
    if (got.status == io::IoStatus::ok) {
      body_source_->filled(got.bytes);
    } else if (got.status != io::IoStatus::would_block) {
      upload_error_ = client_error(ErrorKind::client_closed, "the content of the request is not whole");
      break;
    }
  }
  // The client's fault ends the wait for a response that cannot come. Whoever waits for it then awaits our
  // end.
  if (upload_error_.kind != ErrorKind::none && lease_) lease_.stream().cancel();
  upload_running_ = false;
  upload_ended_.notify();  // may destroy the exchange
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
