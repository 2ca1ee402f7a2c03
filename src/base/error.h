// Errors as values (principle 1): what went wrong, whose fault it is, and whether the request may be tried
// again.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace turnpike {

// What went wrong. The name of each kind (name_of) is what operators read in the access log's
// `response_flags` and in the label `reason` of metrics: a new kind needs a line in error.cc and in
// docs/operations.md.
enum class ErrorKind : std::uint8_t {
  none,
  // The client's message.
  bad_request,              // malformed by RFC 9112: 400
  request_line_too_long,    // 414
  head_too_large,           // 431
  body_too_large,           // 413
  unknown_transfer_coding,  // 501
  bad_version,              // 505
  bad_path,                 // refused by path normalisation: 400
  misdirected,              // authority is not served on this TLS connection: 421
  unsupported_method,       // 501 (CONNECT to a gateway that is no forward proxy) or 405
  expectation_failed,       // 417
  // The client's behaviour.
  client_closed,         // the client went away before the response: logged as 499, nothing is sent
  client_head_timeout,   // 408
  client_body_timeout,   // 408
  client_write_timeout,  // the client does not read: connection closed
  client_idle_timeout,   // the connection is closed, nothing is sent
  client_tls,            // handshake failed
  proxy_protocol,        // the PROXY header is missing, malformed or from someone who may send none: closed
  http2_error,           // the connection broke the rules of HTTP/2 (RFC 9113): GOAWAY, closed
  http2_flood,           // it spent a budget against floods of frames: GOAWAY(ENHANCE_YOUR_CALM), closed
  // The route.
  no_listener_host,  // no listener has this host: 404
  no_route,          // 404
  no_backend,        // the rule's backendRefs are invalid, or none has weight: 500
  direct_response,   // a redirect, a CORS preflight, an answer of a policy: not an error
  // The upstream.
  no_endpoint,          // the backend has no endpoint at all: 503
  no_healthy_endpoint,  // 503
  connect_refused,      // 503
  connect_timeout,      // 504
  connect_failed,       // unreachable, reset while connecting: 503
  upstream_tls,         // handshake or certificate of the upstream: 503
  upstream_reset,       // reset or closed before the end of the response: 502 (or a cut connection once sent)
  upstream_bad_response,  // malformed response: 502
  upstream_timeout,       // timeouts.backendRequest: 504
  request_timeout,        // timeouts.request: 504
  upstream_dns,           // the backend's name has no address: 503
  // Us.
  overloaded,         // connection limit, memory bound, pending limit: 503
  upstream_overflow,  // the bound of connections to an endpoint and of those that wait for one: 503
  draining,           // shutting down
  cancelled,
  internal,  // a bug: 500
};

enum class ErrorSource : std::uint8_t { client, upstream, us };

// Whether the request may be sent once more (principle 8).
enum class Retry : std::uint8_t {
  never,      // it may have happened: only a method or a user that says so allows another attempt
  if_reused,  // safe when the connection had been idle in the pool: the peer closed it before it read the
              // request
  safe,       // the request never left
};

struct Error {
  ErrorKind kind = ErrorKind::none;
  ErrorSource source = ErrorSource::us;
  Retry retry = Retry::never;
  // For operators, never sent to clients. Points to a string literal.
  std::string_view detail{};
};

template <class T>
using Result = std::expected<T, Error>;

// The snake_case name of a kind, e.g. "connect_refused"; "" for none.
std::string_view name_of(ErrorKind kind) noexcept;

inline Error client_error(ErrorKind kind, std::string_view detail = {}) noexcept {
  return {kind, ErrorSource::client, Retry::never, detail};
}
inline Error upstream_error(ErrorKind kind, Retry retry, std::string_view detail = {}) noexcept {
  return {kind, ErrorSource::upstream, retry, detail};
}
inline Error our_error(ErrorKind kind, std::string_view detail = {}) noexcept {
  return {kind, ErrorSource::us, Retry::never, detail};
}

}  // namespace turnpike
