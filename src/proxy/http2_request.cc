#include "proxy/http2_request.h"

#include <charconv>

#include "proxy/connection.h"
#include "proxy/http2_connection.h"
#include "proxy/port_slot.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

Http2Request::Http2Request(Http2Connection& owner)
    : Client(owner.connection(), nullptr),
      owner_(owner),
      exchange_(*this, WorkerPlan::Pin(connection_.slot().plan()), connection_.slot().port(),
                connection_.worker().loop().now()) {}

mux::Stream& Http2Request::open(http::RequestHead&& head) {
  multiplexed_ = &content_.emplace(owner_.mux());
  stream_ = multiplexed_;
  exchange_.begin(std::move(head));
  return *content_;
}

io::Task<void> Http2Request::run(std::unique_ptr<Http2Request> request) {
  const After after = co_await request->exchange_.run();
  // A response that broke off must not look whole; one that came before the end of its request is no error.
  if (after == After::abort) request->content_->set_cut_code(http::h2::ErrorCode::internal_error);
}

void Http2Request::write_head(const ResponsePlan& plan, Arena& arena, Iovecs&) {
  http::ResponseHead head = plan.head;
  if (!plan.upgrade.empty()) {
    // The answer to extended CONNECT (RFC 8441 §5): the handshake of HTTP/1.1 has no place in it.
    head.status = 200;
    head.fields.remove(http::FieldId::sec_websocket_accept);
  }
  if (plan.tells == ResponsePlan::Length::known) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, plan.length).ptr;
    head.fields.add(arena, http::FieldId::content_length,
                    arena.copy({digits, static_cast<std::size_t>(end - digits)}));
  }
  content_->send_head(head, plan.ends);
}

void Http2Request::end_content(std::size_t left, const http::Fields& trailers) {
  content_->end_after(left, trailers);
}

}  // namespace turnpike::proxy
