#include "upstream/http2_probe.h"

#include <array>
#include <utility>

#include "http/h2/session.h"

namespace turnpike::upstream {
namespace {

class Answer final : public http::h2::Events {
 public:
  unsigned status = 0;
  bool reset = false;

  Arena& arena_for(http::h2::StreamId, void*) override { return arena_; }
  void* on_request(http::h2::StreamId, http::RequestHead&&, bool) override { return nullptr; }
  void on_refused(http::h2::StreamId, const Error&, unsigned) override {}
  void on_response(http::h2::StreamId, void*, http::ResponseHead&& head, bool) override {
    if (head.status >= 200) status = head.status;
  }
  void on_data(http::h2::StreamId, void*, std::string_view, bool) override {}
  void on_trailers(http::h2::StreamId, void*, http::Fields&&) override {}
  void on_reset(http::h2::StreamId, void*, http::h2::ErrorCode, bool) override { reset = true; }
  void on_writable(http::h2::StreamId, void*) override {}
  void on_goaway(http::h2::StreamId, http::h2::ErrorCode, std::string_view) override {}
  void on_settings() override {}
  void on_settings_ack() override {}
  void on_ping_ack() override {}

 private:
  Arena arena_;
};

}  // namespace

io::Task<std::expected<unsigned, std::string_view>> ask_status(io::Stream& stream,
                                                               const http::RequestHead& head,
                                                               TimePoint deadline) {
  static const http::h2::Limits limits{};
  Answer answer;
  http::h2::Session session(http::h2::Role::client, limits, answer, stream.loop().now());
  session.submit_request(head, true, &answer);
  while (answer.status == 0) {
    while (session.wants_write()) {
      const io::IoResult sent = stream.write(session.output());
      if (sent.status == io::IoStatus::ok) {
        session.written(sent.bytes);
      } else if (sent.status != io::IoStatus::would_block) {
        co_return std::unexpected("the connection broke while the request was sent");
      } else if (co_await stream.writable(deadline) != io::Wait::ready) {
        co_return std::unexpected("no answer in time");
      }
    }
    std::array<char, 2048> piece;
    const io::IoResult got = stream.read(piece);
    if (got.status == io::IoStatus::would_block) {
      if (co_await stream.readable(deadline) != io::Wait::ready)
        co_return std::unexpected("no answer in time");
      continue;
    }
    if (got.status != io::IoStatus::ok)
      co_return std::unexpected("the connection was closed without an answer");
    const Error error = session.receive({piece.data(), got.bytes}, stream.loop().now());
    if (answer.status != 0) break;
    if (error.kind != ErrorKind::none) co_return std::unexpected("the answer is not HTTP/2");
    if (answer.reset) co_return std::unexpected("the stream was reset without an answer");
  }
  session.goaway(http::h2::ErrorCode::no_error);
  if (session.wants_write()) static_cast<void>(stream.write(session.output()));
  co_return answer.status;
}

}  // namespace turnpike::upstream
