// The state of one stream, and where a connection keeps its streams.
#pragma once

#include <cstddef>
#include <cstdint>

#include "http/h2/codes.h"
#include "http/h2/priority.h"
#include "http/message.h"

namespace turnpike::http::h2 {

// A stream that is not idle and not dead (RFC 9113 §5.1). Open and half-closed are told by the two `ended`;
// with both of them it is closed, but its content is not yet consumed.
struct Stream {
  static constexpr std::uint64_t kUnknown = UINT64_MAX;

  StreamId id = 0;
  std::int32_t send_window = 0;  // negative after SETTINGS made it smaller (§6.9.2)
  std::int32_t receive_window = 0;
  std::uint32_t unread = 0;       // bytes of content that were told and not yet consumed
  std::uint32_t unannounced = 0;  // consumed, but no WINDOW_UPDATE sent for them yet
  Method method = Method::other;  // client: of the request
  Priority priority;
  std::uint8_t interim = 0;         // client: responses below 200 so far
  std::uint16_t opened = 0;         // server: when, in milliseconds modulo 2^16
  bool local_ended : 1 = false;     // we sent END_STREAM
  bool remote_ended : 1 = false;    // the peer did
  bool head_seen : 1 = false;       // the request's, or the final response's
  bool head_sent : 1 = false;       // server: the final response's
  bool wants_to_write : 1 = false;  // send_data() took less than all
  bool queued : 1 = false;          // in the WriteQueue
  void* owner = nullptr;
  std::uint64_t content_left = kUnknown;  // of Content-Length; what DATA must add up to
  Stream* before = nullptr;               // in the WriteQueue
  Stream* behind = nullptr;

  bool ended() const noexcept { return local_ended && remote_ended; }
};

// Streams by id: open addressing, no more than half full, no memory while empty.
class StreamTable {
 public:
  StreamTable() noexcept = default;
  StreamTable(const StreamTable&) = delete;
  StreamTable& operator=(const StreamTable&) = delete;
  ~StreamTable();

  std::size_t size() const noexcept { return size_; }
  Stream* find(StreamId id) const noexcept {
    if (size_ == 0) return nullptr;
    for (std::uint32_t slot = slot_of(id); slots_[slot] != nullptr; slot = (slot + 1) & (capacity_ - 1)) {
      if (slots_[slot]->id == id) return slots_[slot];
    }
    return nullptr;
  }
  Stream& add(StreamId id);                               // must not be there
  void remove(Stream& stream) noexcept;                   // frees it
  Stream* any() const noexcept { return find_above(0); }  // null if there is none
  Stream* find_above(StreamId id) const noexcept;         // one with a higher id
  // `f(Stream&)` must not add or remove.
  template <class F>
  void for_each(F&& f) const {
    for (std::uint32_t slot = 0; slot < capacity_; ++slot) {
      if (slots_[slot] != nullptr) f(*slots_[slot]);
    }
  }
  std::size_t bytes_held() const noexcept { return capacity_ * sizeof(Stream*) + size_ * sizeof(Stream); }

 private:
  std::uint32_t slot_of(StreamId id) const noexcept { return (id * 0x9e37'79b9u >> 7) & (capacity_ - 1); }
  void resize(std::uint32_t capacity);

  Stream** slots_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t size_ = 0;
};

// Streams that wait for the connection's window or for room in the output, the most urgent first (RFC 9218
// §10).
class WriteQueue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  Stream* first() const noexcept { return first_; }
  void add(Stream& stream) noexcept;
  void remove(Stream& stream) noexcept;  // does nothing if it is not in it
  // Whether a stream waits that is to be served together with this one, or before it.
  bool has_rival(const Stream& stream) const noexcept {
    return first_ != nullptr && first_->priority.urgency <= stream.priority.urgency;
  }

 private:
  Stream* first_ = nullptr;
  Stream* last_ = nullptr;
};

// The ids of streams that ended a short while ago, for frames that were on their way: which of them are the
// peer's fault depends on who ended the stream (§5.1).
class ClosedStreams {
 public:
  enum class How : std::uint8_t { forgotten, ended, reset_by_us };

  ClosedStreams() noexcept = default;
  ClosedStreams(const ClosedStreams&) = delete;
  ClosedStreams& operator=(const ClosedStreams&) = delete;
  ~ClosedStreams();

  void add(StreamId id, bool reset_by_us);
  How find(StreamId id) const noexcept;
  std::size_t bytes_held() const noexcept { return ids_ != nullptr ? kKept * sizeof(std::uint32_t) : 0; }

 private:
  static constexpr std::uint32_t kKept = 64;
  static constexpr std::uint32_t kByUs = 0x8000'0000;

  std::uint32_t* ids_ = nullptr;  // a ring; with kByUs set where we reset it
  std::uint32_t next_ = 0;
  StreamId forgotten_reset_ = 0;  // the highest id reset by us that fell out of the ring
};

}  // namespace turnpike::http::h2
