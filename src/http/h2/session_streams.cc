// The frames of streams, and the states that they lead to (RFC 9113 §5.1).
#include <algorithm>
#include <utility>

#include "http/h2/session.h"

namespace turnpike::http::h2 {
namespace {

constexpr std::uint8_t kMostInterim = 32;  // responses below 200 to one request

constexpr std::uint32_t kSmallData = 512;

Error no_request(ErrorKind kind, std::string_view detail) noexcept { return client_error(kind, detail); }

}  // namespace

// Whether nobody has used the stream yet. Streams that were passed over are closed.
bool Session::is_idle(StreamId id) const noexcept {
  const bool by_client = id % 2 == 1;
  if (role_ == Role::server) return !by_client || id > last_peer_id_;
  return !by_client || id >= next_id_;
}

std::uint16_t Session::clock() const noexcept {
  return static_cast<std::uint16_t>(
      std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch()).count());
}

// One that is 65 seconds old looks young again for a moment, which does not matter.
bool Session::is_young(const Stream& stream) const noexcept {
  return static_cast<std::uint16_t>(clock() - stream.opened) < limits_.young_stream.count();
}

// --- DATA (§6.1), told as it comes

bool Session::begin_data() {
  const std::uint32_t length = header_.length;
  if (length > static_cast<std::uint32_t>(std::max(receive_window_, 0))) {
    return fail(ErrorCode::flow_control_error, "DATA beyond the window of the connection");
  }
  receive_window_ -= static_cast<std::int32_t>(length);
  data_stream_ = 0;
  padding_left_ = 0;
  Stream* const stream = streams_.find(header_.stream);
  bool fine = true;
  if (stream == nullptr) {
    if (is_idle(header_.stream)) return fail(ErrorCode::protocol_error, "DATA on an idle stream");
    if (closed_.find(header_.stream) != ClosedStreams::How::reset_by_us) {
      return fail(ErrorCode::stream_closed, "DATA on a closed stream");
    }
    // What was on its way when we reset the stream comes in large pieces and is bounded by its window.
    fine = length >= kSmallData || spend(Budget::closed_stream);
  } else if (stream->remote_ended) {
    fine = stream_error(*stream, ErrorCode::stream_closed, "DATA on a half-closed stream");
  } else if (!stream->head_seen) {
    fine = stream_error(*stream, ErrorCode::protocol_error, "DATA in front of a response");
  } else if (static_cast<std::int64_t>(length) > stream->receive_window) {
    fine = stream_error(*stream, ErrorCode::flow_control_error, "DATA beyond the window of the stream");
  } else {
    stream->receive_window -= static_cast<std::int32_t>(length);
    data_stream_ = header_.stream;
  }
  if (!fine) return false;
  if (header_.has(flag::kPadded)) {
    if (length == 0) return fail(ErrorCode::frame_size_error, "padded frame without a padding length");
    reading_ = Reading::pad_length;
  } else {
    begin_content(length);
  }
  return !failed_;
}

std::size_t Session::take_pad_length(std::string_view bytes) {
  padding_left_ = static_cast<unsigned char>(bytes.front());
  const std::uint32_t rest = header_.length - 1;
  if (padding_left_ > rest) {
    fail(ErrorCode::protocol_error, "padding longer than its frame");
    return 1;
  }
  // Counted by the windows, but nobody has to read it.
  give_back(padding_left_ + 1);
  if (Stream* const stream = streams_.find(data_stream_)) give_back(*stream, padding_left_ + 1);
  begin_content(rest - padding_left_);
  return 1;
}

// The size of the content is known: it must agree with Content-Length (§8.1.1) before any of it is told.
void Session::begin_content(std::uint32_t size) {
  left_ = size;
  reading_ = left_ > 0 ? Reading::content : padding_left_ > 0 ? Reading::padding : Reading::header;
  const bool last = header_.has(flag::kEndStream);
  if (size == 0 && !last && !spend(Budget::empty_frame)) return;
  if (Stream* const stream = streams_.find(data_stream_);
      stream != nullptr && stream->content_left != Stream::kUnknown) {
    if (size > stream->content_left || (last && size < stream->content_left)) {
      stream_error(*stream, ErrorCode::protocol_error, "DATA differs from Content-Length");
    } else {
      stream->content_left -= size;
    }
  }
  if (reading_ == Reading::header && last) deliver({}, true);
}

std::size_t Session::take_content(std::string_view bytes) {
  const std::size_t count = std::min<std::size_t>(bytes.size(), left_);
  left_ -= static_cast<std::uint32_t>(count);
  bool last = false;
  if (left_ == 0) {
    reading_ = padding_left_ > 0 ? Reading::padding : Reading::header;
    last = padding_left_ == 0 && header_.has(flag::kEndStream);
  }
  deliver(bytes.substr(0, count), last);
  return count;
}

std::size_t Session::take_padding(std::string_view bytes) {
  const std::size_t count = std::min<std::size_t>(bytes.size(), padding_left_);
  padding_left_ -= static_cast<std::uint32_t>(count);
  if (padding_left_ == 0) {
    reading_ = Reading::header;
    if (header_.has(flag::kEndStream)) deliver({}, true);
  }
  return count;
}

void Session::deliver(std::string_view content, bool last) {
  Stream* const stream = failed_ ? nullptr : streams_.find(data_stream_);
  if (stream == nullptr) return give_back(static_cast<std::uint32_t>(content.size()));
  const StreamId id = stream->id;
  stream->unread += static_cast<std::uint32_t>(content.size());
  if (!content.empty()) budgets_.earn(Budget::ping);
  if (last) end_remote(*stream);
  events_.on_data(id, stream->owner, content, last);
  if (last) forget_if_done(id);
}

// --- HEADERS and CONTINUATION (§6.2, §6.10)

bool Session::on_headers(const Frame& frame) {
  if (header_.stream % 2 == 0)
    return fail(ErrorCode::protocol_error, "HEADERS on a stream that no client opens");
  block_stream_ = header_.stream;
  block_ends_stream_ = header_.has(flag::kEndStream);
  block_depends_on_itself_ = frame.has_dependency && frame.dependency.on == header_.stream;
  continuations_ = 0;
  if (header_.has(flag::kEndHeaders)) return end_block(frame.content);
  block_.append(frame.content);
  return true;
}

bool Session::on_continuation(std::string_view fragment) {
  if (++continuations_ > limits_.continuations || block_.size() + fragment.size() > limits_.header_block) {
    return flood(Budget::continuation);
  }
  if (fragment.empty() && !spend(Budget::empty_frame)) return false;
  budgets_.note(Budget::continuation);
  block_.append(fragment);
  if (!header_.has(flag::kEndHeaders)) return true;
  const bool going_on = end_block(block_.view());
  block_.clear();
  return going_on;
}

bool Session::end_block(std::string_view block) {
  const StreamId id = std::exchange(block_stream_, 0);
  Stream* const stream = streams_.find(id);
  if (stream == nullptr) {
    const bool opens = role_ == Role::server && id > last_peer_id_;
    return opens ? take_request(id, block) : take_late_block(id, block);
  }
  std::string_view fault;
  ErrorCode code = ErrorCode::protocol_error;
  if (stream->remote_ended) {
    fault = "HEADERS on a half-closed stream";
    code = ErrorCode::stream_closed;
  } else if (block_depends_on_itself_) {
    fault = "stream that depends on itself";
  } else if (stream->head_seen && !block_ends_stream_) {
    fault = "trailers that do not end the stream";
  }
  if (!fault.empty()) return skip(block) && stream_error(*stream, code, fault);
  return stream->head_seen ? take_trailers(*stream, block) : take_response(*stream, block);
}

// The block of a stream that has ended, or never was.
bool Session::take_late_block(StreamId id, std::string_view block) {
  if (is_idle(id)) return fail(ErrorCode::protocol_error, "HEADERS on an idle stream");
  switch (closed_.find(id)) {
    case ClosedStreams::How::reset_by_us:
      return spend(Budget::closed_stream) && skip(block);
    case ClosedStreams::How::ended:
      return fail(ErrorCode::stream_closed, "HEADERS on a closed stream");
    case ClosedStreams::How::forgotten:
      break;
  }
  return fail(ErrorCode::protocol_error, "stream id below that of an earlier stream");
}

bool Session::skip(std::string_view block) { return survives(skip_block(decoder_, block, limits_)); }

// Faults of a block that end the connection.
bool Session::survives(const HeadVerdict& verdict) {
  if (verdict.kind == HeadVerdict::Kind::broken) return fail(ErrorCode::compression_error, verdict.detail);
  if (verdict.kind == HeadVerdict::Kind::abuse)
    return budgets_.note(Budget::header_list), flood(Budget::header_list);
  return true;
}

bool Session::take_request(StreamId id, std::string_view block) {
  last_peer_id_ = id;
  if (block_depends_on_itself_) {
    return skip(block) && refuse(id, no_request(ErrorKind::bad_request, "stream that depends on itself"), 0);
  }
  // Streams that ended are in the table until their content is consumed: those are bounded, too.
  const bool full =
      open_ >= limits_.concurrent_streams || streams_.size() >= limits_.concurrent_streams * std::size_t{2};
  if (full || goaway_sent_) {
    const Error error = full ? our_error(ErrorKind::overloaded, "more concurrent streams than allowed")
                             : our_error(ErrorKind::draining, "request behind GOAWAY");
    return skip(block) && refuse(id, error, 0);
  }
  Arena& arena = events_.arena_for(id, nullptr);
  RequestHead head;
  const HeadVerdict verdict = read_request(decoder_, block, limits_, arena, block_ends_stream_, head);
  switch (verdict.kind) {
    case HeadVerdict::Kind::good:
      return accept(id, std::move(head));
    case HeadVerdict::Kind::malformed:
      return refuse(id, no_request(ErrorKind::bad_request, verdict.detail), 0);
    case HeadVerdict::Kind::too_large:
      return refuse(id, no_request(ErrorKind::head_too_large, verdict.detail), 431);
    case HeadVerdict::Kind::bad_expectation:
      return refuse(id, no_request(ErrorKind::expectation_failed, verdict.detail), 417);
    case HeadVerdict::Kind::broken:
    case HeadVerdict::Kind::abuse:
      break;
  }
  survives(verdict);
  events_.on_refused(id, error_, 0);  // lets go of the arena
  return false;
}

bool Session::accept(StreamId id, RequestHead&& head) {
  Stream& stream = streams_.add(id);
  ++open_;
  stream.send_window = static_cast<std::int32_t>(peer_window_);
  stream.receive_window = static_cast<std::int32_t>(window_of_streams());
  stream.head_seen = true;
  stream.method = head.method;
  stream.opened = clock();
  if (block_ends_stream_) {
    end_remote(stream);
  } else if (head.framing == Framing::length) {
    stream.content_left = head.content_length;
  }
  if (const Field* const field = head.fields.find(FieldId::priority))
    stream.priority = parse_priority(field->value);
  for (Early& early : early_) {
    if (early.id == id) stream.priority = std::exchange(early, {}).priority;
  }
  budgets_.earn(Budget::empty_frame);
  budgets_.earn(Budget::priority, 2);
  void* const owner = events_.on_request(id, std::move(head), block_ends_stream_);
  // The handler may have answered, and the stream be gone.
  Stream* const still = streams_.find(id);
  if (still == nullptr) return !failed_;
  if (owner == nullptr) {
    reset(id, ErrorCode::refused_stream);
  } else {
    still->owner = owner;
  }
  return !failed_;
}

// Ends a stream that never became one: with a response of its own where `status` is not 0.
bool Session::refuse(StreamId id, const Error& error, unsigned status) {
  closed_.add(id, true);
  fault_ = error.detail;
  if (status != 0) {
    write_status(id, status);
    if (!block_ends_stream_) write_reset(id, ErrorCode::no_error);
  } else {
    write_reset(id, error.source == ErrorSource::us ? ErrorCode::refused_stream : ErrorCode::protocol_error);
  }
  events_.on_refused(id, error, status);
  // Who is turned away because of GOAWAY, or of SETTINGS that had not come yet, could not know better.
  const bool innocent =
      error.kind == ErrorKind::draining || (error.kind == ErrorKind::overloaded && !settings_acknowledged_);
  return innocent ? !failed_ : spend(Budget::provoked_reset);
}

bool Session::take_response(Stream& stream, std::string_view block) {
  const StreamId id = stream.id;
  ResponseHead head;
  const HeadVerdict verdict = read_response(decoder_, block, limits_, events_.arena_for(id, stream.owner),
                                            stream.method, block_ends_stream_, head);
  if (!survives(verdict)) return false;
  if (verdict.kind != HeadVerdict::Kind::good)
    return stream_error(stream, ErrorCode::protocol_error, verdict.detail);
  if (head.status < 200) {
    if (++stream.interim > kMostInterim) {
      return stream_error(stream, ErrorCode::enhance_your_calm, "too many interim responses");
    }
  } else {
    stream.head_seen = true;
    if (block_ends_stream_) {
      end_remote(stream);
    } else if (head.framing != Framing::until_close) {
      stream.content_left = head.framing == Framing::length ? head.content_length : 0;
    }
  }
  const bool ended = block_ends_stream_;
  events_.on_response(id, stream.owner, std::move(head), ended);
  if (ended) forget_if_done(id);
  return !failed_;
}

bool Session::take_trailers(Stream& stream, std::string_view block) {
  const StreamId id = stream.id;
  Fields fields;
  const HeadVerdict verdict =
      read_trailers(decoder_, block, limits_, events_.arena_for(id, stream.owner), fields);
  if (!survives(verdict)) return false;
  if (verdict.kind != HeadVerdict::Kind::good)
    return stream_error(stream, ErrorCode::protocol_error, verdict.detail);
  if (stream.content_left != Stream::kUnknown && stream.content_left > 0) {
    return stream_error(stream, ErrorCode::protocol_error, "DATA differs from Content-Length");
  }
  end_remote(stream);
  events_.on_trailers(id, stream.owner, std::move(fields));
  forget_if_done(id);
  return !failed_;
}

// --- PRIORITY, RST_STREAM, WINDOW_UPDATE (§6.3, §6.4, §6.9)

// RFC 9113 §5.3.2: read and forgotten.
bool Session::on_priority(const Frame& frame) {
  if (!spend(Budget::priority)) return false;
  if (frame.dependency.on != header_.stream) return true;
  constexpr std::string_view kFault = "stream that depends on itself";
  if (Stream* const stream = streams_.find(header_.stream)) {
    return stream_error(*stream, ErrorCode::protocol_error, kFault);
  }
  return is_idle(header_.stream) ? fail(ErrorCode::protocol_error, kFault) : true;
}

bool Session::on_rst_stream(const Frame& frame) {
  Stream* const stream = streams_.find(header_.stream);
  if (stream == nullptr) {
    if (is_idle(header_.stream)) return fail(ErrorCode::protocol_error, "RST_STREAM on an idle stream");
    return spend(Budget::closed_stream);
  }
  // What is cancelled before anything came of it, again and again, is rapid reset; deadlines that pass are
  // not.
  const bool rapid = role_ == Role::server && !stream->head_sent && is_young(*stream);
  if (rapid && !spend(Budget::client_reset)) return false;
  const StreamId id = stream->id;
  void* const owner = stream->owner;
  const bool known = !stream->ended();  // else the owner has all there is
  close(*stream, false);
  if (known) events_.on_reset(id, owner, frame.code, true);
  return !failed_;
}

bool Session::on_window_update(const Frame& frame) {
  if (!spend(Budget::window_update)) return false;
  if (header_.stream == 0) {
    if (std::int64_t{send_window_} + frame.value > kLargestWindow) {
      return fail(ErrorCode::flow_control_error, "window of the connection too large");
    }
    send_window_ += static_cast<std::int32_t>(frame.value);
    return true;
  }
  Stream* const stream = streams_.find(header_.stream);
  if (stream != nullptr) return grow_window(*stream, frame.value);
  return !is_idle(header_.stream) || fail(ErrorCode::protocol_error, "WINDOW_UPDATE on an idle stream");
}

bool Session::grow_window(Stream& stream, std::uint32_t increment) {
  const std::int64_t window = std::int64_t{stream.send_window} + increment;
  if (window > kLargestWindow) {
    return stream_error(stream, ErrorCode::flow_control_error, "window of the stream too large");
  }
  stream.send_window = static_cast<std::int32_t>(window);
  if (window > 0 && stream.wants_to_write && !stream.queued) queue_.add(stream);
  return true;
}

// --- ends of streams

// §5.4.2. Each costs a little of a budget: what a client may not do by its own resets it may not do by ours
// either.
bool Session::stream_error(Stream& stream, ErrorCode code, std::string_view detail) {
  const StreamId id = stream.id;
  void* const owner = stream.owner;
  const bool known = !stream.ended();
  fault_ = detail;
  close(stream, true);
  write_reset(id, code);
  if (known) events_.on_reset(id, owner, code, false);
  return !failed_ && spend(Budget::provoked_reset);
}

void Session::end_remote(Stream& stream) noexcept {
  stream.remote_ended = true;
  if (stream.ended()) --open_;
}

void Session::forget_if_done(StreamId id) noexcept {
  Stream* const stream = streams_.find(id);
  if (stream != nullptr && stream->ended() && stream->unread == 0) close(*stream, false);
}

void Session::close(Stream& stream, bool reset_by_us) noexcept {
  stop_waiting(stream);
  if (!stream.ended()) --open_;
  const std::uint32_t unread = stream.unread;
  closed_.add(stream.id, reset_by_us);
  streams_.remove(stream);
  if (unread > 0) give_back(unread);
}

}  // namespace turnpike::http::h2
