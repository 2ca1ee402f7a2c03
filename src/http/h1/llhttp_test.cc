// The corpus llhttp: requests and responses with the spans that a strict parser must find in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "http/corpus.h"
#include "http/h1/codec.h"

namespace turnpike::http::h1 {
namespace {

struct Span {
  std::size_t at = 0;
  std::string text;
  bool operator==(const Span&) const = default;
};

struct Message {
  Span method, url, version, reason;
  std::vector<std::pair<Span, Span>> fields;
  std::string body;
  std::vector<std::pair<std::string, std::string>> trailers;
  bool head = false;      // complete
  bool complete = false;  // with its content
};

struct Reading {
  std::vector<Message> messages;
  bool refused = false;
  std::string reason;
};

struct Block {
  std::string name;  // "request/uri.md: Title"
  std::string meta;
  std::string input;
  std::string log;
  bool response() const { return meta.find("\"response") != std::string::npos; }
  bool strict() const {
    return meta.find("lenient") == std::string::npos && meta.find("-finish") == std::string::npos;
  }
  bool skip_body() const { return meta.find("skipBody") != std::string::npos; }
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// As llhttp's own test reads it: an escaped newline joins lines, all newlines are CRLF, then escapes.
std::string unescape(std::string text) {
  replace_all(text, "\\\n", "");
  replace_all(text, "\n", "\r\n");
  for (const auto& [from, to] : {std::pair{"\\r", "\r"}, {"\\n", "\n"}, {"\\t", "\t"}, {"\\f", "\f"}})
    replace_all(text, from, to);
  for (std::size_t at = 0; (at = text.find("\\x", at)) != std::string::npos; ++at) {
    const int code = std::stoi(text.substr(at + 2, 2), nullptr, 16);  // of a character: the file is UTF-8
    text.replace(at, 4, {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))});
  }
  return text;
}

std::vector<Block> read_blocks(const std::string& file, const std::string& kind) {
  std::vector<Block> blocks;
  std::istringstream in(read_whole(corpus("llhttp") / file));
  std::string title, meta, body, log, line;
  std::string* into = nullptr;
  while (std::getline(in, line)) {
    if (into != nullptr && line == "```") {
      if (!into->empty()) into->pop_back();  // the newline in front of the fence
      if (into == &log) blocks.push_back({file + ": " + title, meta, unescape(body), log});
      into = nullptr;
    } else if (into != nullptr) {
      into->append(line).append("\n");
    } else if (line.starts_with("#")) {
      title = line.substr(line.find_first_not_of("# "));
      meta.clear();
    } else if (line.starts_with("<!-- meta")) {
      meta = line;
    } else if (line == "```" + kind) {
      (into = &body)->clear();
    } else if (line == "```log") {
      (into = &log)->clear();
    }
  }
  return blocks;
}

std::size_t number_after(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key);
  return at == std::string::npos ? 0 : std::strtoull(line.c_str() + at + key.size(), nullptr, 10);
}

std::string name_in(const std::string& line) {
  const std::size_t at = line.find("span[");
  return at == std::string::npos ? "" : line.substr(at + 5, line.find(']') - at - 5);
}

Reading expected(const Block& block) {
  Reading out;
  bool trailers = false;
  std::istringstream in(block.log);
  for (std::string line; std::getline(in, line);) {
    const Span span{number_after(line, "off="),
                    block.input.substr(std::min(number_after(line, "off="), block.input.size()),
                                       number_after(line, "len="))};
    if (line.find("message begin") != std::string::npos) {
      out.messages.emplace_back();
      trailers = false;
    }
    if (line.find("error code=") != std::string::npos) {
      const std::size_t code = number_after(line, "code=");
      const bool end = code == 5 || code == 22 || code == 23;  // data behind the last message; a tunnel
      out.refused = !end;
      out.reason = line;
    }
    if (out.messages.empty()) continue;
    Message& message = out.messages.back();
    if (line.find("headers complete") != std::string::npos) message.head = true;
    if (line.find("message complete") != std::string::npos) message.complete = true;
    if (line.find("chunk header len=0") != std::string::npos) trailers = true;
    const std::string name = name_in(line);
    if (name == "method") message.method = span;
    if (name == "url") message.url = span;
    if (name == "version") message.version = span;
    if (name == "status") message.reason = span;
    if (name == "body") message.body += span.text;
    if (name == "header_field" && trailers) message.trailers.emplace_back(span.text, "");
    if (name == "header_field" && !trailers) message.fields.emplace_back(span, Span{});
    if (name == "header_value" && trailers) message.trailers.back().second = trim(span.text);
    if (name == "header_value" && !trailers)
      message.fields.back().second = {span.at, std::string(trim(span.text))};
  }
  return out;
}

// Most blocks have no Host, which HTTP/1.1 asks for: one is put behind each such request line, and what lies
// behind it is looked for further on.
constexpr std::string_view kHost = "Host: h\r\n";

std::string with_hosts(const Block& block, Reading& reading) {
  std::string input = block.input;
  std::size_t shift = 0;
  for (Message& message : reading.messages) {
    message.method.at += shift;
    message.url.at += shift;
    const std::size_t line_end = message.version.at + shift + message.version.text.size();
    bool host = message.version.text != "1.1" || input.substr(line_end, 2) != "\r\n";
    if (!message.head) host |= lower_case(input.substr(line_end)).find("\r\nhost:") != std::string::npos;
    for (const auto& [name, value] : message.fields) host |= equals_ignoring_case(name.text, "host");
    if (!host) {
      input.insert(line_end + 2, kHost);
      shift += kHost.size();
    }
    for (auto& [name, value] : message.fields) {
      name.at += shift;
      value.at += shift;
    }
  }
  return input;
}

// What we make of it, with places relative to the start of `input`.
Reading ours(const std::string& input, bool response, bool skip_body) {
  Reading out;
  std::size_t at = 0;
  const auto span = [&](std::string_view text) {
    return Span{text.empty() ? 0 : static_cast<std::size_t>(text.data() - input.data()), std::string(text)};
  };
  while (at < input.size()) {
    Arena arena;
    std::size_t scanned = 0;
    RequestHead request;
    ResponseHead reply;
    const std::string_view rest = std::string_view(input).substr(at);
    const ParseResult head =
        response ? parse_response(rest, scanned, {}, arena, skip_body ? Method::head : Method::get, reply)
                 : parse_request(rest, scanned, {}, arena, request);
    if (head.state == Parse::error) {
      out.refused = true;
      out.reason = head.error.detail.empty() ? name_of(head.error.kind) : head.error.detail;
    }
    if (head.state != Parse::complete) break;
    at += head.consumed;
    Message& message = out.messages.emplace_back();
    message.head = true;
    message.method = span(request.method_text);
    message.url = span(request.target);
    message.reason = span(reply.reason);
    for (const Field& field : response ? reply.fields : request.fields) {
      if (field.value != "h") message.fields.emplace_back(span(field.name), span(field.value));
    }
    if (skip_body) request.framing = Framing::none;
    BodyReader reader(response ? reply.framing : request.framing,
                      response ? reply.content_length : request.content_length, {});
    while (!reader.done()) {
      const BodyReader::Step step = reader.next(std::string_view(input).substr(at), arena);
      at += step.consumed;
      message.body += step.data;
      if (step.error != ErrorKind::none) {
        out.refused = true;
        out.reason = step.detail;
        return out;
      }
      if (step.consumed == 0) break;
    }
    for (const Field& field : reader.trailers()) message.trailers.emplace_back(field.name, field.value);
    message.complete = reader.done();
    const bool last = response ? !reply.keep_alive || reply.status == 101
                               : !request.keep_alive || request.upgrade || request.method == Method::connect;
    if (!message.complete || last) break;
  }
  return out;
}

void compare(const Message& wanted, const Message& found, const std::string& name) {
  EXPECT_EQ(wanted.method, found.method) << name;
  EXPECT_EQ(wanted.url, found.url) << name;
  EXPECT_EQ(wanted.reason.text, found.reason.text) << name;
  ASSERT_EQ(wanted.fields.size(), found.fields.size()) << name;
  for (std::size_t i = 0; i < wanted.fields.size(); ++i) {
    EXPECT_EQ(wanted.fields[i].first, found.fields[i].first) << name;
    EXPECT_EQ(wanted.fields[i].second.text, found.fields[i].second.text) << name;
    if (!found.fields[i].second.text.empty())
      EXPECT_EQ(wanted.fields[i].second.at, found.fields[i].second.at) << name;
  }
  EXPECT_EQ(wanted.body, found.body) << name;
  EXPECT_EQ(wanted.trailers, found.trailers) << name;
  EXPECT_EQ(wanted.complete, found.complete) << name;
}

// Where we refuse what llhttp takes: the block, and the reason that we give.
const std::map<std::string, std::string> kStricter = {
    // "003" is 3 to most and octal to some.
    {"request/content-length.md: `Content-Length` with follow-up headers", "malformed Content-Length"},
    {"request/content-length.md: `Content-Length` with zeroes", "malformed Content-Length"},
    // Not HTTP.
    {"request/method.md: ANNOUNCE request with RTSP", "malformed HTTP version"},
    {"request/method.md: OPTIONS request with RTSP", "malformed HTTP version"},
    {"request/method.md: SOURCE request with ICE", "malformed HTTP version"},
    {"response/sample.md: ICE response", "malformed HTTP version"},
    {"response/sample.md: RTSP response", "malformed HTTP version"},
    {"request/sample.md: No HTTP version", "request line without a version"},  // HTTP/0.9
    {"response/sample.md: HTTP version 0.9", "not HTTP/1.0 or HTTP/1.1"},
    // RFC 9110 §9.3.6: CONNECT has no content, and readers differ on where the tunnel begins.
    {"request/method.md: CONNECT with body", "content in a request that has none"},
    // RFC 9112 §3.2.4: "*" is for OPTIONS.
    {"request/method.md: M-SEARCH request", "asterisk-form without OPTIONS"},
    {"request/method.md: PRI request HTTP2", "asterisk-form without OPTIONS"},
    // Codings that we do not know: 501.
    {"request/transfer-encoding.md: POST with `chunked` as last transfer-encoding",
     "unknown_transfer_coding"},
    {"request/transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple headers)",
     "Host, Content-Length or Transfer-Encoding repeated"},
    // RFC 9112 §3.2: no form of the target has a fragment.
    {"request/uri.md: Fragment in URI", "fragment in the request target"},
    // RFC 9110 §6.5.1: Content-Type and Vary must not be in trailers.
    {"request/transfer-encoding.md: Trailing headers", "field that must not be in trailers"},
    // RFC 9110 §4.2.4: userinfo is an error.
    {"request/uri.md: `host:port` and basic auth", "character that no host name has"},
    // RFC 9110 §8.6, RFC 9112 §6.1: neither field may be in a 1xx response.
    {"response/connection.md: HTTP 101 response with Upgrade and Content-Length header",
     "Content-Length in a response without content"},
    {"response/connection.md: HTTP 101 response with Upgrade and Transfer-Encoding header",
     "Transfer-Encoding in a response without content"},
    // Only requests may have empty lines in front (RFC 9112 §2.2); an upstream that sends them is out of
    // step.
    {"response/connection.md: HTTP 100 first, then 400", "malformed HTTP version"},
    {"response/connection.md: HTTP 304 with Content-Length", "malformed HTTP version"},
    {"response/pipelining.md: Should parse multiple events", "malformed HTTP version"},
    {"response/sample.md: Response starting with CRLF", "malformed HTTP version"},
    // Codings that we do not decode, or in an order in which nobody can.
    {"response/transfer-encoding.md: `chunked` before other transfer-encoding",
     "Transfer-Encoding other than chunked"},
    {"response/transfer-encoding.md: `chunkedchunked` transfer-encoding does not enable chunked enconding",
     "Transfer-Encoding other than chunked"},
    {"response/transfer-encoding.md: multiple transfer-encoding where chunked is not the last one",
     "Content-Length or Transfer-Encoding repeated"},
};
// Where we do not refuse what llhttp refuses, and why that is right.
const std::map<std::string, std::string> kMoreLiberal = {
    {"request/invalid.md: HTTP protocol and ANNOUNCE method", "any token is a method; routes decide"},
    {"request/content-length.md: Error on `Content-Length` overflow",
     "the block ends before the head: not judged yet"},
    {"request/content-length.md: Error on duplicate `Content-Length`",
     "the block ends before the head: not judged yet"},
    {"request/invalid.md: Invalid HTTP version", "the block ends before the line: not judged yet"},
};

TEST(Llhttp, StrictBlocks) {
  TURNPIKE_NEEDS_CORPUS(corpus("llhttp"));
  std::size_t same = 0, refused_by_both = 0;
  std::map<std::string, std::string> stricter, liberal;
  for (const char* side : {"request", "response"}) {
    for (const auto& file : std::filesystem::directory_iterator(corpus("llhttp") / side)) {
      for (Block& block : read_blocks(side + ("/" + file.path().filename().string()), "http")) {
        if (!block.strict()) continue;
        // These are about another thing than the fragment that their targets happen to have.
        if (block.name.starts_with("request/transfer-encoding.md")) replace_all(block.input, "#hey", "+hey");
        Reading wanted = expected(block);
        const std::string input = block.response() ? block.input : with_hosts(block, wanted);
        const Reading found = ours(input, block.response(), block.skip_body());
        std::erase_if(wanted.messages, [](const Message& message) { return !message.head; });
        if (found.refused) {
          if (wanted.refused)
            ++refused_by_both;
          else
            stricter[block.name] = found.reason;
          continue;
        }
        if (wanted.refused) {
          liberal[block.name] = wanted.reason;
          continue;
        }
        ASSERT_EQ(wanted.messages.size(), found.messages.size()) << block.name << "\n" << input;
        for (std::size_t i = 0; i < wanted.messages.size(); ++i)
          compare(wanted.messages[i], found.messages[i], block.name);
        ++same;
      }
    }
  }
  for (const auto& [name, reason] : stricter) {
    EXPECT_TRUE(kStricter.contains(name) && kStricter.at(name) == reason)
        << "      {\"" << name << "\", \"" << reason << "\"},";
  }
  for (const auto& [name, reason] : liberal)
    EXPECT_TRUE(kMoreLiberal.contains(name)) << name << " -- " << reason;
  EXPECT_EQ(stricter.size(), kStricter.size()) << "an entry of the table no longer holds";
  EXPECT_EQ(liberal.size(), kMoreLiberal.size()) << "an entry of the table no longer holds";
  RecordProperty("same", static_cast<int>(same));
  std::printf("llhttp: %zu blocks alike, %zu refused by both, %zu refused by us only, %zu by llhttp only\n",
              same, refused_by_both, stricter.size(), liberal.size());
}

// url.md: the parts of targets. What has a fragment, userinfo or a zone is refused, the rest has the same
// parts.
TEST(Llhttp, Urls) {
  TURNPIKE_NEEDS_CORPUS(corpus("llhttp"));
  std::size_t same = 0;
  for (const Block& block : read_blocks("url.md", "url")) {
    const bool bad = block.log.find("error code") != std::string::npos ||
                     block.log.find("url.fragment") != std::string::npos ||
                     block.input.find('@') != std::string::npos ||
                     block.name.find("Zone ID") != std::string::npos;
    const std::string bytes = "GET " + block.input + " HTTP/1.1\r\nHost: h\r\n\r\n";
    Arena arena;
    std::size_t scanned = 0;
    RequestHead head;
    const ParseResult result = parse_request(bytes, scanned, {}, arena, head);
    ASSERT_EQ(result.state, bad ? Parse::error : Parse::complete) << block.name << " " << block.input;
    if (bad) continue;
    ++same;
    std::istringstream log(block.log);
    for (std::string line; std::getline(log, line);) {
      const std::string name = name_in(line);
      const std::string text = block.input.substr(number_after(line, "off="), number_after(line, "len="));
      if (name == "url.schema") EXPECT_EQ(head.scheme, text);
      if (name == "url.host") EXPECT_EQ(head.authority, text);
      if (name == "url.path") EXPECT_EQ(head.path, text);
      if (name == "url.query") EXPECT_EQ(head.query, text);
    }
  }
  EXPECT_GE(same, 7u);
}

}  // namespace
}  // namespace turnpike::http::h1
