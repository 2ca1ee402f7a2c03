#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1/transcript.h"

namespace turnpike::http::h1 {
namespace {

struct Whole : Transcript {
  Whole(std::string_view bytes, Method method) : Transcript(Side::responses, best_scan(), {}, method) {
    read(bytes);
  }
};
Whole read(std::string_view bytes, Method method = Method::get) { return Whole(bytes, method); }

bool refused(std::string_view bytes, Method method = Method::get) {
  const Whole whole(bytes, method);
  for (const Isa isa : {Isa::scalar, Isa::sse42, Isa::avx2}) {
    if (scan_for(isa) == nullptr) continue;
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      Transcript pieces(Transcript::Side::responses, *scan_for(isa), {}, method);
      EXPECT_EQ(pieces.read(bytes, size).text(), whole.text()) << "in pieces of " << size << ": " << bytes;
    }
  }
  if (whole.heads() == 0 && whole.error() != ErrorKind::none) {
    EXPECT_EQ(whole.error(), ErrorKind::upstream_bad_response);
    EXPECT_FALSE(whole.detail().empty());
  }
  return whole.error() != ErrorKind::none;
}

TEST(Response, Simple) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
  EXPECT_EQ(read(bytes).text(),
            "response 200 OK 1.1 keep length 5\nfield Content-Length: 5\nfield X: y\nbody hello\n");
  EXPECT_FALSE(refused(bytes));
}

TEST(Response, Reasons) {
  EXPECT_EQ(read("HTTP/1.1 404 Not\t Found \xc3\xa9\r\n\r\n").response().reason, "Not\t Found \xc3\xa9");
  EXPECT_EQ(read("HTTP/1.1 200 \r\n\r\n").response().reason, "");
  EXPECT_EQ(read("HTTP/1.1 200\r\n\r\n").response().reason, "");
  EXPECT_EQ(read("HTTP/1.1 200\r\n\r\n").response().status, 200);
}

TEST(Response, StatusLineIsStrict) {
  for (const std::string_view line : std::vector<std::string_view>{"HTTP/1.1  200 OK",
                                                                   "HTTP/1.1\t200 OK",
                                                                   "HTTP/1.1 20 OK",
                                                                   "HTTP/1.1 2000 OK",
                                                                   "HTTP/1.1 099 X",
                                                                   "HTTP/1.1 600 X",
                                                                   "HTTP/1.1 2x0 OK",
                                                                   "HTTP/1.1 -20 OK",
                                                                   "HTTP/2.0 200 OK",
                                                                   "HTTP/1.2 200 OK",
                                                                   "HTTP/0.9 200 OK",
                                                                   "HTTP/01.1 200 OK",
                                                                   "HTTP/1.01 200 OK",
                                                                   "HTT 200 OK",
                                                                   " HTTP/1.1 200 OK",
                                                                   "\r\nHTTP/1.1 200 OK",
                                                                   "http/1.1 200 OK",
                                                                   "HTTP/1.1 200\tOK",
                                                                   "HTTP/1.1 200 O\x01K",
                                                                   "HTTP/1.1 200 O\x7fK",
                                                                   "HTTP/1.1 200 OK\r",
                                                                   "HTTP/1.1 200 a\nb",
                                                                   {"HTTP/1.1 200 \0", 14},
                                                                   "ICY 200 OK",
                                                                   "",
                                                                   "HTTP/1.1",
                                                                   "HTTP/1.1 200 OK\rX: y"}) {
    EXPECT_TRUE(refused(std::string(line) + "\r\n\r\n")) << line;
  }
  EXPECT_TRUE(refused("HTTP/1.1 200 OK\nX: y\n\n"));
}

TEST(Response, ErrorsShowEarly) {
  for (const char* bytes :
       {"X", "HTTQ", "HTTP/2", "HTTP/1.1x", "HTTP/1.1 6", "HTTP/1.1 20a", "SSH-2.0", "\x15\x03"}) {
    EXPECT_EQ(read(bytes).error(), ErrorKind::upstream_bad_response) << bytes;
  }
}

TEST(Response, FieldLinesAreStrict) {
  for (const char* line : {"X : y\r\n", "X: a\r\n b\r\n", "X\r\n", ": y\r\n", "X: a\nY: b\r\n", "X: \x01\r\n",
                           "X: a\rb\r\n", " X: y\r\n"}) {
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\n" + std::string(line) + "Content-Length: 0\r\n\r\n")) << line;
  }
}

TEST(Response, Framing) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n\r\n").response().framing, Framing::until_close);
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\n\r\n").response().keep_alive);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n").messages(), 1);
  EXPECT_EQ(read("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx").body(), "x");
  for (const char* fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5, 5\r\n", "Content-Length: -1\r\n", "Content-Length:\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding:\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n"}) {
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n")) << fields;
    EXPECT_TRUE(refused("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n", Method::head)) << fields;
  }
  EXPECT_TRUE(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_FALSE(refused("HTTP/1.1 200 OK\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n"))
      << "means nothing here";
}

TEST(Response, WithoutContent) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  EXPECT_EQ(read(ok, Method::head).response().framing, Framing::none);
  EXPECT_EQ(read(ok, Method::head).response().content_length, 5u);
  EXPECT_EQ(read(ok, Method::head).response().fields.size(), 1u);
  EXPECT_TRUE(read(ok, Method::head).response().keep_alive);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n\r\n", Method::head).response().framing, Framing::none);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head).messages(), 1);
  EXPECT_EQ(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").response().framing, Framing::none);
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\n").response().framing, Framing::none);
  EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\n\r\n").response().keep_alive);
  EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").response().fields.empty())
      << "must not be sent on";
  EXPECT_TRUE(refused("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_TRUE(refused("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n\r\n", Method::connect).response().framing, Framing::none);
  EXPECT_EQ(read("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", Method::connect).body(), "no");
}

TEST(Response, Informational) {
  const Whole t = read(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "
      "OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(t.messages(), 3);
  EXPECT_EQ(t.response().status, 200);
  const Whole upgrade =
      read("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x81\x01");
  EXPECT_EQ(upgrade.messages(), 1);
  EXPECT_EQ(upgrade.unread(), 2u);
}

TEST(Response, KeepAlive) {
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").response().keep_alive);
  EXPECT_FALSE(
      read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n").response().keep_alive);
  EXPECT_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").response().keep_alive);
  EXPECT_TRUE(
      read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").response().keep_alive);
}

TEST(Response, Limits) {
  Limits limits;
  limits.head = 100;
  limits.request_line = 50;
  const auto error = [&](std::string_view bytes) {
    Transcript whole(Transcript::Side::responses, best_scan(), limits);
    Transcript slow(Transcript::Side::responses, best_scan(), limits);
    EXPECT_EQ(whole.read(bytes).error(), slow.read(bytes, 1).error());
    return whole.error();
  };
  EXPECT_EQ(error("HTTP/1.1 200 " + std::string(37, 'r') + "\r\n\r\n"), ErrorKind::none);
  EXPECT_EQ(error("HTTP/1.1 200 " + std::string(38, 'r') + "\r\n\r\n"), ErrorKind::upstream_bad_response);
  EXPECT_EQ(error("HTTP/1.1 200 OK\r\nX: " + std::string(90, 'r') + "\r\n\r\n"),
            ErrorKind::upstream_bad_response);
}

}  // namespace
}  // namespace turnpike::http::h1
