// TLSRoute, TCPRoute, UDPRoute.
#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
const Struct& schema_of<L4BackendRef>() {
  using F = Fields<L4BackendRef>;
  static const Struct table = [] {
    std::vector<Field> fields = backend_reference_fields<L4BackendRef>();
    fields.push_back(
        F::of<&L4BackendRef::weight>("weight", "Share of connections relative to the other backendRefs.")
            .between(0, 1'000'000));
    return make_struct<L4BackendRef, check_l4_backend_ref>("BackendRef", "A backend and its share.",
                                                           std::move(fields), "name");
  }();
  return table;
}

template <>
const Struct& schema_of<L4RouteRule>() {
  using F = Fields<L4RouteRule>;
  static const Struct table = make_struct<L4RouteRule>(
      "L4RouteRule", "Where connections (of a UDPRoute: the datagrams of a client) go.",
      {
          F::of<&L4RouteRule::name>("name", "Policies refer to it as sectionName.")
              .checked(check_section_name),
          F::of<&L4RouteRule::backend_refs>(
              "backendRefs", "One that cannot be used has its share of the connections refused.")
              .require()
              .at_least(1)
              .kubernetes_at_most(16),
      });
  return table;
}

namespace {

std::vector<Field> l4_route_fields() {
  using F = Fields<L4Route>;
  return {
      F::of<&L4Route::parent_refs>("parentRefs", "The Gateways or ListenerSets that the route attaches to.")
          .kubernetes_at_most(32),
      F::unsupported("useDefaultGateways", "name the Gateway in parentRefs"),
      F::of<&L4Route::rules>("rules", "One rule.").require().between(1, 1),
  };
}

const Struct& tls_route_spec() {
  static const Struct table = [] {
    std::vector<Field> fields = l4_route_fields();
    fields.insert(fields.begin() + 1,
                  Fields<L4Route>::of<&L4Route::hostnames>(
                      "hostnames", "Server names (SNI), may begin with `*.`; never addresses.")
                      .require()
                      .at_least(1)
                      .checked(check_hostname)
                      .kubernetes_at_most(4096));
    return make_struct<L4Route, check_l4_route>("TLSRoute spec", "", std::move(fields));
  }();
  return table;
}

const Struct& tcp_route_spec() {
  static const Struct table = make_struct<L4Route, check_l4_route>("TCPRoute spec", "", l4_route_fields());
  return table;
}

const Struct& udp_route_spec() {
  static const Struct table = make_struct<L4Route, check_l4_route>("UDPRoute spec", "", l4_route_fields());
  return table;
}

}  // namespace

const Struct& tls_route_schema() {
  static const Struct table = make_struct<L4Route>(
      "TLSRoute",
      "Which connections to a TLS listener go where, by the server name that they ask for. The listener's "
      "tls.mode says whether TLS ends here or at the backend.",
      spec_fields<L4Route, tls_route_spec>());
  return table;
}

const Struct& tcp_route_schema() {
  static const Struct table = make_struct<L4Route>("TCPRoute",
                                                   "Where the connections of a TCP listener go. Of several "
                                                   "routes of one listener the oldest one takes them "
                                                   "all.",
                                                   spec_fields<L4Route, tcp_route_spec>());
  return table;
}

const Struct& udp_route_schema() {
  static const Struct table = make_struct<L4Route>(
      "UDPRoute",
      "Where the datagrams of a UDP listener go. Of several routes of one listener the oldest one takes them "
      "all.",
      spec_fields<L4Route, udp_route_spec>());
  return table;
}

}  // namespace turnpike::resource
