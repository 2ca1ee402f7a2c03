// What one match of a route asks of a request, as the user wrote it: the input of Table::compile and of
// explain().
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "route/host.h"

namespace turnpike::route {

// How long things may be: more is an error of compile(). Gateway API's own limits are lower or the same.
inline constexpr std::size_t kMaxPath = 1024;
inline constexpr std::size_t kMaxElements = 256;  // of a path prefix
inline constexpr std::size_t kMaxRegex = 4096;
inline constexpr std::size_t kMaxConditions = 64;  // headers, and as many query parameters, of one match

struct PathMatch {
  enum class Kind : std::uint8_t {
    exact,       // the whole path, byte by byte
    prefix,      // whole elements: "/foo" (or "/foo/") matches "/foo", "/foo/" and "/foo/bar", not "/foobar"
    regex,       // RE2 syntax, must match the whole path
    late_regex,  // the same, but goes after all prefixes except "/": the method of any gRPC service
  };
  Kind kind = Kind::prefix;
  std::string_view value = "/";
  // Of regular expressions the one with the greater weight goes first; 0: as many as the pattern has bytes.
  std::uint32_t weight = 0;

  constexpr bool is_regex() const noexcept { return kind == Kind::regex || kind == Kind::late_regex; }
};

// A condition on a header field or a query parameter.
struct ValueMatch {
  enum class Kind : std::uint8_t { exact, regex };  // regex: RE2 syntax, must match the whole value
  std::string_view name;  // of a field: without case; of a parameter: as it is after percent-decoding
  Kind kind = Kind::exact;
  std::string_view value;
};

// Settles which of two equally specific matches wins (HTTPRouteRule and GRPCRouteRule, Gateway API v1.6): the
// older route, then the first by name, then the first rule, then its first match.
struct Precedence {
  std::int64_t created =
      0;  // creationTimestamp, seconds since 1970; INT64_MAX where there is none: as young as can be
  std::string_view route;   // "namespace/name"
  std::uint32_t rule = 0;   // index in the route
  std::uint32_t match = 0;  // index in the rule
};

// All texts are views: they must live as long as the call they are given to, compile() copies what it keeps.
// Conditions with the name of an earlier one of the same match are ignored, as the specification asks.
struct Match {
  HostPattern host;
  PathMatch path;
  std::optional<http::Method> method;
  // Only gRPC and gRPC-Web calls, and preflights of the latter (http/grpc/call.h); counts as a method.
  bool grpc = false;
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
  Precedence precedence;
  std::uint32_t target = 0;  // the caller's number of the rule, returned by find()
};

}  // namespace turnpike::route
