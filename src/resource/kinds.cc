#include "resource/kinds.h"

#include "resource/gateway_api.h"
#include "resource/kubernetes.h"
#include "resource/schema_kinds.h"
#include "resource/turnpike_kinds.h"

namespace turnpike::resource {

namespace {

constexpr std::string_view kCore[] = {"v1"};
constexpr std::string_view kStable[] = {"v1", "v1beta1"};
constexpr std::string_view kLate[] = {"v1", "v1beta1", "v1alpha3", "v1alpha2"};
constexpr std::string_view kTls[] = {"v1", "v1alpha3", "v1alpha2"};
constexpr std::string_view kL4[] = {"v1", "v1alpha2"};
constexpr std::string_view kOurs[] = {"v1alpha1"};

template <class T>
std::shared_ptr<Object> make() {
  return std::make_shared<T>();
}
template <class T, Kind kind>
std::shared_ptr<Object> make_route() {
  return std::make_shared<T>(kind);
}

constexpr KindInfo kKinds[] = {
    {Kind::gateway_class, kGatewayGroup, "GatewayClass", kStable, false, gateway_class_schema,
     make<GatewayClass>},
    {Kind::gateway, kGatewayGroup, "Gateway", kStable, true, gateway_schema, make<Gateway>},
    {Kind::listener_set, kGatewayGroup, "ListenerSet", kCore, true, listener_set_schema, make<ListenerSet>},
    {Kind::http_route, kGatewayGroup, "HTTPRoute", kStable, true, http_route_schema,
     make_route<HttpRoute, Kind::http_route>},
    {Kind::grpc_route, kGatewayGroup, "GRPCRoute", kLate, true, grpc_route_schema,
     make_route<HttpRoute, Kind::grpc_route>},
    {Kind::tls_route, kGatewayGroup, "TLSRoute", kTls, true, tls_route_schema,
     make_route<L4Route, Kind::tls_route>},
    {Kind::tcp_route, kGatewayGroup, "TCPRoute", kL4, true, tcp_route_schema,
     make_route<L4Route, Kind::tcp_route>},
    {Kind::udp_route, kGatewayGroup, "UDPRoute", kL4, true, udp_route_schema,
     make_route<L4Route, Kind::udp_route>},
    {Kind::reference_grant, kGatewayGroup, "ReferenceGrant", kLate, true, reference_grant_schema,
     make<ReferenceGrant>},
    {Kind::backend_tls_policy, kGatewayGroup, "BackendTLSPolicy", kLate, true, backend_tls_policy_schema,
     make<BackendTlsPolicy>},
    {Kind::service, kCoreGroup, "Service", kCore, true, service_schema, make<Service>},
    {Kind::endpoint_slice, kDiscoveryGroup, "EndpointSlice", kStable, true, endpoint_slice_schema,
     make<EndpointSlice>},
    {Kind::secret, kCoreGroup, "Secret", kCore, true, secret_schema, make<Secret>},
    {Kind::config_map, kCoreGroup, "ConfigMap", kCore, true, config_map_schema, make<ConfigMap>},
    {Kind::namespace_, kCoreGroup, "Namespace", kCore, false, namespace_schema, make<Namespace>},
    {Kind::backend, kTurnpikeGroup, "Backend", kOurs, true, backend_schema, make<Backend>},
    {Kind::traffic_policy, kTurnpikeGroup, "TrafficPolicy", kOurs, true, traffic_policy_schema,
     make<TrafficPolicy>},
    {Kind::listener_policy, kTurnpikeGroup, "ListenerPolicy", kOurs, true, listener_policy_schema,
     make<ListenerPolicy>},
    {Kind::telemetry_policy, kTurnpikeGroup, "TelemetryPolicy", kOurs, true, telemetry_policy_schema,
     make<TelemetryPolicy>},
};
static_assert(std::size(kKinds) == kKindCount);
static_assert([] {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  }
  return true;
}());

}  // namespace

std::span<const KindInfo> all_kinds() { return kKinds; }

std::string_view name_of(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)].name; }

std::string_view group_of(Kind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)].group; }

std::optional<Kind> find_kind(std::string_view group, std::string_view name) noexcept {
  for (const KindInfo& info : kKinds) {
    if (info.group == group && info.name == name) return info.kind;
  }
  return std::nullopt;
}

}  // namespace turnpike::resource
