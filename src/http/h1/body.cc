// Content: Content-Length, chunked (RFC 9112 §7.1) and until the connection closes.
#include <algorithm>
#include <cstring>

#include "http/h1/codec.h"
#include "http/h1/scan.h"
#include "http/h1/trailer.h"

namespace turnpike::http::h1 {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

BodyReader::BodyReader(Framing framing, std::uint64_t content_length, const Limits& limits) noexcept
    : framing_(framing), limits_(limits) {
  switch (framing) {
    case Framing::none:
      break;
    case Framing::length:
      remaining_ = content_length;
      if (content_length > 0) state_ = State::length;
      break;
    case Framing::chunked:
      state_ = State::size;
      break;
    case Framing::until_close:
      state_ = State::until_close;
      break;
  }
}

BodyReader::Step BodyReader::next(std::string_view in, Arena& arena) {
  Step step;
  const char* at = in.data();
  const char* const end = at + in.size();
  if (state_ == State::length && limits_.body != 0 && received_ + remaining_ > limits_.body) {
    step.error =
        refuse("content longer than the limit", ErrorKind::body_too_large);  // before any of it is taken
  }
  while (at != end && step.error == ErrorKind::none && state_ != State::done && state_ != State::failed) {
    if (state_ == State::length || state_ == State::data || state_ == State::until_close) {
      if (!step.data.empty()) break;
      auto size = static_cast<std::uint64_t>(end - at);
      if (state_ != State::until_close) size = std::min(size, remaining_);
      step.data = {at, static_cast<std::size_t>(size)};
      at += size;
      if (!count_data(size)) step.error = refuse("content longer than the limit", ErrorKind::body_too_large);
    } else {
      step.error = take_framing(at, end, arena);
    }
  }
  if (state_ == State::failed) {
    step.error = step.error == ErrorKind::none ? ErrorKind::bad_request : step.error;
    step.detail = detail_;
    step.data = {};
    return step;
  }
  step.consumed = static_cast<std::size_t>(at - in.data());
  step.done = state_ == State::done;
  return step;
}

// Counts `size` bytes of content as moved; false if that is more than the limit.
bool BodyReader::count_data(std::uint64_t size) noexcept {
  received_ += size;
  if (state_ == State::until_close) return limits_.body == 0 || received_ <= limits_.body;
  remaining_ -= size;
  if (remaining_ == 0) state_ = state_ == State::data ? State::data_cr : State::done;
  return true;
}

void BodyReader::skip(std::uint64_t count) noexcept {
  if (count > 0 && (state_ == State::length || state_ == State::data))
    count_data(std::min(count, remaining_));
}

bool BodyReader::finish_at_eof() noexcept {
  if (state_ == State::until_close) state_ = State::done;
  return state_ == State::done;
}

ErrorKind BodyReader::refuse(std::string_view detail, ErrorKind kind) noexcept {
  state_ = State::failed;
  detail_ = detail;
  return kind;
}

ErrorKind BodyReader::take_framing(const char*& at, const char* end, Arena& arena) {
  switch (state_) {
    case State::size:
      return take_size(at, end);
    case State::extension:
      return take_extension(at, end);
    case State::size_lf:
      if (*at++ != '\n') return refuse("CR without LF behind a chunk size");
      return end_size_line();
    case State::data_cr:
      if (*at++ != '\r') return refuse("chunk longer than its size");
      state_ = State::data_lf;
      return ErrorKind::none;
    case State::data_lf:
      if (*at++ != '\n') return refuse("CR without LF behind a chunk");
      state_ = State::size;
      return ErrorKind::none;
    case State::trailer:
      return take_trailer(at, end, arena);
    default:
      return ErrorKind::none;
  }
}

ErrorKind BodyReader::take_size(const char*& at, const char* end) noexcept {
  for (; at != end; ++at) {
    const int digit = hex_digit(*at);
    if (digit < 0) break;
    if (++digits_ > limits_.chunk_size_digits || chunk_ >> 59 != 0) return refuse("chunk size too large");
    chunk_ = chunk_ << 4 | static_cast<std::uint64_t>(digit);  // below 2^63: no reader sees it negative
  }
  if (at == end) return ErrorKind::none;
  if (digits_ == 0) return refuse("chunk size without a digit");
  if (*at == '\r') {
    state_ = State::size_lf;
  } else if (*at == ';') {
    state_ = State::extension;
    extension_ = Extension::name_start;
    ++extension_size_;
  } else {
    return refuse(*at == '\n' ? "LF without CR behind a chunk size" : "character that no chunk size has");
  }
  ++at;
  return ErrorKind::none;
}

// chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] ), without the white space that RFC 9112 §7.1.1
// has for old senders only. Read to be refused or forgotten: nothing of it is passed on.
ErrorKind BodyReader::take_extension(const char*& at, const char* end) noexcept {
  for (; at != end; ++at) {
    const char c = *at;
    const bool token = is_token_byte(c);
    const bool may_end = extension_ == Extension::name || extension_ == Extension::value ||
                         extension_ == Extension::quoted_end;
    if (may_end && c == '\r') {
      ++at;
      state_ = State::size_lf;
      return ErrorKind::none;
    }
    if (++extension_size_ > limits_.chunk_extension) return refuse("chunk extensions too long");
    if (may_end && c == ';') {
      extension_ = Extension::name_start;
      continue;
    }
    bool fits = token;
    switch (extension_) {
      case Extension::name_start:
        extension_ = Extension::name;
        break;
      case Extension::name:
        if (c == '=') {
          extension_ = Extension::value_start;
          fits = true;
        }
        break;
      case Extension::value_start:
        extension_ = c == '"' ? Extension::quoted : Extension::value;
        fits = token || c == '"';
        break;
      case Extension::value:
        break;
      case Extension::quoted:
        fits = is_text_byte(c);
        if (c == '"') extension_ = Extension::quoted_end;
        if (c == '\\') extension_ = Extension::escaped;
        break;
      case Extension::escaped:
        fits = is_text_byte(c);
        extension_ = Extension::quoted;
        break;
      case Extension::quoted_end:
        fits = false;
        break;
    }
    if (!fits) return refuse("malformed chunk extension");
  }
  return ErrorKind::none;
}

ErrorKind BodyReader::end_size_line() noexcept {
  overhead_ += digits_ + extension_size_;
  if (overhead_ > received_ + chunk_ + limits_.chunk_extensions_total) {
    return refuse("more chunk framing than content");
  }
  if (limits_.body != 0 && (chunk_ > limits_.body || received_ > limits_.body - chunk_)) {
    return refuse("content longer than the limit", ErrorKind::body_too_large);
  }
  if (received_ + chunk_ > INT64_MAX) return refuse("chunk size too large");
  remaining_ = chunk_;
  state_ = chunk_ == 0 ? State::trailer : State::data;
  chunk_ = 0;
  digits_ = extension_size_ = 0;
  return ErrorKind::none;
}

ErrorKind BodyReader::take_trailer(const char*& at, const char* end, Arena& arena) {
  if (trailer_size_ == 0 && end - at >= 2 && at[0] == '\r' &&
      at[1] == '\n') {  // no trailer, as nearly always
    at += 2;
    state_ = State::done;
    return ErrorKind::none;
  }
  if (trailer_size_ > 0 && trailer_[trailer_size_ - 1] == '\r' && *at != '\n') {
    return refuse("CR without LF in the trailer section");
  }
  const auto left = static_cast<std::size_t>(end - at);
  const void* const newline = std::memchr(at, '\n', left);
  const std::size_t size =
      newline == nullptr ? left : static_cast<std::size_t>(static_cast<const char*>(newline) - at) + 1;
  // What no line has is refused before the line ends, and before the section is too large: a verdict must not
  // depend on how the bytes were cut.
  const std::size_t room = std::min(size, limits_.trailer - trailer_size_);
  const char* const stop = best_scan().text(at, at, at + room);
  const bool lines_only =
      stop == at + room || *stop == '\n' || (*stop == '\r' && (stop + 1 == end || stop[1] == '\n'));
  if (!lines_only) return refuse("control byte in the trailer section");
  if (room < size) return refuse("trailer section too large", ErrorKind::head_too_large);
  keep_trailer_bytes(at, size, arena);
  at += size;
  return newline == nullptr ? ErrorKind::none : take_trailer_line(arena);
}

// Lines that were read keep pointing into the smaller copy, which lives as long as the arena.
void BodyReader::keep_trailer_bytes(const char* at, std::size_t size, Arena& arena) {
  const auto needed = static_cast<std::uint32_t>(trailer_size_ + size);
  if (needed > trailer_capacity_) {
    trailer_capacity_ = std::max(needed, std::max(trailer_capacity_ * 2, 256u));
    char* const larger = static_cast<char*>(arena.allocate(trailer_capacity_, 1));
    if (trailer_size_ > 0) std::memcpy(larger, trailer_, trailer_size_);
    trailer_ = larger;
  }
  std::memcpy(trailer_ + trailer_size_, at, size);
  trailer_size_ = needed;
}

ErrorKind BodyReader::take_trailer_line(Arena& arena) {
  const char* const line = trailer_ + trailer_line_;
  const char* const end = trailer_ + trailer_size_;
  const std::size_t before = trailers_.size();
  const Lines lines = best_scan().fields(trailer_, line, end, limits_, arena, trailers_);
  switch (lines.state) {
    case Lines::State::complete:
      state_ = State::done;
      return ErrorKind::none;
    case Lines::State::malformed:
      return refuse(lines.reason);
    case Lines::State::too_large:
      return refuse(lines.reason, ErrorKind::head_too_large);
    case Lines::State::incomplete:
      break;  // as it must be: the line was read, and the next is not there
  }
  if (trailers_.size() != before + 1) return refuse("malformed trailer line");
  if (!may_be_trailer(trailers_.end()[-1])) return refuse("field that must not be in trailers");
  trailer_line_ = trailer_size_;
  return ErrorKind::none;
}

}  // namespace turnpike::http::h1
