#include "control/upstream_log.h"

#include <chrono>
#include <cstdint>

namespace turnpike::control {
namespace {

using Kind = upstream::Event::Kind;

std::string_view message_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::endpoint_ejected:
      return "endpoint ejected";
    case Kind::endpoint_returned:
      return "endpoint returns after ejection";
    case Kind::endpoint_unhealthy:
      return "endpoint fails its health check";
    case Kind::endpoint_healthy:
      return "endpoint passes its health check again";
    case Kind::dns_failed:
      return "name cannot be resolved";
    case Kind::dns_withdrawn:
      return "name has no address any more";
    case Kind::dns_resolved:
      return "name resolved";
  }
  return "upstream";
}

bool is_bad(Kind kind) noexcept {
  return kind == Kind::endpoint_ejected || kind == Kind::endpoint_unhealthy || kind == Kind::dns_failed ||
         kind == Kind::dns_withdrawn;
}

}  // namespace

void UpstreamLog::on_event(const upstream::Event& event) {
  const observe::Level level = is_bad(event.kind) ? observe::Level::warning : observe::Level::info;
  const std::string_view message = message_of(event.kind);
  if (!event.name.empty()) {
    // Upstreams share names, and the name itself is in the configuration.
    log_.write(level, "upstream", message, {{"name", event.name}, {"why", event.detail}});
  } else if (event.duration > Duration::zero()) {
    const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(event.duration).count();
    log_.write(
        level, "upstream", message,
        {{"upstream", event.upstream}, {"endpoint", event.endpoint}, {"for_ms", ms}, {"why", event.detail}});
  } else {
    log_.write(level, "upstream", message,
               {{"upstream", event.upstream}, {"endpoint", event.endpoint}, {"why", event.detail}});
  }
}

}  // namespace turnpike::control
