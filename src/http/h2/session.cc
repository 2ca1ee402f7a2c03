// The connection itself: its beginning, its end, and what can be asked about it.
#include "http/h2/session.h"

#include <algorithm>

namespace turnpike::http::h2 {
namespace {

constexpr std::uint32_t kStreamsUntilTold = 100;  // that a client opens before the server's SETTINGS came
constexpr char kPingData[] = "turnpike";          // 8 bytes

}  // namespace

Session::Session(Role role, const Limits& limits, Events& events, TimePoint now)
    : limits_(limits),
      events_(events),
      budgets_(limits, now),
      decoder_(limits.decoder_table),
      encoder_(limits.encoder_table),
      now_(now),
      role_(role),
      reading_(role == Role::server ? Reading::preface : Reading::header),
      left_(role == Role::server ? static_cast<std::uint32_t>(kPreface.size()) : 0),
      peer_streams_(kStreamsUntilTold),
      receive_window_(
          static_cast<std::int32_t>(std::clamp(limits.connection_window, kDefaultWindow, kLargestWindow))) {
  write_preface();
}

Session::~Session() = default;

// §3.4.
void Session::write_preface() {
  if (role_ == Role::client) output_.append(kPreface);
  write_settings();
  const auto more = static_cast<std::uint32_t>(receive_window_) - kDefaultWindow;
  if (more > 0) write_window_update(0, more);
}

void Session::write_settings() {
  constexpr std::size_t kMost = 8;
  char* const frame = output_.reserve(kFrameHeader + kMost * 6);
  char* out = frame + kFrameHeader;
  const auto put = [&out](Setting setting, std::uint32_t value) {
    out = write_u32(write_u16(out, static_cast<std::uint32_t>(setting)), value);
  };
  if (role_ == Role::server) {
    put(Setting::max_concurrent_streams, limits_.concurrent_streams);
    if (limits_.connect_protocol) put(Setting::enable_connect_protocol, 1);
    put(Setting::no_rfc7540_priorities, 1);
  } else {
    put(Setting::enable_push, 0);
  }
  put(Setting::initial_window_size, window_of_streams());
  put(Setting::max_header_list_size, limits_.header_list);
  if (largest_frame() != kDefaultFrameSize) put(Setting::max_frame_size, largest_frame());
  const std::uint32_t table = std::min(limits_.decoder_table, DynamicTable::kLargest);
  if (table != kDefaultTableSize) put(Setting::header_table_size, table);
  const auto size = static_cast<std::size_t>(out - frame);
  write_frame_header(frame, size - kFrameHeader, FrameType::settings, 0, 0);
  output_.commit(size);
}

// Ours, of each stream. Not less than the default, which the peer may use until it has our SETTINGS.
std::uint32_t Session::window_of_streams() const noexcept {
  return std::clamp(limits_.stream_window, kDefaultWindow, kLargestWindow);
}

std::uint32_t Session::largest_frame() const noexcept {
  return std::clamp(limits_.frame_size, kDefaultFrameSize, kLargestFrameSize);
}

// --- its end

bool Session::fail(ErrorCode code, std::string_view detail) {
  if (failed_) return false;
  failed_ = true;
  fault_ = detail;
  const bool calm = code == ErrorCode::enhance_your_calm;
  error_ = {calm ? ErrorKind::http2_flood : ErrorKind::http2_error,
            role_ == Role::server ? ErrorSource::client : ErrorSource::upstream, Retry::never, detail};
  write_goaway(last_peer_id_, code);
  payload_.clear();
  block_.clear();
  drop_streams(code, false);
  return false;
}

bool Session::flood(Budget budget) {
  static constexpr std::array<std::string_view, kBudgets> kDetails = {
      "too many streams reset by the peer",
      "too many streams that the peer made us reset",
      "too many CONTINUATION frames or bytes for one header block",
      "header list far too large",
      "too many PING frames",
      "too many SETTINGS frames",
      "too many PRIORITY frames",
      "too many frames without content",
      "too many WINDOW_UPDATE frames",
      "too many frames for closed streams",
      "the peer does not read what it asks for",
  };
  if (!failed_) spent_ = budget;
  return fail(ErrorCode::enhance_your_calm, kDetails[static_cast<std::size_t>(budget)]);
}

void Session::drop_streams(ErrorCode code, bool by_peer) {
  while (Stream* const stream = streams_.any()) {
    const StreamId id = stream->id;
    void* const owner = stream->owner;
    close(*stream, false);
    events_.on_reset(id, owner, code, by_peer);
  }
}

void Session::abandon(ErrorCode code) {
  if (failed_) return;
  failed_ = true;
  error_ = {ErrorKind::cancelled, ErrorSource::us, Retry::never, "connection abandoned"};
  output_.clear();
  payload_.clear();
  block_.clear();
  drop_streams(code, true);
}

void Session::write_goaway(StreamId last, ErrorCode code) {
  char* const frame = output_.reserve(kFrameHeader + 8);
  write_u32(write_u32(write_frame_header(frame, 8, FrameType::goaway, 0, 0), last),
            static_cast<std::uint32_t>(code));
  output_.commit(kFrameHeader + 8);
}

void Session::begin_drain() {
  if (failed_ || goaway_sent_) return;
  write_goaway(kLargestId, ErrorCode::no_error);
}

void Session::finish_drain() { goaway(ErrorCode::no_error); }

void Session::goaway(ErrorCode code) {
  if (failed_) return;
  goaway_sent_ = true;
  write_goaway(last_peer_id_, code);
}

void Session::ping() {
  if (failed_ || ping_sent_) return;
  ping_sent_ = true;
  char* const frame = output_.reserve(kFrameHeader + 8);
  std::copy_n(kPingData, 8, write_frame_header(frame, 8, FrameType::ping, 0, 0));
  output_.commit(kFrameHeader + 8);
}

// --- questions

bool Session::wants_read() const noexcept { return !failed_ && output_.size() <= limits_.output_high; }
std::span<const iovec> Session::output() noexcept { return output_.front(); }
std::size_t Session::output_size() const noexcept { return output_.size(); }

void Session::written(std::size_t bytes) {
  output_.drop(bytes);
  if (!queue_.empty() && output_.size() <= limits_.output_high / 2) wake_writers();
}

bool Session::may_open() const noexcept {
  return role_ == Role::client && !closing() && open_ < peer_streams_ && next_id_ <= kLargestId;
}
std::size_t Session::max_open() const noexcept { return peer_streams_; }
std::size_t Session::open_streams() const noexcept { return open_; }
bool Session::closing() const noexcept { return failed_ || goaway_sent_ || goaway_received_; }
bool Session::failed() const noexcept { return failed_; }
bool Session::settings_acknowledged() const noexcept { return settings_acknowledged_; }
bool Session::peer_allows_connect_protocol() const noexcept { return peer_connect_protocol_; }

TimePoint Session::stalled_since(TimePoint now) noexcept {
  if (writers_ == 0) return stalled_since_ = kNever;
  if (stalled_since_ == kNever) stalled_since_ = now;
  return stalled_since_;
}

bool Session::waits_for_window(StreamId id) const noexcept {
  const Stream* const stream = streams_.find(id);
  return stream != nullptr && stream->wants_to_write && (stream->send_window <= 0 || send_window_ <= 0);
}

void Session::set_owner(StreamId id, void* owner) noexcept {
  if (Stream* const stream = streams_.find(id)) stream->owner = owner;
}

std::optional<Budget> Session::spent() const noexcept { return spent_; }
std::uint64_t Session::count(Budget budget) const noexcept { return budgets_.count(budget); }

std::size_t Session::bytes_held() const noexcept {
  return decoder_.bytes_held() + encoder_.bytes_held() + streams_.bytes_held() + closed_.bytes_held() +
         output_.bytes_held() + payload_.bytes_held() + block_.bytes_held();
}

}  // namespace turnpike::http::h2
