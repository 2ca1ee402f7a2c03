// A policy looks at a request or a response and lets it pass, changes it, or answers itself. Instances are
// immutable, belong to a plan and serve all workers at once; what they need per request lies in the
// exchange's arena.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "http/message.h"

namespace turnpike::policy {

// An answer that does not come from an upstream. Texts live in the exchange's arena or longer.
struct DirectResponse {
  std::uint16_t status = 500;
  http::Fields fields;  // Content-Length, Date and Connection are added by the one who sends it
  std::string_view body;
  ErrorKind reason = ErrorKind::direct_response;  // response_flags
  std::string_view detail;                        // for operators: which policy, which rule
};

enum class Verdict : std::uint8_t {
  next,     // on to the next policy
  respond,  // send Exchange::direct and stop
  close,    // close the connection without an answer
};

// What a policy may see and change of an exchange.
struct Exchange {
  Arena& arena;
  http::RequestHead& request;  // path normalised; changes reach the upstream
  TimePoint now;
  Random& random;

  std::string_view scheme{};  // "http" or "https": how the client reached us (trusted proxies considered)
  std::string_view host{};    // of the request, lower-case, without port
  std::uint16_t port = 0;     // of the authority, or the listener's where it names none
  std::uint16_t listener_port = 0;
  std::string_view client_ip{};  // of the client, trusted proxies considered
  // Bytes of request.path (as matched, before any rewrite) that the matched PathPrefix covers; the whole path
  // for the other kinds of match.
  std::size_t matched_prefix = 0;

  // What an upstream is asked for as Host; set by URLRewrite.hostname. Empty: as received.
  std::string_view rewritten_host{};
  // The Origin field as the client sent it, kept by CORS for its response: other policies may change the
  // field.
  std::string_view cors_origin{};

  http::ResponseHead* response = nullptr;  // in on_response
  DirectResponse direct{};
};

class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  // The filter's or kind's name as the user writes it: "RequestHeaderModifier".
  virtual std::string_view name() const noexcept = 0;
  // One line for `turnpike explain`: "set X-Env: prod; remove X-Debug".
  virtual std::string describe() const = 0;

  // Which hooks the plan must call; a policy not in the list of a phase costs nothing there.
  virtual bool wants_request() const noexcept { return false; }
  virtual bool wants_response() const noexcept { return false; }

  virtual Verdict on_request(Exchange&) const { return Verdict::next; }
  // For responses of upstreams, and for direct responses as well (CORS needs it).
  virtual void on_response(Exchange&) const {}
};

}  // namespace turnpike::policy
