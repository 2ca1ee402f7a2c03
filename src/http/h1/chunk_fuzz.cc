// Chunked content: however the bytes are cut, the same content, trailers and verdict; and what is accepted,
// written anew in one chunk, reads the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h1/codec.h"

using namespace turnpike;
using namespace turnpike::http;
using namespace turnpike::http::h1;

namespace {

struct Outcome {
  std::string text;
  std::string data;
  std::string trailers;  // as on the wire
  std::size_t consumed = 0;
  bool done = false;
};

Outcome read(std::string_view bytes, std::size_t piece, const Limits& limits) {
  Arena arena;
  BodyReader reader(Framing::chunked, 0, limits);
  Outcome out;
  for (std::size_t known = std::min(piece, bytes.size());; known = std::min(known + piece, bytes.size())) {
    for (;;) {
      const BodyReader::Step step = reader.next(bytes.substr(out.consumed, known - out.consumed), arena);
      if (step.error != ErrorKind::none) return {std::string(name_of(step.error)), {}, {}, 0, false};
      if (step.consumed > known - out.consumed || step.data.size() > step.consumed) std::abort();
      out.data += step.data;
      out.consumed += step.consumed;
      if (step.done || step.consumed == 0) break;
    }
    if (reader.done() || known == bytes.size()) break;
  }
  if (reader.received() != out.data.size()) std::abort();
  if (limits.body != 0 && out.data.size() > limits.body) std::abort();
  out.done = reader.done();
  out.trailers.resize(fields_size(reader.trailers()));
  write_fields(out.trailers.data(), reader.trailers());
  out.text =
      out.data + "|" + out.trailers + "|" + std::to_string(out.consumed) + (out.done ? "done" : "more");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 1200) return -1;  // long enough for every limit below
  Limits limits;
  if ((data[1] & 1) != 0) limits.body = 30;
  if ((data[1] & 2) != 0) limits.trailer = 40;
  if ((data[1] & 4) != 0) limits.chunk_extension = 8;
  if ((data[1] & 8) != 0) limits.chunk_extensions_total = 20;
  if ((data[1] & 16) != 0) limits.chunk_size_digits = 3;
  // Ended, for a fault in an unfinished line may show at once or at the line's end.
  const std::string bytes = std::string(reinterpret_cast<const char*>(data) + 2, size - 2) + "\r\n";
  const Outcome whole = read(bytes, bytes.size() + 1, limits);
  if (read(bytes, data[0] % 31 + 1, limits).text != whole.text) std::abort();
  if (read(bytes, 1, limits).text != whole.text) std::abort();
  if (!whole.done) return 0;
  char start[18];
  std::string again(start, write_chunk_size(start, whole.data.size()));
  if (whole.data.empty()) again.clear();
  again +=
      whole.data + (whole.data.empty() ? "" : "\r\n") + std::string(kLastChunk) + whole.trailers + "\r\n";
  const Outcome second = read(again, again.size(), {});
  if (!second.done || second.data != whole.data || second.trailers != whole.trailers) std::abort();
  if (second.consumed != again.size()) std::abort();
  return 0;
}
