// GRPCRoute: the structs of HTTPRoute, read by other tables.
#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
const Struct& schema_of<GrpcMethodMatch>() {
  using F = Fields<GrpcMethodMatch>;
  static const Struct table = make_struct<GrpcMethodMatch, check_grpc_method_match>(
      "GRPCMethodMatch", "A condition on what is called: service, method or both.",
      {
          F::of<&GrpcMethodMatch::type>(
              "type", "Equal, or regular expressions (RE2) that the whole name must match."),
          F::of<&GrpcMethodMatch::service>("service", "Full name of the service, such as `shop.v1.Cart`.")
              .at_most(1024),
          F::of<&GrpcMethodMatch::method>("method", "Name of the method, such as `AddItem`.").at_most(1024),
      });
  return table;
}

namespace {

// A list whose elements are read by `table`.
template <class List, const Struct& (*table)()>
const Type& list_read_by() {
  static const Type element = [] {
    Type made = type_of<typename List::value_type>();
    made.object = table;
    return made;
  }();
  static const Type type = [] {
    Type made = type_of<List>();
    made.element = [] { return &element; };
    return made;
  }();
  return type;
}

const Struct& grpc_match() {
  using F = Fields<HttpRouteMatch>;
  static const Struct table = make_struct<HttpRouteMatch, check_grpc_route_match>(
      "GRPCRouteMatch", "All conditions of one match must hold.",
      {
          F::of<&HttpRouteMatch::grpc_method>("method", "On the service and its method."),
          F::of<&HttpRouteMatch::headers>("headers", "On headers (metadata); all must hold.")
              .as(header_matches_type())
              .kubernetes_at_most(16),
      });
  return table;
}

const Type& filter_type() {
  static constexpr Choice kGrpc[] = {
      {"RequestHeaderModifier", int(HttpFilterType::request_header_modifier)},
      {"ResponseHeaderModifier", int(HttpFilterType::response_header_modifier)},
      {"RequestMirror", int(HttpFilterType::request_mirror)},
      {"ExtensionRef", int(HttpFilterType::extension_ref)}};
  static const Type type = [] {
    Type made = type_of<HttpFilterType>();
    made.choices = kGrpc;
    return made;
  }();
  return type;
}

const Struct& grpc_filter() {
  using F = Fields<HttpRouteFilter>;
  static const Struct table = make_struct<HttpRouteFilter, check_http_route_filter>(
      "GRPCRouteFilter", "`type` names the one member that must be given.",
      {
          F::of<&HttpRouteFilter::type>("type", "Which filter.").require().as(filter_type()),
          F::of<&HttpRouteFilter::request_header_modifier>("requestHeaderModifier",
                                                           "Changes request headers."),
          F::of<&HttpRouteFilter::response_header_modifier>("responseHeaderModifier",
                                                            "Changes response headers."),
          F::of<&HttpRouteFilter::request_mirror>("requestMirror",
                                                  "Sends copies elsewhere; may occur several times."),
          F::of<&HttpRouteFilter::extension_ref>("extensionRef",
                                                 "A policy of Turnpike in the same namespace."),
      });
  return table;
}

const Struct& grpc_backend_ref() {
  using F = Fields<HttpBackendRef>;
  static const Struct table = [] {
    std::vector<Field> fields = backend_reference_fields<HttpBackendRef>();
    fields.push_back(
        F::of<&HttpBackendRef::weight>("weight", "Share of requests relative to the other backendRefs.")
            .between(0, 1'000'000));
    fields.push_back(F::of<&HttpBackendRef::filters>("filters", "Only for requests that go to this backend.")
                         .as(list_read_by<std::vector<HttpRouteFilter>, grpc_filter>())
                         .kubernetes_at_most(16));
    return make_struct<HttpBackendRef, check_http_backend_ref>(
        "GRPCBackendRef", "A backend, spoken to with HTTP/2, and its share.", std::move(fields), "name");
  }();
  return table;
}

const Struct& grpc_rule() {
  using F = Fields<HttpRouteRule>;
  static const Struct table = make_struct<HttpRouteRule, check_grpc_route_rule>(
      "GRPCRouteRule", "Calls that match go through the filters to a backend.",
      {
          F::of<&HttpRouteRule::name>("name", "Unique within the route; policies refer to it as sectionName.")
              .checked(check_section_name),
          F::of<&HttpRouteRule::matches>("matches", "The rule applies if any of them matches.")
              .as(list_read_by<std::vector<HttpRouteMatch>, grpc_match>())
              .defaults_to("one that every call matches")
              .kubernetes_at_most(64),
          F::of<&HttpRouteRule::filters>("filters", "What is done to calls and their responses.")
              .as(list_read_by<std::vector<HttpRouteFilter>, grpc_filter>())
              .kubernetes_at_most(16),
          F::of<&HttpRouteRule::backend_refs>("backendRefs", "Where calls go.")
              .as(list_read_by<std::vector<HttpBackendRef>, grpc_backend_ref>())
              .kubernetes_at_most(16),
          F::of<&HttpRouteRule::session_persistence>("sessionPersistence",
                                                     "Keeps a client at the same endpoint."),
          F::unsupported("timeouts", "a GRPCRoute has none: write a TrafficPolicy"),
          F::unsupported("retry", "a GRPCRoute has none: write a TrafficPolicy"),
      });
  return table;
}

const Struct& grpc_route_spec() {
  static const Struct table = [] {
    std::vector<Field> fields = route_fields<HttpRoute>();
    fields.push_back(
        Fields<HttpRoute>::of<&HttpRoute::rules>("rules", "The most specific match of all rules wins.")
            .as(list_read_by<std::vector<HttpRouteRule>, grpc_rule>())
            .defaults_to("one rule that matches every call")
            .kubernetes_at_most(16));
    return make_struct<HttpRoute, check_http_route>("GRPCRoute spec", "", std::move(fields));
  }();
  return table;
}

}  // namespace

const Struct& grpc_route_schema() {
  static const Struct table =
      make_struct<HttpRoute>("GRPCRoute", "Which gRPC calls go where, and what is done to them.",
                             spec_fields<HttpRoute, grpc_route_spec>());
  return table;
}

}  // namespace turnpike::resource
