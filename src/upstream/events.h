// What the control thread tells operators about upstreams.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace turnpike::upstream {

struct Event {
  enum class Kind : std::uint8_t {
    endpoint_ejected,    // outlier detection took it out; `duration`: for how long
    endpoint_returned,   // ... and its time is over
    endpoint_unhealthy,  // its active health check fails
    endpoint_healthy,    // ... and succeeds again
    dns_failed,          // a name could not be resolved; the last good answer is used, if there is one
    dns_withdrawn,       // the name has no address any more: its endpoints are gone
    dns_resolved,        // resolved for the first time, or again after a failure
  };
  Kind kind;
  std::string_view upstream{};  // ClusterConfig::name; empty for names, which clusters share
  std::string_view endpoint{};  // "10.0.0.1:9001"
  std::string_view name{};      // the DNS name
  std::string_view detail{};    // why
  Duration duration{};
};
std::string_view name_of(Event::Kind kind) noexcept;

// Called on the control thread. The texts live until the call returns.
class Events {
 public:
  virtual void on_event(const Event& event) = 0;

 protected:
  ~Events() = default;
};

}  // namespace turnpike::upstream
