#include "upstream/http2_probe.h"

#include <array>
#include <string>
#include <utility>

#include "http/grpc/frame.h"
#include "http/grpc/health.h"
#include "http/h2/session.h"

namespace turnpike::upstream {
namespace {

// What is kept of the response.
class Answer final : public http::h2::Events {
 public:
  unsigned status = 0;
  std::string content;      // up to kMostContent
  std::string grpc_status;  // of the head or the trailers
  bool ended = false;
  bool reset = false;

  static constexpr std::size_t kMostContent = http::grpc::kMaxHealthResponse + http::grpc::kPrefixSize;

  Arena& arena_for(http::h2::StreamId, void*) override { return arena_; }
  void* on_request(http::h2::StreamId, http::RequestHead&&, bool) override { return nullptr; }
  void on_refused(http::h2::StreamId, const Error&, unsigned) override {}
  void on_response(http::h2::StreamId, void*, http::ResponseHead&& head, bool end) override {
    if (head.status < 200) return;
    status = head.status;
    grpc_status = head.fields.value(http::FieldId::grpc_status);
    ended = end;
  }
  void on_data(http::h2::StreamId, void*, std::string_view data, bool end) override {
    content += data.substr(0, kMostContent - content.size());
    ended = end || content.size() == kMostContent;
  }
  void on_trailers(http::h2::StreamId, void*, http::Fields&& trailers) override {
    grpc_status = trailers.value(http::FieldId::grpc_status);
    ended = true;
  }
  void on_reset(http::h2::StreamId, void*, http::h2::ErrorCode, bool) override { reset = true; }
  void on_writable(http::h2::StreamId, void*) override {}
  void on_goaway(http::h2::StreamId, http::h2::ErrorCode, std::string_view) override {}
  void on_settings() override {}
  void on_settings_ack() override {}
  void on_ping_ack() override {}

 private:
  Arena arena_;
};

// Sends the request and reads until there is a status, or until the end with `whole`. What is wrong, or
// nothing.
io::Task<std::string_view> ask(io::Stream& stream, const http::RequestHead& head, std::string_view content,
                               bool whole, Answer& answer, TimePoint deadline) {
  static const http::h2::Limits limits{};
  http::h2::Session session(http::h2::Role::client, limits, answer, stream.loop().now());
  const http::h2::StreamId id = session.submit_request(head, content.empty(), &answer);
  // It is shorter than the first window.
  const iovec all{const_cast<char*>(content.data()), content.size()};
  if (!content.empty()) session.send_data(id, {&all, 1}, true);
  const auto enough = [&] { return answer.status != 0 && (answer.ended || !whole); };
  while (!enough()) {
    while (session.wants_write()) {
      const io::IoResult sent = stream.write(session.output());
      if (sent.status == io::IoStatus::ok) {
        session.written(sent.bytes);
      } else if (sent.status != io::IoStatus::would_block) {
        co_return "the connection broke while the request was sent";
      } else if (co_await stream.writable(deadline) != io::Wait::ready) {
        co_return "no answer in time";
      }
    }
    std::array<char, 2048> piece;
    const io::IoResult got = stream.read(piece);
    if (got.status == io::IoStatus::would_block) {
      if (co_await stream.readable(deadline) != io::Wait::ready) co_return "no answer in time";
      continue;
    }
    if (got.status != io::IoStatus::ok) co_return "the connection was closed without an answer";
    const Error error = session.receive({piece.data(), got.bytes}, stream.loop().now());
    if (enough()) break;
    if (error.kind != ErrorKind::none) co_return "the answer is not HTTP/2";
    if (answer.reset) co_return "the stream was reset without an answer";
  }
  session.goaway(http::h2::ErrorCode::no_error);
  if (session.wants_write()) static_cast<void>(stream.write(session.output()));
  co_return std::string_view{};
}

std::string_view judge(const Answer& answer) {
  if (answer.status != 200) return "the answer is not gRPC";
  if (answer.grpc_status != "0") {
    return answer.grpc_status == "5"    ? "the health service does not know the service"
           : answer.grpc_status == "12" ? "there is no health service"
                                        : "the health service failed";
  }
  const auto serving = http::grpc::parse_health_response(answer.content);
  if (!serving) return serving.error();
  return *serving == http::grpc::Serving::serving ? std::string_view{} : "the service is not serving";
}

}  // namespace

io::Task<std::expected<unsigned, std::string_view>> ask_status(io::Stream& stream,
                                                               const http::RequestHead& head,
                                                               TimePoint deadline) {
  Answer answer;
  const std::string_view problem = co_await ask(stream, head, {}, false, answer, deadline);
  if (!problem.empty()) co_return std::unexpected(problem);
  co_return answer.status;
}

io::Task<std::string_view> ask_health(io::Stream& stream, http::RequestHead& head, std::string_view service,
                                      TimePoint deadline) {
  Arena arena;
  head.method = http::Method::post;
  head.method_text = http::name_of(head.method);
  head.path = http::grpc::kHealthPath;
  head.framing = http::Framing::until_close;
  head.fields.add(arena, http::FieldId::content_type, "application/grpc");
  head.fields.add(arena, http::FieldId::te, "trailers");
  const std::string content = http::grpc::health_request(service);
  Answer answer;
  const std::string_view problem = co_await ask(stream, head, content, true, answer, deadline);
  co_return problem.empty() ? judge(answer) : problem;
}

}  // namespace turnpike::upstream
