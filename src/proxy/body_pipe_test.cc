#include "proxy/body_pipe.h"

#include <gtest/gtest.h>

#include <string>

#include "plan/plan.h"

namespace turnpike::proxy {
namespace {

using http::Framing;
using http::h1::BodyReader;

// Feeds `input` in pieces of `step` bytes; what comes out, or "error: …".
std::string run(std::string_view input, Framing framing, std::uint64_t length, bool chunked_out,
                std::size_t step, bool eof = false) {
  Arena arena;
  Buffer buffer;
  buffer.allocate();
  BodyPipe pipe(BodyReader(framing, length, {}), chunked_out);
  std::string out;
  const auto take = [&](const Iovecs& list) {
    for (const iovec& piece : list.span())
      out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  };
  while (true) {
    const std::size_t count = std::min(step, input.size());
    buffer.append(input.substr(0, count));
    input.remove_prefix(count);
    BodyPipe::State state;
    do {
      Iovecs list;
      state = pipe.gather(buffer, list, arena);
      take(list);
    } while (state == BodyPipe::State::full);
    if (state == BodyPipe::State::done) return out + "|" + std::string(buffer.view()) + std::string(input);
    if (state == BodyPipe::State::failed) return "error: " + std::string(name_of(pipe.error()));
    buffer.compact();
    if (!input.empty()) continue;
    if (!eof) return out + "|more";
    Iovecs list;
    state = pipe.end_of_stream(list, arena);
    take(list);
    return state == BodyPipe::State::done ? out + "|" : "error: cut";
  }
}

TEST(BodyPipe, PassesPlainContentAndLeavesTheNextRequest) {
  for (const std::size_t step : {1UL, 2UL, 5UL, 100UL}) {
    EXPECT_EQ(run("helloGET /", Framing::length, 5, false, step), "hello|GET /") << step;
  }
}

TEST(BodyPipe, FramesChunksAnew) {
  const std::string_view in = "3;ext=\"v\"\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest";
  EXPECT_EQ(run(in, Framing::chunked, 0, true, 100), "5\r\nabcde\r\n0\r\n\r\n|rest");
  EXPECT_EQ(run(in, Framing::chunked, 0, false, 100), "abcde|rest");
  EXPECT_EQ(run(in, Framing::chunked, 0, false, 1), "abcde|rest");
}

TEST(BodyPipe, PassesTrailersOn) {
  EXPECT_EQ(run("1\r\nx\r\n0\r\nX-Sum: 7\r\n\r\n", Framing::chunked, 0, true, 100),
            "1\r\nx\r\n0\r\nX-Sum: 7\r\n\r\n|");
}

TEST(BodyPipe, TrailersCannotSayWhatFieldsOfClientsMustNot) {
  const plan::ClientSettings settings;
  Arena arena;
  Buffer buffer;
  buffer.allocate();
  buffer.append("1\r\na\r\n0\r\nX-Turnpike-User: root\r\nX_Turnpike_User: root\r\nX-Sum: 1\r\n\r\n");
  const std::uint32_t start = buffer.mark();
  for (const bool client : {true, false}) {
    buffer.rewind(start);
    BodyPipe pipe(BodyReader(Framing::chunked, 0, {}), true, client ? &settings : nullptr);
    Iovecs out;
    ASSERT_EQ(pipe.gather(buffer, out, arena), BodyPipe::State::done);
    EXPECT_EQ(pipe.trailers().size(), client ? 1U : 3U);
  }
}

TEST(BodyPipe, TrailersBesideTheContentBecomeThoseOfChunks) {
  Arena arena;
  http::Fields trailers;
  trailers.add(arena, "x-sum", "7");
  Buffer buffer;
  buffer.allocate();
  buffer.append("abc");
  BodyPipe pipe(BodyReader(Framing::until_close, 0, {}), true);
  Iovecs out;
  ASSERT_EQ(pipe.gather(buffer, out, arena), BodyPipe::State::more);
  ASSERT_EQ(pipe.end_of_stream(out, arena, &trailers), BodyPipe::State::done);
  std::string text;
  for (const iovec& piece : out.span()) text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  EXPECT_EQ(text, "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n");
  EXPECT_EQ(pipe.trailers().size(), 1U);
}

TEST(BodyPipe, ManySmallChunksDoNotOverflowTheList) {
  std::string in;
  std::string data;
  for (int i = 0; i < 200; ++i) {
    in += "1\r\nz\r\n";
    data += "z";
  }
  in += "0\r\n\r\n";
  EXPECT_EQ(run(in, Framing::chunked, 0, false, 8000), data + "|");
  EXPECT_EQ(run(in, Framing::chunked, 0, true, 8000).substr(0, 4), "19\r\n");
}

TEST(BodyPipe, ContentUntilCloseBecomesChunks) {
  EXPECT_EQ(run("abc", Framing::until_close, 0, true, 100, true), "3\r\nabc\r\n0\r\n\r\n|");
}

TEST(BodyPipe, CutContentIsAnError) {
  EXPECT_EQ(run("abc", Framing::length, 5, false, 100, true), "error: cut");
  EXPECT_EQ(run("5\r\nab", Framing::chunked, 0, false, 100, true), "error: cut");
  EXPECT_EQ(run("zz\r\n", Framing::chunked, 0, false, 100), "error: bad_request");
}

TEST(BodyPipe, NoContentIsDoneAtOnce) { EXPECT_EQ(run("GET", Framing::none, 0, false, 100), "|GET"); }

}  // namespace
}  // namespace turnpike::proxy
