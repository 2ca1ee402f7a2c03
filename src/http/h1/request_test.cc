#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/h1/transcript.h"

namespace turnpike::http::h1 {
namespace {

std::vector<const Scan*> scans() {
  std::vector<const Scan*> all;
  for (const Isa isa : {Isa::scalar, Isa::sse42, Isa::avx2}) {
    if (const Scan* scan = scan_for(isa)) all.push_back(scan);
  }
  return all;
}

struct Whole : Transcript {
  Whole(std::string_view bytes, const Limits& limits) : Transcript(Side::requests, best_scan(), limits) {
    Transcript::read(bytes);
  }
};
Whole read(std::string_view bytes, const Limits& limits = {}) { return Whole(bytes, limits); }

// A head in front of which `line` and a valid Host stand.
std::string get(std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
  return std::string(line) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

// The kind of error that the bytes meet, whole and at every cut, with every implementation.
ErrorKind error_of(std::string_view bytes, const Limits& limits = {}) {
  const ErrorKind kind = read(bytes, limits).error();
  for (const Scan* scan : scans()) {
    Transcript one(Transcript::Side::requests, *scan, limits);
    EXPECT_EQ(one.read(bytes, 1).error(), kind) << "byte by byte: " << bytes;
    for (std::size_t cut = 1; cut < bytes.size() && bytes.size() < 1000; ++cut) {
      Transcript two(Transcript::Side::requests, *scan, limits);
      two.feed(bytes.substr(0, cut));
      two.feed(bytes.substr(cut));
      EXPECT_EQ(two.error(), kind) << "cut at " << cut << ": " << bytes;
    }
  }
  return kind;
}

TEST(Request, Simple) {
  const Whole t =
      read("GET /a/b?x=1&y HTTP/1.1\r\nHost: example.com:80\r\nX-A:b\r\nx-c:\t d e \t\r\nEmpty:\r\n\r\n");
  EXPECT_EQ(t.text(),
            "request GET /a/b?x=1&y [|example.com:80|/a/b|?x=1&y] 1.1 keep none\n"
            "field Host: example.com:80\nfield X-A: b\nfield x-c: d e\nfield Empty: \nbody \n");
  EXPECT_EQ(t.request().method, Method::get);
  EXPECT_EQ(t.messages(), 1);
}

TEST(Request, TwoEmptyLinesInFrontArePassedOver) {
  EXPECT_EQ(read("\r\n" + get("")).messages(), 1);
  EXPECT_EQ(read("\r\n\r\n" + get("")).messages(), 1);
  EXPECT_EQ(error_of("\r\n\r\n\r\n" + get("")), ErrorKind::bad_request);
  EXPECT_EQ(error_of("\n" + get("")), ErrorKind::bad_request);
  EXPECT_EQ(error_of("\r" + get("")), ErrorKind::bad_request);
}

TEST(Request, Pipelined) {
  const Whole t = read(get("Content-Length: 3\r\n", "POST /1 HTTP/1.1") + "abc" + get("", "GET /2 HTTP/1.1") +
                       get("Transfer-Encoding: chunked\r\n", "PUT /3 HTTP/1.1") + "1\r\nx\r\n0\r\n\r\n" +
                       get("Connection: close\r\n") + get("", "GET /never HTTP/1.1"));
  EXPECT_EQ(t.messages(), 4);
  EXPECT_TRUE(t.closed());
  EXPECT_EQ(t.error(), ErrorKind::none);
  EXPECT_EQ(t.text().find("never"), std::string::npos);
}

TEST(Request, TargetForms) {
  EXPECT_EQ(read(get("", "GET http://H.example:81/p?q HTTP/1.1")).text().substr(0, 75),
            "request GET http://H.example:81/p?q [http|H.example:81|/p|?q] 1.1 keep none");
  EXPECT_EQ(read(get("", "GET HTTPS://h HTTP/1.1")).request().path, "/");
  EXPECT_EQ(read(get("", "GET http://h?q HTTP/1.1")).request().query, "q");
  EXPECT_EQ(read(get("", "OPTIONS http://h HTTP/1.1")).request().path, "*");
  EXPECT_EQ(read(get("", "OPTIONS * HTTP/1.1")).request().path, "*");
  EXPECT_EQ(read(get("", "OPTIONS * HTTP/1.1")).request().authority, "a");
  EXPECT_EQ(read(get("", "CONNECT h:443 HTTP/1.1")).request().authority, "h:443");
  EXPECT_EQ(read(get("", "CONNECT [::1]:443 HTTP/1.1")).error(), ErrorKind::none);
  EXPECT_EQ(read(get("", "GET //x//y? HTTP/1.1")).request().path, "//x//y");
  EXPECT_TRUE(read(get("", "GET /? HTTP/1.1")).request().has_query);
  EXPECT_FALSE(read(get("", "GET / HTTP/1.1")).request().has_query);
  EXPECT_EQ(read("GET http://h/ HTTP/1.1\r\nHost:\r\n\r\n").request().authority, "h");
  for (const char* target :
       {"*",         "a",           "a:80",        "a/b",         "ftp://h/",    "http",
        "https",     "http:",       "http:/",      "http:/h",     "http:h",      "http://",
        "http:///p", "http://u@h/", "http://h:0/", "http://h:x/", "http://a,b/", "http://h\\x",
        "?q",        "http//h",     "/a#f",        "/#",          "/\xc3\xa9",   "/a\x7f",
        "/a\x01",    "/a\tb",       "%2f",         "://h",        "**",          "*?q"}) {
    EXPECT_EQ(error_of(get("", "GET " + std::string(target) + " HTTP/1.1")), ErrorKind::bad_request)
        << target;
  }
  for (const char* target : {"h", "h:", "/", "*", "http://h:1/", "u@h:1", "h:99999", ":1", "h:1/"}) {
    EXPECT_EQ(error_of(get("", "CONNECT " + std::string(target) + " HTTP/1.1")), ErrorKind::bad_request)
        << target;
  }
}

TEST(Request, LineIsStrict) {
  for (const char* line : {"GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           " GET / HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET\t/ HTTP/1.1",
                           "GET /\tHTTP/1.1",
                           "GET /",
                           "GET / ",
                           "GET HTTP/1.1",
                           "GET",
                           "",
                           "   ",
                           "G@T / HTTP/1.1",
                           "GET / http/1.1",
                           "GET / HTTP/1",
                           "GET / HTTP/1.",
                           "GET / HTTP/11",
                           "GET / HTTP/01.01",
                           "GET / HTTP/1.01",
                           "GET / HTTP/1,1",
                           "GET / HTTP/1.1x",
                           "GET / HTTP/-1.1",
                           "GET / XTTP/1.1",
                           "GET / HTTPS/1.1",
                           "/ HTTP/1.1",
                           "GET / HTTP/1.1 HTTP/1.1",
                           "GET /a b HTTP/1.1",
                           "G\x01T / HTTP/1.1",
                           "G\xc9T / HTTP/1.1",
                           "GET: / HTTP/1.1"}) {
    EXPECT_EQ(error_of(get("", line)), ErrorKind::bad_request) << line;
  }
  EXPECT_EQ(error_of("GET / HTTP/1.1\nHost: a\n\n"), ErrorKind::bad_request);
  EXPECT_EQ(error_of("GET / HTTP/1.1\rHost: a\r\n\r\n"), ErrorKind::bad_request);
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), ErrorKind::bad_request);
}

TEST(Request, Versions) {
  for (const char* line :
       {"GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / HTTP/9.9", "PRI * HTTP/2.0"}) {
    EXPECT_EQ(error_of(get("", line)), ErrorKind::bad_version) << line;
  }
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n").error(), ErrorKind::none) << "no Host needed";
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n").request().version, Version::http10);
}

TEST(Request, Methods) {
  EXPECT_EQ(read(get("", "PURGE / HTTP/1.1")).request().method, Method::other);
  EXPECT_EQ(read(get("", "get / HTTP/1.1")).request().method_text, "get");
  EXPECT_EQ(read(get("", std::string(32, 'M') + " / HTTP/1.1")).messages(), 1);
  EXPECT_EQ(error_of(get("", std::string(33, 'M') + " / HTTP/1.1")), ErrorKind::bad_request);
  EXPECT_EQ(read(std::string(33, 'M')).error(), ErrorKind::bad_request) << "as soon as it is certain";
  EXPECT_EQ(read(get("", "M-SEARCH / HTTP/1.1")).messages(), 1);
}

TEST(Request, FieldLinesAreStrict) {
  for (const std::string_view lines : std::vector<std::string_view>{"X : a\r\n",
                                                                    "X\t: a\r\n",
                                                                    ": a\r\n",
                                                                    " X: a\r\n",
                                                                    "\tX: a\r\n",
                                                                    "X\r\n",
                                                                    "X: a\r\n b\r\n",
                                                                    "X: a\r\n\tb\r\n",
                                                                    "X: a\n",
                                                                    "X: a\rY: b\r\n",
                                                                    "X: a\r\r\n",
                                                                    "X: a\n\r\n",
                                                                    {"X: a\0b\r\n", 8},
                                                                    {"X\0: b\r\n", 7},
                                                                    "X: \x01\r\n",
                                                                    "X: a\x1f\r\n",
                                                                    "X: a\x7f\r\n",
                                                                    "X(: a\r\n",
                                                                    "X\x80: a\r\n",
                                                                    "X/y: a\r\n",
                                                                    "X y: a\r\n",
                                                                    "\"X\": a\r\n",
                                                                    "X: a\x0b\r\n",
                                                                    "X: a\x0c\r\n",
                                                                    "\x0bX: a\r\n",
                                                                    "X: a\r",
                                                                    " \r\n",
                                                                    "\t\r\n",
                                                                    "@\r\n"}) {
    EXPECT_EQ(error_of(get(lines)), ErrorKind::bad_request) << lines;
  }
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), ErrorKind::bad_request);
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n"), ErrorKind::bad_request);
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\nHost: a\r\n\rX"), ErrorKind::bad_request);
  EXPECT_EQ(read(get("X_y.z!#$%&'*+-^`|~9: \x80\xff\t\"\\ x\r\n")).messages(), 1);
}

TEST(Request, ErrorsShowBeforeTheHeadEnds) {
  for (const char* bytes :
       {"GET / HTTP/1.1\n", "\n", "\x16\x03\x01", "GET / HTTP/1.1\r\nHost: a\n",
        "GET / HTTP/1.1\r\nX : y\r\n", "GET / HTTP/1.1\r\n ", "GET / HTTP/1.1\r\nHost: a\r\n ", "GET /\xff",
        "GET / x", " ", "GET / HTTP/1.1\r\nHost: a\rb", "GET / HTTP/1.1\r\nX: \x01"}) {
    EXPECT_EQ(read(bytes).error(), ErrorKind::bad_request) << bytes;
    Transcript slow(Transcript::Side::requests, best_scan());
    EXPECT_EQ(slow.read(bytes, 1).error(), ErrorKind::bad_request) << bytes;
  }
}

TEST(Request, Host) {
  EXPECT_EQ(error_of("GET / HTTP/1.1\r\n\r\n"), ErrorKind::bad_request);
  for (const char* host : {"", " ", "a b", "u@a", "a/b", "a,b", "a, b", "a:b", "a:", "a#b", "a?b", "[::1",
                           "http://a", ":80", "a..b", "a%2e"}) {
    const ErrorKind kind = error_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    EXPECT_EQ(kind, std::string_view(host) == "a:" ? ErrorKind::none : ErrorKind::bad_request) << host;
  }
  EXPECT_EQ(error_of(get("Host: a\r\n")), ErrorKind::bad_request) << "repeated, even if the same";
  EXPECT_EQ(error_of(get("HOST: b\r\n")), ErrorKind::bad_request);
  EXPECT_EQ(error_of("GET http://a/ HTTP/1.1\r\n\r\n"), ErrorKind::bad_request) << "also with absolute-form";
  EXPECT_EQ(error_of("GET http://a/ HTTP/1.1\r\nHost: u@a\r\n\r\n"), ErrorKind::bad_request);
  EXPECT_EQ(error_of("GET / HTTP/1.0\r\nHost:\r\n\r\n"), ErrorKind::bad_request);
}

TEST(Request, ContentLength) {
  EXPECT_EQ(read(get("Content-Length: 0\r\n")).request().framing, Framing::length);
  EXPECT_EQ(read(get("Content-Length:\t7 \t\r\n")).request().content_length, 7u);
  EXPECT_EQ(read(get("Content-Length: 9223372036854775807\r\n")).request().content_length,
            9223372036854775807u);
  EXPECT_EQ(read(get("", "POST / HTTP/1.1")).request().framing, Framing::none);
  for (const char* value : {"",
                            "+5",
                            "-1",
                            "-0",
                            "5,5",
                            "5, 5",
                            "5 5",
                            "0x5",
                            "5_0",
                            "5.0",
                            "1e3",
                            "00",
                            "05",
                            "9223372036854775808",
                            "18446744073709551616",
                            "99999999999999999999",
                            "five",
                            "5;",
                            "\"5\"",
                            "5\xa0",
                            "\xb2"}) {
    EXPECT_EQ(error_of(get("Content-Length: " + std::string(value) + "\r\n")), ErrorKind::bad_request)
        << value;
  }
  EXPECT_EQ(error_of(get("Content-Length: 5\r\nContent-Length: 5\r\n")), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Content-Length: 5\r\ncontent-length: 6\r\n")), ErrorKind::bad_request);
}

TEST(Request, TransferEncoding) {
  EXPECT_EQ(read(get("Transfer-Encoding: chunked\r\n")).request().framing, Framing::chunked);
  EXPECT_EQ(read(get("Transfer-Encoding: \tCHUNKED \r\n")).request().framing, Framing::chunked);
  for (const char* value : {"", ",", "chunked,", ",chunked", "chunked, chunked", "chunked, gzip",
                            "chunked;a=b", "chunked;", "\"chunked\"", "chunked x", "x chunked", "chunked\xa0",
                            "gzip,,chunked", "gzip;q=1, chunked", "{chunked}", "chunked, identity"}) {
    EXPECT_EQ(error_of(get("Transfer-Encoding: " + std::string(value) + "\r\n")), ErrorKind::bad_request)
        << value;
  }
  for (const char* value :
       {"gzip", "gzip, chunked", "xchunked", "chunkedx", "identity", "cow", "deflate , gzip,\tchunked"}) {
    EXPECT_EQ(error_of(get("Transfer-Encoding: " + std::string(value) + "\r\n")),
              ErrorKind::unknown_transfer_coding)
        << value;
  }
  EXPECT_EQ(error_of(get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
            ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")),
            ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n")), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0")), ErrorKind::bad_request);
  EXPECT_EQ(read(get("Transfer_Encoding: chunked\r\n")).request().framing, Framing::none) << "another field";
}

TEST(Request, ContentWhereThereIsNone) {
  EXPECT_EQ(error_of(get("Content-Length: 5\r\n", "TRACE / HTTP/1.1")), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Transfer-Encoding: chunked\r\n", "TRACE / HTTP/1.1")), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Content-Length: 5\r\n", "CONNECT a:1 HTTP/1.1")), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("Content-Length: 0\r\n", "TRACE / HTTP/1.1")), ErrorKind::none);
  EXPECT_EQ(read(get("Content-Length: 5\r\n", "HEAD / HTTP/1.1") + "hello").body(), "hello");
}

TEST(Request, Connection) {
  EXPECT_TRUE(read(get("")).request().keep_alive);
  EXPECT_FALSE(read(get("Connection: close\r\n")).request().keep_alive);
  EXPECT_FALSE(read(get("Connection: x , CLOSE\r\n")).request().keep_alive);
  EXPECT_FALSE(read(get("Connection: keep-alive\r\nConnection: close\r\n")).request().keep_alive);
  EXPECT_TRUE(read(get("Connection: closed, not-close\r\n")).request().keep_alive);
  EXPECT_FALSE(read(get("", "GET / HTTP/1.0")).request().keep_alive);
  EXPECT_TRUE(read(get("Connection: Keep-Alive\r\n", "GET / HTTP/1.0")).request().keep_alive);
  EXPECT_FALSE(read(get("Connection: Keep-Alive, close\r\n", "GET / HTTP/1.0")).request().keep_alive);
}

TEST(Request, Upgrade) {
  EXPECT_TRUE(read(get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).request().upgrade);
  EXPECT_FALSE(read(get("Upgrade: websocket\r\n")).request().upgrade);
  EXPECT_FALSE(read(get("Connection: upgrade\r\n")).request().upgrade);
  EXPECT_FALSE(read(get("Connection: upgrade\r\nUpgrade: x\r\n", "GET / HTTP/1.0")).request().upgrade);
}

TEST(Request, Expect) {
  EXPECT_TRUE(read(get("Expect: 100-Continue\r\nContent-Length: 1\r\n")).request().expect_continue);
  EXPECT_FALSE(read(get("Expect: 100-continue\r\n", "GET / HTTP/1.0")).request().expect_continue);
  EXPECT_EQ(error_of(get("Expect: 200-ok\r\n")), ErrorKind::expectation_failed);
  EXPECT_EQ(error_of(get("Expect: 100-continue, x\r\n")), ErrorKind::expectation_failed);
  EXPECT_EQ(error_of(get("Expect: 100-continue\r\nExpect: y\r\n")), ErrorKind::expectation_failed);
}

TEST(Request, Limits) {
  Limits limits;
  limits.request_line = 64;
  limits.field_line = 100;
  limits.head = 400;
  limits.field_count = 5;
  const auto line = [](std::size_t size) { return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1"; };
  EXPECT_EQ(line(64).size(), 64u);
  EXPECT_EQ(error_of(get("", line(64)), limits), ErrorKind::none);
  EXPECT_EQ(error_of(get("", line(65)), limits), ErrorKind::request_line_too_long);
  EXPECT_EQ(error_of(get("", line(63) + "x"), limits), ErrorKind::bad_request);
  EXPECT_EQ(error_of(get("", line(1000)), limits), ErrorKind::request_line_too_long);
  EXPECT_EQ(error_of(std::string(300, 'G'), limits), ErrorKind::bad_request);
  const auto field = [](std::size_t size) { return "X: " + std::string(size - 3, 'b') + "\r\n"; };
  EXPECT_EQ(error_of(get(field(100)), limits), ErrorKind::none);
  EXPECT_EQ(error_of(get(field(101)), limits), ErrorKind::head_too_large);
  EXPECT_EQ(error_of(get(std::string(101, 'n') + ": x\r\n"), limits), ErrorKind::head_too_large);
  EXPECT_EQ(error_of(get("X:" + std::string(200, ' ') + "\r\n"), limits), ErrorKind::head_too_large);
  EXPECT_EQ(error_of(get("a:\r\nb:\r\nc:\r\nd:\r\n"), limits), ErrorKind::none);
  EXPECT_EQ(error_of(get("a:\r\nb:\r\nc:\r\nd:\r\ne:\r\n"), limits), ErrorKind::head_too_large);
  const std::string head = get(field(99) + field(99) + field(99));  // 330 bytes
  limits.head = head.size();
  EXPECT_EQ(error_of(head, limits), ErrorKind::none);
  limits.head = head.size() - 1;
  EXPECT_EQ(error_of(head, limits), ErrorKind::head_too_large);
}

TEST(Request, EveryCutGivesTheSame) {
  const std::string long_value(300, 'v');
  for (const std::string& bytes : std::vector<std::string>{
           get("User-Agent: x\r\nAccept: */*\r\nCookie: " + long_value + "\r\n") +
               get("", "DELETE /x HTTP/1.1"),
           "\r\n" + get("Content-Length: 10\r\n", "POST /p?q HTTP/1.1") + "0123456789\r\n" +
               get("Connection: close\r\n"),
           get("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1") +
               "5;a=b;c=\"d\\\"e\";f\r\nhello\r\n1F\r\n0123456789012345678901234567890\r\n000\r\nX-Sum: " +
               long_value + "\r\nY:\r\n\r\n" + get(""),
           "GET http://a.example/ HTTP/1.0\r\n\r\n"}) {
    Transcript whole(Transcript::Side::requests, *scan_for(Isa::scalar));
    whole.read(bytes);
    EXPECT_EQ(whole.error(), ErrorKind::none);
    EXPECT_GT(whole.messages(), 0);
    for (const Scan* scan : scans()) {
      for (std::size_t size = 1; size < 70; ++size) {
        EXPECT_EQ(Transcript(Transcript::Side::requests, *scan).read(bytes, size).text(), whole.text())
            << size;
      }
      for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Transcript two(Transcript::Side::requests, *scan);
        two.feed(bytes.substr(0, cut));
        two.feed(bytes.substr(cut));
        EXPECT_EQ(two.text(), whole.text()) << cut;
      }
    }
  }
}

// Each byte at each place of a head: the implementations agree on what it means.
TEST(Request, EveryByteEverywhereMeansTheSameToAll) {
  const std::string head =
      get("Accept-Encoding: gzip, deflate, br; and some more\r\nX-Y: z\r\n", "GET /some/path?x HTTP/1.1");
  for (std::size_t at = 0; at < head.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes = head;
      bytes[at] = static_cast<char>(byte);
      std::string expected;
      for (const Scan* scan : scans()) {
        Transcript t(Transcript::Side::requests, *scan);
        t.read(bytes);
        if (scan->isa == Isa::scalar) expected = t.text();
        ASSERT_EQ(t.text(), expected) << "byte " << byte << " at " << at;
      }
    }
  }
}

TEST(Request, FieldMemoryIsReusedWhileTheHeadGrows) {
  Arena arena;
  RequestHead head;
  std::size_t scanned = 0;
  const std::string bytes = get("a: b\r\nc: d\r\ne: f\r\ng: h\r\ni: j\r\n");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    ASSERT_EQ(parse_request(std::string_view(bytes).substr(0, size), scanned, {}, arena, head).state,
              Parse::incomplete);
  }
  ASSERT_EQ(parse_request(bytes, scanned, {}, arena, head).state, Parse::complete);
  EXPECT_EQ(head.fields.size(), 6u);
  EXPECT_LE(arena.bytes_held(), Arena::kBlockSize);
}

TEST(Request, AnEmptyBufferIsIncomplete) {
  Arena arena;
  RequestHead head;
  std::size_t scanned = 0;
  EXPECT_EQ(parse_request({}, scanned, {}, arena, head).state, Parse::incomplete);
}

}  // namespace
}  // namespace turnpike::http::h1
