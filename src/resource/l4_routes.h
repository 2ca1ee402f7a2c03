// TLSRoute, TCPRoute and UDPRoute (Gateway API v1.6): which connections and datagrams go where. All three
// have one rule; only a TLSRoute has hostnames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/meta.h"

namespace turnpike::resource {

// A backend and its share.
struct L4BackendRef : BackendObjectReference {
  std::uint32_t weight = 1;  // 0 to 1,000,000
};

struct L4RouteRule {
  std::optional<std::string> name;
  std::vector<L4BackendRef> backend_refs;  // never empty
  Mark mark;
};

// A TLSRoute, TCPRoute or UDPRoute: `kind` says which.
struct L4Route : Object {
  explicit L4Route(Kind its_kind = Kind::tcp_route) noexcept : Object(its_kind) {}
  static constexpr bool has_kind(Kind kind) noexcept {
    return kind == Kind::tls_route || kind == Kind::tcp_route || kind == Kind::udp_route;
  }
  std::vector<ParentReference> parent_refs;
  std::vector<Marked<std::string>>
      hostnames;                   // TLSRoute: of the SNI, lower case, may begin with "*."; never empty
  std::vector<L4RouteRule> rules;  // one
};

}  // namespace turnpike::resource
