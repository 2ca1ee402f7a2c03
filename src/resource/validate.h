// What goes beyond single fields: the rules that Gateway API writes as CEL expressions, and ours. Each is
// called by the decoder after the fields of its struct were read, may complete defaults, and complains
// through the checker.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "resource/gateway_api.h"
#include "resource/kubernetes.h"
#include "resource/turnpike_kinds.h"

namespace turnpike::resource {

class Checker;

// Gateway, ListenerSet (validate_gateway.cc)
void check_gateway(Gateway& gateway, Checker& checker);
void check_listener_set(ListenerSet& set, Checker& checker);
void check_listener(Listener& listener, Checker& checker);
void check_listener_tls(ListenerTls& tls, Checker& checker);
void check_route_namespaces(RouteNamespaces& namespaces, Checker& checker);
void check_allowed_listeners(AllowedListeners& allowed, Checker& checker);
void check_gateway_address(GatewayAddress& address, Checker& checker);
void check_gateway_tls_frontend(GatewayTls& tls, Checker& checker);

// Routes (validate_route.cc)
void check_http_route(HttpRoute& route, Checker& checker);
void check_http_route_rule(HttpRouteRule& rule, Checker& checker);
void check_grpc_route_rule(HttpRouteRule& rule, Checker& checker);
void check_grpc_route_match(HttpRouteMatch& match, Checker& checker);
void check_grpc_method_match(GrpcMethodMatch& match, Checker& checker);
void check_http_path_match(HttpPathMatch& match, Checker& checker);
void check_http_value_match(HttpValueMatch& match, Checker& checker);
void check_http_route_timeouts(HttpRouteTimeouts& timeouts, Checker& checker);
void check_session_persistence(SessionPersistence& persistence, Checker& checker);
void check_backend_object_reference(BackendObjectReference& reference, Checker& checker);
void check_http_backend_ref(HttpBackendRef& reference, Checker& checker);
void check_l4_backend_ref(L4BackendRef& reference, Checker& checker);
void check_l4_route(L4Route& route, Checker& checker);
void check_label_selector_requirement(LabelSelectorRequirement& requirement, Checker& checker);

// Filters (validate_filter.cc)
void check_http_route_filter(HttpRouteFilter& filter, Checker& checker);
void check_http_header_filter(HttpHeaderFilter& filter, Checker& checker);
void check_http_path_modifier(HttpPathModifier& modifier, Checker& checker);
void check_http_request_mirror(HttpRequestMirror& mirror, Checker& checker);
void check_http_request_redirect(HttpRequestRedirect& redirect, Checker& checker);
void check_fraction(Fraction& fraction, Checker& checker);
void check_http_cors(HttpCors& cors, Checker& checker);
// `field` is the list of filters within what the checker stands at; used for rules and for backendRefs.
void check_filter_list(const std::vector<HttpRouteFilter>& filters, Checker& checker);

// Policies and what Kubernetes has (validate_policy.cc)
void check_policy_target_reference(PolicyTargetReference& reference, Checker& checker);
// Targets of a policy: of these kinds only, and none twice. `policy` is the kind's name, for messages.
void check_target_refs(const std::vector<PolicyTargetReference>& targets, std::span<const Kind> allowed,
                       std::string_view policy, Checker& checker);
void check_backend_tls_policy(BackendTlsPolicy& policy, Checker& checker);
void check_backend_tls_validation(BackendTlsPolicy& policy, Checker& checker);
void check_subject_alt_name(SubjectAltName& name, Checker& checker);
void check_service(Service& service, Checker& checker);
void check_endpoint_slice(EndpointSlice& slice, Checker& checker);
void check_secret(Secret& secret, Checker& checker);

// Turnpike's kinds (validate_turnpike.cc)
void check_backend(Backend& backend, Checker& checker);
void check_traffic_policy(TrafficPolicy& policy, Checker& checker);
void check_traffic_timeouts(TrafficTimeouts& timeouts, Checker& checker);
void check_retry_settings(RetrySettings& retry, Checker& checker);
void check_consistent_hash(ConsistentHash& hash, Checker& checker);
void check_load_balancing(LoadBalancing& balancing, Checker& checker);
void check_active_health_check(ActiveHealthCheck& check, Checker& checker);
void check_connection_limits(ConnectionLimits& limits, Checker& checker);
void check_listener_policy(ListenerPolicy& policy, Checker& checker);
void check_listener_tls_settings(ListenerTlsSettings& tls, Checker& checker);
void check_telemetry_policy(TelemetryPolicy& policy, Checker& checker);
void check_access_log(AccessLogSettings& log, Checker& checker);

}  // namespace turnpike::resource
