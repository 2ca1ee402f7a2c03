// For tests and fuzzers: frames from parts, frames out of a session's output, and an owner that writes down
// what it is told.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "http/h2/frame.h"
#include "http/h2/hpack_decoder.h"
#include "http/h2/session.h"

namespace turnpike::http::h2::testing {

inline std::string number(std::uint32_t value, unsigned bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes));
  return out;
}

inline std::string frame(FrameType type, std::uint8_t flags, StreamId stream, std::string_view payload) {
  return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + number(stream, 4) + std::string(payload);
}
inline std::string settings(std::initializer_list<std::pair<Setting, std::uint32_t>> entries = {}) {
  std::string payload;
  for (const auto& [setting, value] : entries)
    payload += number(static_cast<std::uint32_t>(setting), 2) + number(value, 4);
  return frame(FrameType::settings, 0, 0, payload);
}
inline std::string settings_ack() { return frame(FrameType::settings, flag::kAck, 0, ""); }
inline std::string window_update(StreamId stream, std::uint32_t increment) {
  return frame(FrameType::window_update, 0, stream, number(increment, 4));
}
inline std::string rst_stream(StreamId stream, ErrorCode code) {
  return frame(FrameType::rst_stream, 0, stream, number(static_cast<std::uint32_t>(code), 4));
}
inline std::string goaway_frame(StreamId last, ErrorCode code, std::string_view debug = "") {
  return frame(FrameType::goaway, 0, 0,
               number(last, 4) + number(static_cast<std::uint32_t>(code), 4) + std::string(debug));
}
inline std::string data(StreamId stream, std::string_view content, bool end = false) {
  return frame(FrameType::data, end ? flag::kEndStream : 0, stream, content);
}

using FieldList = std::vector<std::pair<std::string, std::string>>;

// A block of literals without indexing or Huffman code: any bytes may be in it.
inline std::string literals(const FieldList& fields) {
  std::string block;
  const auto text = [&block](std::string_view bytes) {
    if (bytes.size() < 127) {
      block += static_cast<char>(bytes.size());
    } else {
      std::size_t rest = bytes.size() - 127;
      block += '\x7f';
      for (; rest >= 128; rest >>= 7) block += static_cast<char>(rest | 0x80);
      block += static_cast<char>(rest);
    }
    block += bytes;
  };
  for (const auto& [name, value] : fields) {
    block += '\0';
    text(name);
    text(value);
  }
  return block;
}
inline std::string headers(StreamId stream, const FieldList& fields, bool end = true) {
  return frame(FrameType::headers,
               static_cast<std::uint8_t>(flag::kEndHeaders | (end ? flag::kEndStream : 0)), stream,
               literals(fields));
}
inline FieldList get(std::string path = "/") {
  return {
      {":method", "GET"}, {":scheme", "https"}, {":authority", "shop.example"}, {":path", std::move(path)}};
}
inline FieldList post(std::string path = "/") {
  return {
      {":method", "POST"}, {":scheme", "https"}, {":authority", "shop.example"}, {":path", std::move(path)}};
}
inline FieldList with(FieldList fields, const FieldList& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

struct Sent {
  FrameHeader header;
  std::string payload;
};

// Takes everything that a session wants to write, as one string.
inline std::string take_output(Session& session) {
  std::string out;
  while (session.wants_write()) {
    std::size_t size = 0;
    for (const iovec& piece : session.output()) {
      out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      size += piece.iov_len;
    }
    session.written(size);
  }
  return out;
}
inline std::vector<Sent> split_frames(std::string_view bytes) {
  std::vector<Sent> frames;
  if (bytes.starts_with(kPreface)) bytes.remove_prefix(kPreface.size());
  while (bytes.size() >= kFrameHeader) {
    const FrameHeader header = read_frame_header(bytes.data());
    frames.push_back({header, std::string(bytes.substr(kFrameHeader, header.length))});
    bytes.remove_prefix(std::min(bytes.size(), kFrameHeader + header.length));
  }
  return frames;
}

inline std::string text_of(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) text += " " + std::string(field.name) + "=" + std::string(field.value);
  return text;
}

// What a session said, one line each: "request 1 GET https shop.example / end a=b".
class Recorder : public Events {
 public:
  struct Exchange {
    StreamId id = 0;
    Arena arena;
    RequestHead request;
    ResponseHead response;
    Fields trailers;
    std::string content;
    bool ended = false;
  };

  virtual ~Recorder() = default;

  Session* session = nullptr;
  std::vector<std::string> log;
  std::map<StreamId, std::unique_ptr<Exchange>> exchanges;
  bool consume = true;  // content at once
  bool accept_requests = true;

  std::string text() const {
    std::string all;
    for (const std::string& line : log) all += line + "\n";
    return all;
  }
  std::string take() {
    std::string all = text();
    log.clear();
    return all;
  }
  Exchange& exchange(StreamId id) {
    std::unique_ptr<Exchange>& slot = exchanges[id];
    if (slot == nullptr) slot = std::make_unique<Exchange>();
    slot->id = id;
    return *slot;
  }

  Arena& arena_for(StreamId id, void*) override { return exchange(id).arena; }
  void* on_request(StreamId id, RequestHead&& head, bool end) override {
    Exchange& e = exchange(id);
    e.request = head;
    e.ended = end;
    std::string line = "request " + std::to_string(id);
    for (const std::string_view part :
         {head.method_text, head.scheme, head.authority, head.target, head.protocol})
      if (!part.empty()) line += " " + std::string(part);
    say(line + (end ? " end" : "") + text_of(head.fields));
    return accept_requests ? &e : nullptr;
  }
  void on_refused(StreamId id, const Error& error, unsigned status) override {
    say("refused " + std::to_string(id) + " " + std::to_string(status) + " " + std::string(error.detail));
  }
  void on_response(StreamId id, void* owner, ResponseHead&& head, bool end) override {
    check(id, owner);
    exchange(id).response = head;
    exchange(id).ended = end;
    say("response " + std::to_string(id) + " " + std::to_string(head.status) + (end ? " end" : "") +
        text_of(head.fields));
  }
  void on_data(StreamId id, void* owner, std::string_view data, bool end) override {
    check(id, owner);
    exchange(id).content += data;
    exchange(id).ended |= end;
    say("data " + std::to_string(id) + " " + std::to_string(data.size()) + (end ? " end" : ""));
    if (consume) session->consumed(id, data.size());
  }
  void on_trailers(StreamId id, void* owner, Fields&& trailers) override {
    check(id, owner);
    exchange(id).trailers = trailers;
    exchange(id).ended = true;
    say("trailers " + std::to_string(id) + text_of(trailers));
  }
  void on_reset(StreamId id, void* owner, ErrorCode code, bool by_peer) override {
    check(id, owner);
    say("reset " + std::to_string(id) + " " + std::string(name_of(code)) +
        (by_peer ? " by peer" : " " + std::string(session->fault())));
  }
  void on_writable(StreamId id, void* owner) override {
    check(id, owner);
    say("writable " + std::to_string(id));
  }
  void on_goaway(StreamId last, ErrorCode code, std::string_view debug) override {
    say("goaway " + std::to_string(last) + " " + std::string(name_of(code)) + " " + std::string(debug));
  }
  void on_settings() override { say("settings"); }
  void on_settings_ack() override { say("settings ack"); }
  void on_ping_ack() override { say("ping ack"); }

 protected:
  virtual void say(std::string line) { log.push_back(std::move(line)); }
  void check(StreamId id, void* owner) {
    if (owner != &exchange(id)) say("wrong owner of " + std::to_string(id));
  }
};

// A session in the role of a server whose client is the test, its preface exchanged.
struct Server {
  Limits limits;
  Recorder events;
  TimePoint now{};
  Session session;

  explicit Server(Limits with = {}, std::string_view client_settings = settings())
      : limits(with), session(Role::server, limits, events, now) {
    events.session = &session;
    receive(std::string(kPreface) + std::string(client_settings) + settings_ack());
    events.log.clear();
    take_output(session);
  }
  Error receive(std::string_view bytes) { return session.receive(bytes, now); }
  // The frames sent since the last call, one line each: "RST_STREAM 1 CANCEL".
  std::string sent();
};

inline std::string describe(const Sent& sent, Decoder* decoder = nullptr) {
  const FrameHeader& header = sent.header;
  Frame parsed;
  parse_payload(header, sent.payload, parsed);
  const std::string id = header.stream != 0 ? " " + std::to_string(header.stream) : "";
  const std::string end = header.has(flag::kEndStream) ? " end" : "";
  switch (header.type) {
    case FrameType::data:
      return "DATA" + id + " " + std::to_string(parsed.content.size()) + end;
    case FrameType::headers: {
      std::string line = "HEADERS" + id + end;
      if (decoder == nullptr || !header.has(flag::kEndHeaders)) return line;
      Arena arena;
      DecodedField field;
      decoder->begin(parsed.content);
      while (decoder->next(arena, field) == Decoder::Step::field)
        line += " " + std::string(field.name) + "=" + std::string(field.value);
      return line;
    }
    case FrameType::rst_stream:
      return "RST_STREAM" + id + " " + std::string(name_of(parsed.code));
    case FrameType::settings:
      return header.has(flag::kAck) ? "SETTINGS ack" : "SETTINGS";
    case FrameType::ping:
      return std::string("PING") + (header.has(flag::kAck) ? " ack " : " ") + std::string(parsed.content);
    case FrameType::goaway:
      return "GOAWAY " + std::to_string(parsed.value) + " " + std::string(name_of(parsed.code));
    case FrameType::window_update:
      return "WINDOW_UPDATE" + id + " " + std::to_string(parsed.value);
    case FrameType::continuation:
      return "CONTINUATION" + id;
    default:
      return "frame " + std::to_string(static_cast<unsigned>(header.type));
  }
}

inline std::string describe(Session& session, Decoder* decoder = nullptr) {
  std::string text;
  for (const Sent& sent : split_frames(take_output(session))) text += describe(sent, decoder) + "\n";
  return text;
}

inline std::string Server::sent() { return describe(session); }

// A session in the role of a client whose server is the test.
struct Client {
  Limits limits;
  Recorder events;
  TimePoint now{};
  Session session;

  explicit Client(Limits with = {}, std::string_view server_settings = settings())
      : limits(with), session(Role::client, limits, events, now) {
    events.session = &session;
    receive(std::string(server_settings) + settings_ack());
    events.log.clear();
    take_output(session);
  }
  Error receive(std::string_view bytes) { return session.receive(bytes, now); }
  std::string sent() { return describe(session); }
  StreamId request(Method method = Method::get, bool end = true) {
    RequestHead head;
    head.method = method;
    head.scheme = "http";
    head.authority = "ledger:9000";
    head.path = "/";
    const StreamId id = session.submit_request(head, end, nullptr);
    if (id != 0) session.set_owner(id, &events.exchange(id));
    return id;
  }
};

}  // namespace turnpike::http::h2::testing
