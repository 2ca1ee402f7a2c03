// Bytes to frames, and the frames of the connection.
#include <algorithm>
#include <cstring>

#include "http/h2/session.h"

namespace turnpike::http::h2 {

Error Session::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  budgets_.refill(now);
  while (!failed_ && !bytes.empty()) bytes.remove_prefix(step(bytes));
  if (!failed_) wake_writers();
  return error_;
}

// Takes some bytes, at least one.
std::size_t Session::step(std::string_view bytes) {
  switch (reading_) {
    case Reading::preface:
      return take_preface(bytes);
    case Reading::header:
      return take_header(bytes);
    case Reading::payload:
      return take_payload(bytes);
    case Reading::pad_length:
      return take_pad_length(bytes);
    case Reading::content:
      return take_content(bytes);
    case Reading::padding:
      return take_padding(bytes);
    case Reading::skipped:
      break;
  }
  const std::size_t count = std::min<std::size_t>(bytes.size(), left_);
  left_ -= static_cast<std::uint32_t>(count);
  if (left_ == 0) reading_ = Reading::header;
  return count;
}

std::size_t Session::take_preface(std::string_view bytes) {
  const std::size_t count = std::min<std::size_t>(bytes.size(), left_);
  if (bytes.substr(0, count) != kPreface.substr(kPreface.size() - left_, count)) {
    fail(ErrorCode::protocol_error, "no HTTP/2 preface");
    return bytes.size();
  }
  left_ -= static_cast<std::uint32_t>(count);
  if (left_ == 0) reading_ = Reading::header;
  return count;
}

std::size_t Session::take_header(std::string_view bytes) {
  std::size_t used = kFrameHeader - header_size_;
  if (bytes.size() < used) {
    std::memcpy(header_bytes_ + header_size_, bytes.data(), bytes.size());
    header_size_ = static_cast<std::uint8_t>(header_size_ + bytes.size());
    return bytes.size();
  }
  if (header_size_ == 0) {
    header_ = read_frame_header(bytes.data());
  } else {
    std::memcpy(header_bytes_ + header_size_, bytes.data(), used);
    header_ = read_frame_header(header_bytes_);
    header_size_ = 0;
  }
  if (!begin_frame() || reading_ != Reading::payload) return used;
  // The usual case: the frame is there as a whole and need not be kept.
  if (bytes.size() - used >= header_.length) {
    reading_ = Reading::header;
    end_frame(bytes.substr(used, header_.length));
    return used + header_.length;
  }
  payload_.reserve(header_.length);
  return used;
}

std::size_t Session::take_payload(std::string_view bytes) {
  const std::size_t count = std::min(bytes.size(), header_.length - payload_.size());
  payload_.append(bytes.substr(0, count));
  if (payload_.size() == header_.length) {
    reading_ = Reading::header;
    end_frame(payload_.view());
    payload_.clear();
  }
  return count;
}

// What may come now: SETTINGS first (§3.4), and nothing between the parts of a header block (§4.3).
bool Session::check_order() {
  const bool continuation = header_.type == FrameType::continuation;
  if (settings_expected_ && (header_.type != FrameType::settings || header_.has(flag::kAck))) {
    return fail(ErrorCode::protocol_error, "first frame is not SETTINGS");
  }
  if (block_stream_ != 0 && (!continuation || header_.stream != block_stream_)) {
    return fail(ErrorCode::protocol_error, "header block interrupted by another frame");
  }
  if (block_stream_ == 0 && continuation) {
    return fail(ErrorCode::protocol_error, "CONTINUATION without a header block");
  }
  return true;
}

// Decides what becomes of the payload.
bool Session::begin_frame() {
  if (output_.size() > limits_.output_most) return flood(Budget::output);
  const FrameFault fault = check_header(header_, largest_frame());
  if (fault.code != ErrorCode::no_error && !fault.of_stream) return fail(fault.code, fault.detail);
  if (!check_order()) return false;
  left_ = header_.length;
  reading_ = left_ > 0 ? Reading::skipped : Reading::header;
  if (fault.code != ErrorCode::no_error) return frame_error(fault);
  switch (header_.type) {
    case FrameType::data:
      return begin_data();
    case FrameType::push_promise:
      return fail(ErrorCode::protocol_error, "PUSH_PROMISE, which was not allowed");
    case FrameType::headers:
    case FrameType::priority:
    case FrameType::rst_stream:
    case FrameType::settings:
    case FrameType::ping:
    case FrameType::goaway:
    case FrameType::window_update:
    case FrameType::continuation:
    case FrameType::priority_update:
      reading_ = Reading::payload;
      return true;
  }
  return spend(Budget::empty_frame);  // unknown: passed over (§4.1)
}

// A frame that is wrong by itself. Where there is no stream to reset any more, the connection ends: nobody
// sends such a frame by accident.
bool Session::frame_error(const FrameFault& fault) {
  Stream* const stream = fault.of_stream ? streams_.find(header_.stream) : nullptr;
  return stream != nullptr ? stream_error(*stream, fault.code, fault.detail) : fail(fault.code, fault.detail);
}

bool Session::end_frame(std::string_view payload) {
  Frame frame;
  const FrameFault fault = parse_payload(header_, payload, frame);
  if (fault.code != ErrorCode::no_error) return frame_error(fault);
  switch (header_.type) {
    case FrameType::headers:
      return on_headers(frame);
    case FrameType::continuation:
      return on_continuation(payload);
    case FrameType::priority:
      return on_priority(frame);
    case FrameType::rst_stream:
      return on_rst_stream(frame);
    case FrameType::settings:
      return on_settings(payload);
    case FrameType::ping:
      return on_ping(payload);
    case FrameType::goaway:
      return on_goaway(frame);
    case FrameType::window_update:
      return on_window_update(frame);
    case FrameType::priority_update:
      return on_priority_update(frame);
    case FrameType::data:
    case FrameType::push_promise:
      break;
  }
  return true;
}

// --- SETTINGS (§6.5)

bool Session::on_settings(std::string_view payload) {
  if (header_.has(flag::kAck)) {
    if (settings_acknowledged_) return spend(Budget::settings);
    settings_acknowledged_ = true;
    decoder_.acknowledged();
    events_.on_settings_ack();
    return !failed_;
  }
  settings_expected_ = false;
  if (!spend(Budget::settings)) return false;
  for (; !payload.empty(); payload.remove_prefix(6)) {
    if (!apply(static_cast<Setting>(read_u16(payload.data())), read_u32(payload.data() + 2))) return false;
  }
  write_frame_header(output_.reserve(kFrameHeader), 0, FrameType::settings, flag::kAck, 0);
  output_.commit(kFrameHeader);
  events_.on_settings();
  return !failed_;
}

bool Session::apply(Setting setting, std::uint32_t value) {
  switch (setting) {
    case Setting::header_table_size:
      encoder_.set_peer_limit(value);
      break;
    case Setting::enable_push:
      if (value > 1 || (value == 1 && role_ == Role::client)) {
        return fail(ErrorCode::protocol_error, "bad SETTINGS_ENABLE_PUSH");
      }
      break;
    case Setting::max_concurrent_streams:
      peer_streams_ = value;
      break;
    case Setting::initial_window_size:
      return change_initial_window(value);
    case Setting::max_frame_size:
      if (value < kDefaultFrameSize || value > kLargestFrameSize) {
        return fail(ErrorCode::protocol_error, "bad SETTINGS_MAX_FRAME_SIZE");
      }
      peer_frame_size_ = value;
      break;
    case Setting::enable_connect_protocol:
      if (value > 1 || (value == 0 && peer_connect_protocol_)) {  // RFC 8441 §3
        return fail(ErrorCode::protocol_error, "bad SETTINGS_ENABLE_CONNECT_PROTOCOL");
      }
      peer_connect_protocol_ = value == 1;
      break;
    case Setting::no_rfc7540_priorities:
      if (value > 1) return fail(ErrorCode::protocol_error, "bad SETTINGS_NO_RFC7540_PRIORITIES");
      break;
    case Setting::max_header_list_size:  // advice; whoever asks for more than it takes will hear so
      break;
  }
  return true;  // unknown ones are passed over
}

// Also of the streams that are there; their windows may become negative (§6.9.2).
bool Session::change_initial_window(std::uint32_t value) {
  if (value > kLargestWindow)
    return fail(ErrorCode::flow_control_error, "SETTINGS_INITIAL_WINDOW_SIZE too large");
  const std::int64_t change = std::int64_t{value} - peer_window_;
  peer_window_ = value;
  bool overflow = false;
  streams_.for_each([&](Stream& stream) {
    const std::int64_t window = stream.send_window + change;
    overflow |= window > kLargestWindow;
    stream.send_window = static_cast<std::int32_t>(std::min<std::int64_t>(window, kLargestWindow));
    if (stream.send_window > 0 && stream.wants_to_write && !stream.queued) queue_.add(stream);
  });
  return !overflow ||
         fail(ErrorCode::flow_control_error, "SETTINGS_INITIAL_WINDOW_SIZE makes a window too large");
}

// --- PING, GOAWAY, PRIORITY_UPDATE

bool Session::on_ping(std::string_view payload) {
  if (header_.has(flag::kAck)) {
    if (!ping_sent_) return spend(Budget::ping);
    ping_sent_ = false;
    events_.on_ping_ack();
    return !failed_;
  }
  if (!spend(Budget::ping)) return false;
  char* const frame = output_.reserve(kFrameHeader + 8);
  std::memcpy(write_frame_header(frame, 8, FrameType::ping, flag::kAck, 0), payload.data(), 8);
  output_.commit(kFrameHeader + 8);
  return true;
}

bool Session::on_goaway(const Frame& frame) {
  if (!spend(Budget::empty_frame)) return false;
  goaway_received_ = true;
  events_.on_goaway(frame.value, frame.code, frame.content);
  if (role_ == Role::server) return !failed_;  // it speaks of streams that we would have opened
  while (Stream* const stream = streams_.find_above(frame.value)) {
    const StreamId id = stream->id;
    void* const owner = stream->owner;
    close(*stream, true);  // what the peer still says of it is to be ignored (§6.8)
    events_.on_reset(id, owner, ErrorCode::refused_stream, true);
  }
  return !failed_;
}

// RFC 9218 §7.1.
bool Session::on_priority_update(const Frame& frame) {
  const StreamId id = frame.value;
  if (role_ == Role::client) return fail(ErrorCode::protocol_error, "PRIORITY_UPDATE from a server");
  if (id == 0 || id % 2 == 0)
    return fail(ErrorCode::protocol_error, "PRIORITY_UPDATE of a stream that no client opens");
  if (!spend(Budget::priority)) return false;
  const Priority priority = parse_priority(frame.content);
  if (Stream* const stream = streams_.find(id)) {
    const bool queued = stream->queued;
    queue_.remove(*stream);
    stream->priority = priority;
    if (queued) queue_.add(*stream);
  } else if (is_idle(id)) {
    // The latest few are kept; a request that has its own word for it later does not mind.
    Early* slot =
        std::find_if(std::begin(early_), std::end(early_), [id](const Early& e) { return e.id == id; });
    if (slot == std::end(early_))
      slot = std::min_element(std::begin(early_), std::end(early_),
                              [](const Early& a, const Early& b) { return a.id < b.id; });
    *slot = {id, priority};
  }
  return true;
}

}  // namespace turnpike::http::h2
