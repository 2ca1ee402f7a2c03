#include "base/error.h"

namespace turnpike {

std::string_view name_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::none:
      return "";
    case ErrorKind::bad_request:
      return "bad_request";
    case ErrorKind::request_line_too_long:
      return "request_line_too_long";
    case ErrorKind::head_too_large:
      return "head_too_large";
    case ErrorKind::body_too_large:
      return "body_too_large";
    case ErrorKind::unknown_transfer_coding:
      return "unknown_transfer_coding";
    case ErrorKind::bad_version:
      return "bad_version";
    case ErrorKind::bad_path:
      return "bad_path";
    case ErrorKind::misdirected:
      return "misdirected";
    case ErrorKind::unsupported_method:
      return "unsupported_method";
    case ErrorKind::expectation_failed:
      return "expectation_failed";
    case ErrorKind::client_closed:
      return "client_closed";
    case ErrorKind::client_head_timeout:
      return "client_head_timeout";
    case ErrorKind::client_body_timeout:
      return "client_body_timeout";
    case ErrorKind::client_write_timeout:
      return "client_write_timeout";
    case ErrorKind::client_idle_timeout:
      return "client_idle_timeout";
    case ErrorKind::proxy_protocol:
      return "proxy_protocol";
    case ErrorKind::client_tls:
      return "client_tls";
    case ErrorKind::http2_error:
      return "http2_error";
    case ErrorKind::http2_flood:
      return "http2_flood";
    case ErrorKind::no_listener_host:
      return "no_listener_host";
    case ErrorKind::no_route:
      return "no_route";
    case ErrorKind::no_backend:
      return "no_backend";
    case ErrorKind::direct_response:
      return "direct_response";
    case ErrorKind::no_endpoint:
      return "no_endpoint";
    case ErrorKind::no_healthy_endpoint:
      return "no_healthy_endpoint";
    case ErrorKind::connect_refused:
      return "connect_refused";
    case ErrorKind::connect_timeout:
      return "connect_timeout";
    case ErrorKind::connect_failed:
      return "connect_failed";
    case ErrorKind::upstream_tls:
      return "upstream_tls";
    case ErrorKind::upstream_reset:
      return "upstream_reset";
    case ErrorKind::upstream_bad_response:
      return "upstream_bad_response";
    case ErrorKind::upstream_timeout:
      return "upstream_timeout";
    case ErrorKind::request_timeout:
      return "request_timeout";
    case ErrorKind::upstream_dns:
      return "upstream_dns";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::upstream_overflow:
      return "upstream_overflow";
    case ErrorKind::draining:
      return "draining";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace turnpike
