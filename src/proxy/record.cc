// What remains of an exchange: counts and a line in the access log.
#include "proxy/connection.h"
#include "proxy/exchange.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"
#include "tls/stream.h"

namespace turnpike::proxy {
namespace {

std::string_view protocol_name(http::Version version) noexcept {
  switch (version) {
    case http::Version::http10:
      return "HTTP/1.0";
    case http::Version::http11:
      return "HTTP/1.1";
    case http::Version::http2:
      return "HTTP/2";
  }
  return "";
}

}  // namespace

void Exchange::record() noexcept {
  // What was left open: the client went away while an attempt was under way.
  if (!reported_) end_attempt(our_error(ErrorKind::cancelled));
  Recorder& recorder = worker_.recorder();
  const observe::Families& families = recorder.families();
  const Duration duration = loop().now() - started_;
  const observe::Series series = match_ != nullptr         ? match_->route_metrics
                                 : listener_ != nullptr    ? listener_->unrouted_metrics
                                 : port_.listeners.empty() ? observe::Series{}
                                                           : port_.listeners.front().unrouted_metrics;
  if (listener_ != nullptr) recorder.block(listener_->metrics).add(families.listener.active_requests, -1);
  observe::Block block = recorder.block(series);
  block.add(families.route.requests.of(observe::status_class(status_)));
  record_call(block);
  block.observe(families.route.duration, duration);
  block.add(families.route.request_bytes, upload_.bytes());
  block.add(families.route.response_bytes, sent_body_);

  observe::AccessWriter* log = recorder.log();
  if (log == nullptr) return;
  observe::AccessRecord line;
  line.start = started_;
  line.duration = duration;
  if (response_head_at_ != TimePoint{}) line.upstream_duration = response_head_at_ - attempt_started_;
  line.method = request_.method_text;
  line.scheme = facts_.scheme;
  line.authority = request_.authority;
  line.path = original_path_;
  line.query = request_.query;
  line.protocol = protocol_name(request_.version);
  // What the client would have got; it was gone (the same number as nginx uses).
  line.status = status_ == 0 && reason_ == ErrorKind::client_closed ? std::uint16_t{499} : status_;
  line.grpc_status = grpc_status_;
  line.attempts = static_cast<std::uint16_t>(endpoint_ == nullptr ? 0 : attempts_ + 1);
  line.bytes_in = upload_.bytes();
  line.bytes_out = sent_body_;
  line.response_flags = name_of(reason_);
  line.detail = detail_;
  if (listener_ != nullptr) line.listener = listener_->name;
  if (rule_ != nullptr) {
    line.route = rule_->route;
    line.rule = rule_->rule;
  }
  if (cluster_ != nullptr) line.upstream = cluster_->config().name;
  line.endpoint = endpoint_name_;
  line.client = facts_.client_ip;
  line.request_id = request_id_;
  line.traceparent = traceparent_;
  line.user_agent = request_.fields.value(http::FieldId::user_agent);
  line.referer = request_.fields.value(http::FieldId::referer);
  if (connection_.tls() != nullptr) {
    line.tls_version = connection_.tls()->protocol();
    line.sni = connection_.tls()->sni();
  }
  log->record(line);
}

}  // namespace turnpike::proxy
