// What the owner sends: field sections, content, resets, and the windows that open again.
#include <algorithm>

#include "base/free_list.h"
#include "http/h2/session.h"

namespace turnpike::http::h2 {
namespace {

// Less than this is not worth a frame while more waits: it waits for the output to drain.
constexpr std::size_t kLeastRoom = 1024;
// So that streams that share the connection take turns.
constexpr std::size_t kTurn = kDefaultFrameSize;
// DATA of this size, or the last there was, accounts for WINDOW_UPDATEs; crumbs that a tiny window makes do
// not.
constexpr std::size_t kFairFrame = 256;
// Clients tell of what they read at their own pace, some each 4 KiB for the stream and the connection.
constexpr std::uint32_t updates_for(std::size_t size) noexcept {
  return static_cast<std::uint32_t>(2 + size / 2048);
}

std::size_t size_of(std::span<const iovec> data) noexcept {
  std::size_t size = 0;
  for (const iovec& piece : data) size += piece.iov_len;
  return size;
}

// Whether HTTP/2 has a place for the field (RFC 9113 §8.2.2). Callers remove these already: this is the last
// door.
bool may_be_sent(const Field& field, bool authority) noexcept {
  switch (field.id) {
    case FieldId::connection:
    case FieldId::http2_settings:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return false;
    case FieldId::host:
      return !authority;  // which says it all
    case FieldId::te:
      return field.value == "trailers";
    default:
      return true;
  }
}

}  // namespace

// --- field sections

// What a header block is made of.
struct Session::Section {
  const RequestHead* request = nullptr;
  unsigned status = 0;  // of a response
  const Fields* fields = nullptr;

  std::string_view method() const noexcept {
    return request->method_text.empty() ? name_of(request->method) : request->method_text;
  }
  // At most so many bytes.
  std::size_t room() const noexcept {
    std::size_t room = 2 * Encoder::kBeginRoom;
    if (request != nullptr) {
      room += 6 * Encoder::room(16, 0) + method().size() + request->scheme.size() +
              request->authority.size() + request->path.size() + request->query.size() +
              request->protocol.size();
    }
    if (fields == nullptr) return room;
    for (const Field& field : *fields) room += Encoder::room(field.name.size(), field.value.size());
    return room;
  }
};

char* Session::encode(char* out, const Section& section) {
  out = encoder_.begin(out);
  bool authority = false;
  if (section.request != nullptr) {
    const RequestHead& head = *section.request;
    const bool plain_connect = head.method == Method::connect && head.protocol.empty();
    out = encoder_.pseudo(out, Pseudo::method, section.method());
    if (!plain_connect) out = encoder_.pseudo(out, Pseudo::scheme, head.scheme);
    authority = !head.authority.empty();
    if (authority) out = encoder_.pseudo(out, Pseudo::authority, head.authority);
    if (!plain_connect) out = encode_path(out, head);
    if (!head.protocol.empty()) out = encoder_.pseudo(out, Pseudo::protocol, head.protocol);
  } else if (section.status != 0) {
    out = encoder_.status(out, section.status);
  }
  if (section.fields == nullptr) return out;
  for (const Field& field : *section.fields) {
    if (may_be_sent(field, authority)) out = encoder_.field(out, field);
  }
  return out;
}

char* Session::encode_path(char* out, const RequestHead& head) {
  if (!head.has_query) return encoder_.pseudo(out, Pseudo::path, head.path.empty() ? "/" : head.path);
  const std::size_t size = head.path.size() + 1 + head.query.size();
  Bytes joined;
  joined.reserve(size);
  joined.append(head.path);
  joined.append("?");
  joined.append(head.query);
  return encoder_.pseudo(out, Pseudo::path, joined.view());
}

// HEADERS, and CONTINUATION where the block is larger than a frame.
void Session::write_section(StreamId id, const Section& section, bool end_stream) {
  const std::uint8_t end = end_stream ? flag::kEndStream : 0;
  const std::size_t room = section.room();
  if (room <= peer_frame_size_ && room <= kDefaultFrameSize) {
    char* const frame = output_.reserve(kFrameHeader + room);
    const auto size = static_cast<std::size_t>(encode(frame + kFrameHeader, section) - frame);
    write_frame_header(frame, size - kFrameHeader, FrameType::headers, end | flag::kEndHeaders, id);
    return output_.commit(size);
  }
  char* const block = static_cast<char*>(free_list_allocate(room));
  std::string_view rest(block, static_cast<std::size_t>(encode(block, section) - block));
  FrameType type = FrameType::headers;
  do {
    const std::string_view part = rest.substr(0, std::min<std::size_t>(peer_frame_size_, kDefaultFrameSize));
    rest.remove_prefix(part.size());
    std::uint8_t flags = type == FrameType::headers ? end : 0;
    if (rest.empty()) flags |= flag::kEndHeaders;
    write_frame_header(output_.reserve(kFrameHeader), part.size(), type, flags, id);
    output_.commit(kFrameHeader);
    output_.append(part);
    type = FrameType::continuation;
  } while (!rest.empty());
  free_list_release(block, room);
}

StreamId Session::submit_request(const RequestHead& head, bool end_stream, void* owner) {
  if (!may_open()) return 0;
  const StreamId id = next_id_;
  next_id_ += 2;
  Stream& stream = streams_.add(id);
  ++open_;
  stream.owner = owner;
  stream.method = head.method;
  stream.send_window = static_cast<std::int32_t>(peer_window_);
  stream.receive_window = static_cast<std::int32_t>(window_of_streams());
  stream.head_sent = true;
  write_section(id, {&head, 0, &head.fields}, end_stream);
  if (end_stream) end_local(stream);
  return id;
}

void Session::send_response(StreamId id, const ResponseHead& head, bool end_stream) {
  Stream* const stream = streams_.find(id);
  if (stream == nullptr || stream->local_ended || stream->head_sent) return;
  stream->head_sent = head.status >= 200;
  write_section(id, {nullptr, head.status, &head.fields}, end_stream);
  budgets_.earn(Budget::ping);
  if (end_stream) end_local(*stream);
}

void Session::send_trailers(StreamId id, const Fields& trailers) {
  Stream* const stream = streams_.find(id);
  if (stream == nullptr || stream->local_ended) return;
  if (trailers.empty()) {
    send_data(id, {}, true);
    return;
  }
  write_section(id, {nullptr, 0, &trailers}, true);
  end_local(*stream);
}

void Session::write_status(StreamId id, unsigned status) {
  write_section(id, {nullptr, status, nullptr}, true);
}

// --- content

// Of the output, for content.
std::size_t Session::room() const noexcept {
  const std::size_t high = std::max(limits_.output_high, kLeastRoom);
  return output_.size() + kLeastRoom <= high ? high - output_.size() : 0;
}

std::size_t Session::send_data(StreamId id, std::span<const iovec> data, bool end_stream) {
  Stream* const stream = streams_.find(id);
  if (stream == nullptr || stream->local_ended) return 0;
  const std::size_t size = size_of(data);
  stop_waiting(*stream);
  std::size_t most = std::min<std::size_t>({size, static_cast<std::size_t>(std::max(stream->send_window, 0)),
                                            static_cast<std::size_t>(std::max(send_window_, 0)), room()});
  if (queue_.has_rival(*stream)) {
    if (!waking_) {
      most = 0;  // others came first, and will be called
    } else if (stream->priority.incremental) {
      most = std::min(most, kTurn);
    }
  }
  if (most == 0 && (size > 0 || !end_stream)) {
    if (size > 0) wait_to_write(*stream);
    return 0;
  }
  return take_data(*stream, data, most, end_stream && most == size);
}

// Copies `count` bytes into frames; `end_stream` goes with the last of them.
std::size_t Session::take_data(Stream& stream, std::span<const iovec> data, std::size_t count,
                               bool end_stream) {
  const bool all = count == size_of(data);
  std::size_t left = count;
  std::size_t offset = 0;  // in the first piece
  do {
    const std::size_t size = std::min<std::size_t>({left, peer_frame_size_, kDefaultFrameSize});
    left -= size;
    write_frame_header(output_.reserve(kFrameHeader), size, FrameType::data,
                       end_stream && left == 0 ? flag::kEndStream : 0, stream.id);
    output_.commit(kFrameHeader);
    for (std::size_t rest = size; rest > 0;) {
      const std::string_view piece(static_cast<const char*>(data.front().iov_base), data.front().iov_len);
      const std::string_view part = piece.substr(offset, rest);
      output_.append(part);
      rest -= part.size();
      offset += part.size();
      if (offset < piece.size()) continue;
      data = data.subspan(1);
      offset = 0;
    }
    if (size >= kFairFrame || (all && left == 0)) budgets_.earn(Budget::window_update, updates_for(size));
  } while (left > 0);
  budgets_.earn(Budget::ping);
  stream.send_window -= static_cast<std::int32_t>(count);
  send_window_ -= static_cast<std::int32_t>(count);
  stalled_since_ = kNever;
  if (end_stream) {
    end_local(stream);
  } else if (!all) {
    wait_to_write(stream);
  }
  return count;
}

void Session::wait_to_write(Stream& stream) noexcept {
  stream.wants_to_write = true;
  ++writers_;
  if (stream.send_window > 0) queue_.add(stream);
}

void Session::stop_waiting(Stream& stream) noexcept {
  if (!stream.wants_to_write) return;
  stream.wants_to_write = false;
  --writers_;
  queue_.remove(stream);
}

// Calls those that wait, in turn, as long as there is anything to give.
void Session::wake_writers() {
  if (waking_) return;
  waking_ = true;
  while (!failed_ && !queue_.empty() && send_window_ > 0 && room() > 0) {
    Stream& stream = *queue_.first();
    if (stream.send_window > 0) {
      const StreamId id = stream.id;
      void* const owner = stream.owner;
      stop_waiting(stream);
      events_.on_writable(id, owner);
    } else {
      queue_.remove(stream);  // until its window grows
    }
  }
  waking_ = false;
}

void Session::end_local(Stream& stream) noexcept {
  stream.local_ended = true;
  budgets_.earn(Budget::client_reset);
  budgets_.earn(Budget::closed_stream);
  if (stream.ended()) --open_;
  forget_if_done(stream.id);
}

// --- resets and windows

void Session::reset(StreamId id, ErrorCode code) {
  Stream* const stream = streams_.find(id);
  if (stream == nullptr) return;
  const bool silent = stream->ended();
  close(*stream, !silent);
  if (!silent) write_reset(id, code);
}

void Session::write_reset(StreamId id, ErrorCode code) {
  char* const frame = output_.reserve(kFrameHeader + 4);
  write_u32(write_frame_header(frame, 4, FrameType::rst_stream, 0, id), static_cast<std::uint32_t>(code));
  output_.commit(kFrameHeader + 4);
}

void Session::write_window_update(StreamId id, std::uint32_t increment) {
  char* const frame = output_.reserve(kFrameHeader + 4);
  write_u32(write_frame_header(frame, 4, FrameType::window_update, 0, id), increment);
  output_.commit(kFrameHeader + 4);
}

void Session::consumed(StreamId id, std::size_t bytes) {
  Stream* const stream = streams_.find(id);
  if (stream == nullptr) return;
  const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, stream->unread));
  stream->unread -= count;
  give_back(count);
  give_back(*stream, count);
  forget_if_done(id);
}

// The window of the connection opens when half of it waits to be announced.
void Session::give_back(std::uint32_t bytes) {
  unannounced_ += bytes;
  const std::uint32_t window = std::clamp(limits_.connection_window, kDefaultWindow, kLargestWindow);
  if (failed_ || unannounced_ < window / 2) return;
  receive_window_ += static_cast<std::int32_t>(unannounced_);
  write_window_update(0, std::exchange(unannounced_, 0));
}

void Session::give_back(Stream& stream, std::uint32_t bytes) {
  stream.unannounced += bytes;
  if (failed_ || stream.remote_ended || stream.unannounced < window_of_streams() / 2) return;
  stream.receive_window += static_cast<std::int32_t>(stream.unannounced);
  write_window_update(stream.id, std::exchange(stream.unannounced, 0));
}

}  // namespace turnpike::http::h2
