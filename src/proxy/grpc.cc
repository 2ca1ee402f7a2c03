// What is special about gRPC calls: the caller's deadline, statuses, and browsers that speak gRPC-Web.
#include <algorithm>
#include <array>

#include "http/grpc/call.h"
#include "http/grpc/status.h"
#include "http/grpc/timeout.h"
#include "observe/families.h"
#include "proxy/exchange.h"
#include "proxy/grpc_web.h"
#include "proxy/recorder.h"
#include "proxy/respond.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {

namespace grpc = http::grpc;
using grpc::Status;
using http::FieldId;

std::string_view content_type_of(grpc::Kind kind) noexcept {
  switch (kind) {
    case grpc::Kind::none:
      break;
    case grpc::Kind::grpc:
      return "application/grpc";
    case grpc::Kind::web:
      return "application/grpc-web";
    case grpc::Kind::web_text:
      return "application/grpc-web-text";
  }
  return {};
}

}  // namespace

Status grpc_status_for(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::request_timeout:
    case ErrorKind::upstream_timeout:
    case ErrorKind::client_body_timeout:
      return Status::deadline_exceeded;
    case ErrorKind::head_too_large:
    case ErrorKind::body_too_large:
    case ErrorKind::request_line_too_long:
      return Status::resource_exhausted;
    case ErrorKind::no_backend:  // GRPCRouteRule.backendRefs, Gateway API v1.6
      return Status::unavailable;
    case ErrorKind::internal:
      return Status::internal;
    default:
      return grpc::status_from_http(status_for(kind));
  }
}

Error Exchange::understand_call() {
  call_ = grpc::call_kind(request_);
  if (call_ == grpc::Kind::none) return {};
  const http::Field* timeout = request_.fields.find(FieldId::grpc_timeout);
  if (timeout == nullptr) return {};
  const auto parsed = grpc::parse_timeout(timeout->value);
  if (!parsed) return client_error(ErrorKind::bad_request, "grpc-timeout is malformed");
  if (*parsed < kNever - started_) call_deadline_ = started_ + *parsed;
  return {};
}

// A rule of a GRPCRoute takes preflights for its policies; nothing but a call goes to its backends.
Error Exchange::check_call() const noexcept {
  if (!rule_->grpc || call_ != grpc::Kind::none) return {};
  return client_error(ErrorKind::no_route, "a preflight, and no CORS policy answered it");
}

Transform* Exchange::rewound_request() noexcept {
  web_->request.rewind();
  return &web_->request;
}

// A call is about to go to its upstream.
void Exchange::begin_call() {
  wants_trailers_ = true;
  if (!rule_->grpc || call_ == grpc::Kind::grpc) return;
  web_ = std::make_unique<WebCall>(call_);
  const std::string_view suffix = grpc::suffix_of(request_.fields.value(FieldId::content_type));
  request_.fields.set(arena_, FieldId::content_type, arena_.concat("application/grpc", suffix));
  // Base64 is longer than what it stands for.
  if (call_ == grpc::Kind::web_text && request_.framing == http::Framing::length)
    request_.framing = http::Framing::chunked;
  rewind_body();
}

// The response to a browser: its trailers will be content. A response that is none of a call goes as it is.
void Exchange::begin_call_response() {
  const std::string_view type = response_.fields.value(FieldId::content_type);
  if (grpc::kind_of(type) != grpc::Kind::grpc) return;
  std::string_view suffix = grpc::suffix_of(type);
  if (suffix.empty()) suffix = grpc::suffix_of(request_.fields.value(FieldId::content_type));
  response_.fields.set(arena_, FieldId::content_type, arena_.concat(content_type_of(call_), suffix));
  if (response_.framing == http::Framing::none) return;  // trailers only: the status is among the fields
  if (response_.framing == http::Framing::length) response_.framing = http::Framing::until_close;
  begin_download();
  download_.set_transform(&web_->response);
}

// Why a call broke off that had a response.
Error Exchange::call_fault() const noexcept {
  if (client_gone_ || reason_ == ErrorKind::client_closed || reason_ == ErrorKind::client_write_timeout)
    return our_error(ErrorKind::cancelled);
  return upstream_error(reason_ == ErrorKind::none ? ErrorKind::upstream_reset : reason_, Retry::never);
}

// A response that broke off still tells the caller why: a status ends it, which no client takes for success.
io::Task<bool> Exchange::end_broken_call() {
  const bool speaks = client_.multiplexed() != nullptr || web_ != nullptr;
  if (!speaks || client_gone_ || !to_client_.empty() || download_.done()) co_return false;
  if (reason_ == ErrorKind::client_closed || reason_ == ErrorKind::client_write_timeout) co_return false;
  if (response_.framing == http::Framing::length) co_return false;  // as much was promised
  const Status status = grpc_status_for(reason_);
  grpc_status_ = static_cast<std::int8_t>(status);
  http::Fields trailers;
  trailers.add(arena_, FieldId::grpc_status, grpc::digits_of(status));
  trailers.add(arena_, FieldId::grpc_message, "the response broke off");
  if (download_.break_off(to_client_, arena_, trailers) != BodyPipe::State::done) co_return false;
  client_.end_content(to_client_.bytes(), download_.trailers());
  request_deadline_ = kNever;  // it has had its effect
  const Error error = co_await flush_to_client();
  co_return error.kind == ErrorKind::none;
}

// The upstream has as long as is left of the deadline (hop by hop it gets shorter).
void Exchange::pass_deadline() {
  const TimePoint deadline = std::min(request_deadline_, attempt_deadline_);
  if (call_ == grpc::Kind::none || deadline == kNever) return;
  std::array<char, grpc::kTimeoutSize> text;
  request_.fields.set(arena_, FieldId::grpc_timeout,
                      arena_.copy(grpc::format_timeout(deadline - loop().now(), text)));
}

// An answer of ours, as gRPC's clients understand it: trailers only. What a client should do on another
// connection stays as it is.
void Exchange::make_direct_grpc() {
  policy::DirectResponse& direct = facts_.direct;
  if (call_ == grpc::Kind::none || direct.status < 400 || direct.status == 421) return;
  // Policies name no error: their HTTP status says it.
  const Status status = direct.reason == ErrorKind::direct_response ? grpc::status_from_http(direct.status)
                                                                    : grpc_status_for(direct.reason);
  grpc_status_ = static_cast<std::int8_t>(status);
  const std::string_view message =
      arena_.concat(http::reason_phrase(direct.status), request_id_.empty() ? "" : "; request ", request_id_);
  direct.status = 200;
  direct.body = {};
  direct.fields.remove(FieldId::content_type);
  direct.fields.add(
      arena_, FieldId::content_type,
      arena_.concat(content_type_of(call_), grpc::suffix_of(request_.fields.value(FieldId::content_type))));
  direct.fields.add(arena_, FieldId::grpc_status, grpc::digits_of(status));
  direct.fields.add(arena_, FieldId::grpc_message, grpc::encode_message(message, arena_));
}

void Exchange::note_grpc_status(const http::Fields& fields) noexcept {
  if (call_ == grpc::Kind::none) return;
  const auto status = grpc::parse_status(fields.value(FieldId::grpc_status));
  if (status) grpc_status_ = static_cast<std::int8_t>(*status);
}

// A response without messages whose status the route retries. Naming a status says that the call may be
// repeated.
bool Exchange::wants_grpc_retry() const noexcept {
  const std::uint32_t retried = rule_->retry.grpc_statuses;
  if (retried == 0 || call_ == grpc::Kind::none) return false;
  const auto status = grpc::parse_status(response_.fields.value(FieldId::grpc_status));
  return status && (retried >> static_cast<unsigned>(*status) & 1) != 0;
}

// What outlier detection should make of the response: a call that failed is a 200 with a status.
std::uint16_t Exchange::outcome_status() const noexcept {
  if (grpc_status_ < 0 || !grpc::blames_server(static_cast<Status>(grpc_status_))) return response_.status;
  return static_cast<std::uint16_t>(grpc::http_from_status(static_cast<Status>(grpc_status_)));
}

void Exchange::record_call(observe::Block block) noexcept {
  if (grpc_status_ < 0) return;
  const unsigned http = grpc::http_from_status(static_cast<Status>(grpc_status_));
  block.add(worker_.recorder().families().route.grpc_requests.of(observe::grpc_class(http)));
}

}  // namespace turnpike::proxy
