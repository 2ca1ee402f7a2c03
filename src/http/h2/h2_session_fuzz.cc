// Sessions over any bytes. The first byte chooses the role, the limits and what the owner does; the next one
// the size of the pieces. Besides memory errors it looks for: memory that grows, different verdicts on the
// same bytes in other pieces, output that is not well-formed, events that contradict each other, and owners
// that are not told of a stream's end.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "http/h2/oracle.h"
#include "http/h2/testing.h"

using namespace turnpike;
using namespace turnpike::http;
using namespace turnpike::http::h2;
using namespace turnpike::http::h2::testing;

namespace {

// Answers, cancels, reads or lets lie, by the stream's id and `habits`; knows which streams are alive.
class Owner final : public Recorder {
 public:
  explicit Owner(unsigned habits) : habits_(habits) {}

  // Owners that write when there is room act at moments that depend on how the bytes were cut, and so may the
  // ends of streams.
  bool writes() const { return (habits_ & 8) != 0; }

  std::set<StreamId> alive;
  std::string verdicts;  // what does not depend on how the bytes were cut

  void* on_request(StreamId id, RequestHead&& head, bool end) override {
    if (!alive.insert(id).second) std::abort();
    check_fields(head.fields);
    if (head.method_text.empty() || head.authority.empty()) std::abort();
    exchange(id).request = head;
    note("q", id, end);
    switch ((habits_ + id / 2) % (writes() ? 5 : 4)) {
      case 0:
        respond(id, true);
        break;
      case 1:
        drop(id, ErrorCode::cancel);
        break;
      case 2:
        drop(id, ErrorCode::refused_stream);
        return nullptr;
      case 4:
        respond(id, false);
        send(id, 40'000);
        break;
      default:
        break;
    }
    return &exchange(id);
  }
  void on_refused(StreamId id, const Error& error, unsigned status) override {
    if (error.kind == ErrorKind::none || error.detail.empty()) std::abort();
    note("r", id, status != 0);
  }
  void on_response(StreamId id, void* owner, ResponseHead&& head, bool end) override {
    expect(id, owner);
    check_fields(head.fields);
    note("p", id, end);
  }
  void on_data(StreamId id, void* owner, std::string_view data, bool end) override {
    expect(id, owner);
    if (exchange(id).ended) std::abort();
    exchange(id).ended = end;
    if (end) note("d", id, true);
    if ((habits_ & 16) == 0) {
      session->consumed(id, data.size());
      if (exchange(id).request.method != Method::get && end) respond(id, true);
    }
  }
  void on_trailers(StreamId id, void* owner, Fields&& trailers) override {
    expect(id, owner);
    check_fields(trailers);
    note("t", id, true);
  }
  void on_reset(StreamId id, void* owner, ErrorCode, bool by_peer) override {
    expect(id, owner);
    alive.erase(id);
    note("x", id, by_peer);
  }
  void on_writable(StreamId id, void* owner) override {
    expect(id, owner);
    send(id, 10'000);
  }
  void on_goaway(StreamId, ErrorCode, std::string_view) override { note("g", 0, false); }
  void on_settings() override {}
  void on_settings_ack() override {}
  void on_ping_ack() override {}

 private:
  void note(const char* what, StreamId id, bool flag) {
    verdicts += what + std::to_string(id) + (flag ? "+ " : "- ");
  }
  void expect(StreamId id, void* owner) {
    if (!alive.contains(id) || owner != &exchange(id)) std::abort();
  }
  void respond(StreamId id, bool end) {
    ResponseHead head;
    head.status = 200;
    head.fields.add(exchange(id).arena, "x-id", "1");
    session->send_response(id, head, end);
  }
  void send(StreamId id, std::size_t size) {
    static const std::string kContent(40'000, 'x');
    const iovec piece{const_cast<char*>(kContent.data()), size};
    session->send_data(id, {&piece, 1}, id % 4 == 1);
  }
  void drop(StreamId id, ErrorCode code) {
    alive.erase(id);
    session->reset(id, code);
  }
  // Whatever comes through here, HTTP/1.1 can carry.
  static void check_fields(const Fields& fields) {
    for (const Field& field : fields) {
      if (field.name.empty()) std::abort();
      for (const char c : field.name) {
        if (c <= ' ' || c == ':' || c == 0x7f || (c >= 'A' && c <= 'Z')) std::abort();
      }
      if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) std::abort();
      if (field.id == FieldId::connection || field.id == FieldId::transfer_encoding) std::abort();
    }
  }

  unsigned habits_;
};

// The frames of our output are whole and well-formed by themselves, and their blocks decode.
void check_output(std::string_view bytes, oracle::Inflater& inflater, std::string& block) {
  for (const Sent& sent : split_frames(bytes)) {
    if (sent.payload.size() != sent.header.length) std::abort();
    if (check_header(sent.header, kDefaultFrameSize).code != ErrorCode::no_error) std::abort();
    Frame frame;
    if (parse_payload(sent.header, sent.payload, frame).code != ErrorCode::no_error) std::abort();
    const bool part = sent.header.type == FrameType::headers || sent.header.type == FrameType::continuation;
    if (!part) continue;
    block += frame.content;
    if (!sent.header.has(flag::kEndHeaders)) continue;
    if (!inflater.inflate(block)) std::abort();
    block.clear();
  }
}

struct Outcome {
  std::string verdicts;
  ErrorKind error;
};

Outcome run(std::string_view bytes, unsigned habits, std::size_t piece) {
  Limits limits;
  if ((habits & 32) != 0) limits.concurrent_streams = 3;
  if ((habits & 64) != 0) limits.header_list = 300;
  const Role role = (habits & 128) != 0 ? Role::client : Role::server;
  auto owner = std::make_unique<Owner>(habits);
  Session session(role, limits, *owner, {});
  owner->session = &session;
  for (int i = 0; role == Role::client && i < 4; ++i) {
    RequestHead head;
    head.method = i == 1 ? Method::head : i == 2 ? Method::connect : Method::get;
    head.scheme = "http";
    head.authority = "a:1";
    head.path = "/";
    const StreamId id = session.submit_request(head, i != 2, nullptr);
    session.set_owner(id, &owner->exchange(id));
    owner->alive.insert(id);
  }
  oracle::Inflater inflater;
  std::string block;
  Error error;
  const std::string preface = role == Role::server ? std::string(kPreface) + settings() : settings();
  error = session.receive(preface, {});
  check_output(take_output(session), inflater, block);
  while (!bytes.empty() && error.kind == ErrorKind::none) {
    const std::string part(bytes.substr(0, piece));  // so that reading beyond it shows
    bytes.remove_prefix(part.size());
    error = session.receive(part, {});
    check_output(take_output(session), inflater, block);
    if (session.bytes_held() > 512 * 1024) std::abort();
  }
  if (session.failed() != (error.kind != ErrorKind::none)) std::abort();
  if (!session.failed()) session.abandon(ErrorCode::cancel);
  if (session.open_streams() != 0) std::abort();
  return {owner->verdicts, error.kind};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 8000) return -1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Outcome whole = run(bytes, data[0], bytes.size() + 1);
  const Outcome pieces = run(bytes, data[0], data[1] % 67 + 1);
  const bool timeless = (data[0] & 128) != 0 || (data[0] & 8) == 0;
  if (timeless && (whole.error != pieces.error || whole.verdicts != pieces.verdicts)) std::abort();
  return 0;
}
