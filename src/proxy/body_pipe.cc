#include "proxy/body_pipe.h"

#include "proxy/forwarding.h"

namespace turnpike::proxy {
namespace {
// Places that a chunk needs beside its data: size line, line end, last chunk, trailers, empty line.
constexpr unsigned kFraming = 6;
// What a transform adds at the end, as a chunk of its own.
constexpr unsigned kLastTransformed = 3;
}  // namespace

BodyPipe::State BodyPipe::gather(Buffer& in, Iovecs& out, Arena& arena) {
  if (ended_) return State::done;
  if (transform_ != nullptr && (out.empty() || !begun_)) transform_->begin_round(in.capacity());
  begun_ = true;
  const bool chunked = chunked_out_;
  unsigned size_place = 0;
  std::size_t chunk = 0;
  bool full = false;
  const unsigned spared = transform_ != nullptr ? kFraming + kLastTransformed : kFraming;
  while (!reader_.done()) {
    if (out.room() <= spared) {
      full = true;
      break;
    }
    if (in.empty()) break;
    const http::h1::BodyReader::Step step = reader_.next(in.view(), arena);
    if (step.error != ErrorKind::none) {
      error_ = step.error;
      detail_ = step.detail;
      return State::failed;
    }
    if (!step.data.empty()) {
      std::string_view data = step.data;
      if (transform_ != nullptr) {
        if (const Error error = transform_->take(step.data, data); error.kind != ErrorKind::none)
          return fail(error);
      }
      if (chunked && chunk == 0 && !data.empty()) size_place = out.reserve();
      out.add(data);
      chunk += data.size();
    }
    in.pass(step.consumed);
    if (step.consumed == 0 && !step.done) break;
  }
  if (chunk > 0 && chunked) {
    out.set(size_place, {size_line_, http::h1::write_chunk_size(size_line_, chunk)});
    out.add(http::h1::kChunkEnd);
  }
  if (reader_.done()) {
    return finish(out, arena);
  }
  return full ? State::full : State::more;
}

BodyPipe::State BodyPipe::end_of_stream(Iovecs& out, Arena& arena, const http::Fields* trailers) {
  if (ended_) return State::done;
  if (!reader_.finish_at_eof()) {
    error_ = ErrorKind::bad_request;
    detail_ = "the content was cut off";
    return State::failed;
  }
  beside_ = trailers;
  return finish(out, arena);
}

BodyPipe::State BodyPipe::break_off(Iovecs& out, Arena& arena, const http::Fields& trailers) {
  beside_ = &trailers;
  return finish(out, arena);
}

BodyPipe::State BodyPipe::fail(const Error& error) noexcept {
  error_ = error.kind;
  detail_ = error.detail;
  return State::failed;
}

// What a transform adds at the end, as a chunk of its own where there are chunks.
Error BodyPipe::end_transform(Iovecs& out, Arena& arena) {
  std::string_view data;
  if (const Error error = transform_->end(trailers_, arena, data); error.kind != ErrorKind::none)
    return error;
  if (data.empty()) return {};
  if (!chunked_out_) {
    out.add(data);
    return {};
  }
  char* const size = static_cast<char*>(arena.allocate(sizeof size_line_, 1));
  out.add({size, http::h1::write_chunk_size(size, data.size())});
  out.add(data);
  out.add(http::h1::kChunkEnd);
  return {};
}

BodyPipe::State BodyPipe::finish(Iovecs& out, Arena& arena) {
  ended_ = true;
  const http::Fields& received = beside_ != nullptr ? *beside_ : reader_.trailers();
  if (!received.empty()) {
    trailers_ = received.clone(arena);
    if (client_ != nullptr) remove_untrusted_fields(trailers_, *client_, false);
  }
  if (transform_ != nullptr) {
    if (const Error error = end_transform(out, arena); error.kind != ErrorKind::none) return fail(error);
  }
  if (!chunked_out_) return State::done;
  out.add(http::h1::kLastChunk);
  if (!trailers_.empty()) {
    const std::size_t size = http::h1::fields_size(trailers_);
    char* text = static_cast<char*>(arena.allocate(size, 1));
    http::h1::write_fields(text, trailers_);
    out.add({text, size});
  }
  out.add("\r\n");
  return State::done;
}

}  // namespace turnpike::proxy
