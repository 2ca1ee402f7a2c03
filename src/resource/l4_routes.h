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

// What the three have in common.
struct L4Route : Object {
  std::vector<ParentReference> parent_refs;
  std::vector<Marked<std::string>>
      hostnames;                   // TLSRoute: of the SNI, lower case, may begin with "*."; never empty
  std::vector<L4RouteRule> rules;  // one

 protected:
  using Object::Object;
};

template <Kind kind_value>
struct L4RouteOf : L4Route {
  static constexpr Kind kKind = kind_value;
  static constexpr bool has_kind(Kind kind) noexcept { return kind == kind_value; }
  L4RouteOf() noexcept : L4Route(kind_value) {}
};

struct TlsRoute : L4RouteOf<Kind::tls_route> {};
struct TcpRoute : L4RouteOf<Kind::tcp_route> {};
struct UdpRoute : L4RouteOf<Kind::udp_route> {};

}  // namespace turnpike::resource
