#include "proxy/respond.h"

#include "proxy/exchange.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

std::uint16_t status_for(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::none:
    case ErrorKind::direct_response:
    case ErrorKind::client_closed:
    case ErrorKind::client_write_timeout:
    case ErrorKind::client_idle_timeout:
    case ErrorKind::proxy_protocol:
    case ErrorKind::http2_error:
    case ErrorKind::http2_flood:
    case ErrorKind::cancelled:
      return 0;
    case ErrorKind::client_tls:  // plain HTTP where TLS was to be: others are told nothing
    case ErrorKind::bad_request:
    case ErrorKind::bad_path:
      return 400;
    case ErrorKind::no_listener_host:
    case ErrorKind::no_route:
      return 404;
    case ErrorKind::unsupported_method:
      return 405;
    case ErrorKind::client_head_timeout:
    case ErrorKind::client_body_timeout:
      return 408;
    case ErrorKind::body_too_large:
      return 413;
    case ErrorKind::request_line_too_long:
      return 414;
    case ErrorKind::expectation_failed:
      return 417;
    case ErrorKind::misdirected:
      return 421;
    case ErrorKind::head_too_large:
      return 431;
    case ErrorKind::internal:
    case ErrorKind::no_backend:
      return 500;
    case ErrorKind::unknown_transfer_coding:
      return 501;
    case ErrorKind::upstream_reset:
    case ErrorKind::upstream_bad_response:
      return 502;
    case ErrorKind::no_endpoint:
    case ErrorKind::no_healthy_endpoint:
    case ErrorKind::connect_refused:
    case ErrorKind::connect_failed:
    case ErrorKind::upstream_tls:
    case ErrorKind::upstream_dns:
    case ErrorKind::overloaded:
    case ErrorKind::upstream_overflow:
    case ErrorKind::draining:
      return 503;
    case ErrorKind::connect_timeout:
    case ErrorKind::upstream_timeout:
    case ErrorKind::request_timeout:
      return 504;
    case ErrorKind::bad_version:
      return 505;
  }
  return 500;
}

io::Task<After> Exchange::respond(const Error& error) {
  facts_.direct.reason = error.kind;
  facts_.direct.detail = error.detail;
  facts_.direct.status = status_for(error.kind);
  const std::uint16_t status = facts_.direct.status;
  // Who sends what we refuse to understand may mean something else by what follows.
  if (error.source == ErrorSource::client && status != 404 && status != 421) close_after_ = true;
  if (status != 0) {
    // No word of the cause: the id leads operators to it in the log.
    const std::string_view id = request_id_;
    facts_.direct.body = arena_.concat(http::reason_phrase(status), id.empty() ? "" : "\nrequest ", id, "\n");
    facts_.direct.fields.clear();
    facts_.direct.fields.add(arena_, http::FieldId::content_type, "text/plain; charset=utf-8");
    if (status == 405)
      facts_.direct.fields.add(arena_, http::FieldId::allow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    // What is over load now may not be in a moment (RFC 9110 §10.2.3).
    if (error.kind == ErrorKind::overloaded || error.kind == ErrorKind::upstream_overflow) {
      facts_.direct.fields.add(arena_, http::FieldId::retry_after, "1");
    }
  } else {
    client_gone_ = true;
  }
  co_return co_await send_direct();
}

io::Task<After> Exchange::send_direct() {
  make_direct_grpc();
  const policy::DirectResponse& direct = facts_.direct;
  reason_ = direct.reason;
  detail_ = direct.detail;
  if (client_gone_) co_return After::close;
  if (response_started_) co_return After::abort;
  client_.stream().set_hangup_listener(nullptr);
  request_deadline_ = kNever;  // it has had its effect
  const bool body_gone = parse_error_.kind == ErrorKind::none && drop_request_body();
  if (!body_gone) close_after_ = true;

  const bool head_only = request_.method == http::Method::head;
  response_ = http::ResponseHead{};
  response_.status = direct.status;
  response_.fields = direct.fields;
  const bool has_content = direct.status >= 200 && direct.status != 204 && direct.status != 304;
  response_.framing = has_content ? http::Framing::length : http::Framing::none;
  response_.content_length = direct.body.size();
  if (rule_ != nullptr) apply_response_policies();
  chunked_to_client_ = false;
  upgraded_ = false;
  status_ = response_.status;
  to_client_.clear();
  const bool sends_content = !head_only && has_content && !direct.body.empty();
  write_client_head(sends_content);
  if (sends_content) {
    to_client_.add(direct.body);
    sent_body_ = direct.body.size();
    client_.end_content(direct.body.size(), {});
  }
  Recorder& recorder = worker_.recorder();
  const observe::Series series = listener_ != nullptr      ? listener_->metrics
                                 : port_.listeners.empty() ? observe::Series{}
                                                           : port_.listeners.front().metrics;
  recorder.block(series).add(recorder.families().listener.responses.of(observe::reason(direct.reason)));
  const Error error = co_await flush_to_client();
  if (error.kind != ErrorKind::none) co_return After::close;
  if (!body_gone) co_return After::linger;
  co_return keep_alive_ ? After::keep_alive : After::close;
}

// Takes what is left of the request's content out of the way; false if it is not all here: then the
// connection ends, since nobody knows how long the rest would take.
bool Exchange::drop_request_body() {
  if (request_.framing == http::Framing::none || upload_.done()) return head_bytes_ > 0;
  if (body_source_ == nullptr) {
    body_source_ = &client_.buffer();
    upload_ = BodyPipe(http::h1::BodyReader(request_.framing, request_.content_length, port_.settings.limits),
                       false);
  }
  BodyPipe::State state;
  do {
    to_upstream_.clear();
    state = upload_.gather(*body_source_, to_upstream_, arena_);
  } while (state == BodyPipe::State::full);
  to_upstream_.clear();
  return state == BodyPipe::State::done;
}

}  // namespace turnpike::proxy
