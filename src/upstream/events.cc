#include "upstream/events.h"

namespace turnpike::upstream {

std::string_view name_of(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::endpoint_ejected:
      return "endpoint ejected";
    case Event::Kind::endpoint_returned:
      return "endpoint back after its ejection";
    case Event::Kind::endpoint_unhealthy:
      return "endpoint unhealthy";
    case Event::Kind::endpoint_healthy:
      return "endpoint healthy again";
    case Event::Kind::dns_failed:
      return "name not resolved";
    case Event::Kind::dns_withdrawn:
      return "name has no address any more";
    case Event::Kind::dns_resolved:
      return "name resolved";
  }
  return "";
}

}  // namespace turnpike::upstream
