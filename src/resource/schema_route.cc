#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
struct Choices<PathMatchType> {
  using E = PathMatchType;
  static constexpr Choice kAll[] = {{"Exact", int(E::exact)},
                                    {"PathPrefix", int(E::path_prefix)},
                                    {"RegularExpression", int(E::regular_expression)}};
};
template <>
struct Choices<SessionPersistence::Type> {
  using E = SessionPersistence::Type;
  static constexpr Choice kAll[] = {{"Cookie", int(E::cookie)}, {"Header", int(E::header)}};
};
template <>
struct Choices<SessionPersistence::Lifetime> {
  using E = SessionPersistence::Lifetime;
  static constexpr Choice kAll[] = {{"Session", int(E::session)}, {"Permanent", int(E::permanent)}};
};

template <>
const Struct& schema_of<HttpRouteFilter>();  // schema_filter.cc

template <>
const Struct& schema_of<HttpPathMatch>() {
  using F = Fields<HttpPathMatch>;
  static const Struct table = make_struct<HttpPathMatch, check_http_path_match>(
      "HTTPPathMatch", "A condition on the path.",
      {
          F::of<&HttpPathMatch::type>(
              "type",
              "The whole path, its first segments, or a regular expression (RE2) that the "
              "whole path must match."),
          F::of<&HttpPathMatch::value>("value", "What to compare the normalised path with.").at_most(1024),
      });
  return table;
}

namespace {

Struct make_value_match(std::string_view name, std::string_view doc, std::string_view name_doc,
                        SyntaxCheck syntax) {
  using F = Fields<HttpValueMatch>;
  return make_struct<HttpValueMatch, check_http_value_match>(
      name, doc,
      {
          F::of<&HttpValueMatch::type>(
              "type", "Equal, or a regular expression (RE2) that the whole value must match."),
          F::of<&HttpValueMatch::name>("name", name_doc).require().between(1, 256).checked(syntax),
          F::of<&HttpValueMatch::value>("value", "What to compare with.").require().between(1, 4096),
      });
}

const Struct& header_match() {
  static const Struct table = make_value_match("HTTPHeaderMatch", "A condition on a header.",
                                               "Name of the header, case ignored.", check_header_name);
  return table;
}

}  // namespace

const Type& header_matches_type() {
  static const Type element = [] {
    Type made = type_of<HttpValueMatch>();
    made.object = &header_match;
    return made;
  }();
  static const Type type = [] {
    Type made = type_of<std::vector<HttpValueMatch>>();
    made.element = [] { return &element; };
    return made;
  }();
  return type;
}

template <>
const Struct& schema_of<HttpValueMatch>() {
  static const Struct table = make_value_match("HTTPQueryParamMatch", "A condition on a query parameter.",
                                               "Name of the parameter, exactly.", nullptr);
  return table;
}

namespace {

std::string_view check_method(std::string_view text) {
  for (const std::string_view known :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    if (text == known) return {};
  }
  return "must be GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE or PATCH";
}

}  // namespace

template <>
const Struct& schema_of<HttpRouteMatch>() {
  using F = Fields<HttpRouteMatch>;
  static const Struct table = make_struct<HttpRouteMatch>(
      "HTTPRouteMatch", "All conditions of one match must hold.",
      {
          F::of<&HttpRouteMatch::path>("path", "On the path.").defaults_to("{type: PathPrefix, value: /}"),
          F::of<&HttpRouteMatch::headers>("headers", "On headers; all must hold.")
              .as(header_matches_type())
              .kubernetes_at_most(16),
          F::of<&HttpRouteMatch::query_params>("queryParams", "On query parameters; all must hold.")
              .kubernetes_at_most(16),
          F::of<&HttpRouteMatch::method>("method", "The method, in upper case.").checked(check_method),
      });
  return table;
}

template <>
const Struct& schema_of<HttpRouteTimeouts>() {
  using F = Fields<HttpRouteTimeouts>;
  static const Struct table = make_struct<HttpRouteTimeouts, check_http_route_timeouts>(
      "HTTPRouteTimeouts", "Zero turns a timeout off.",
      {
          F::of<&HttpRouteTimeouts::request>(
              "request",
              "From the first byte of the request to the last of the response, "
              "retries included."),
          F::of<&HttpRouteTimeouts::backend_request>("backendRequest", "One try at one backend."),
      });
  return table;
}

template <>
const Struct& schema_of<HttpRouteRetry>() {
  using F = Fields<HttpRouteRetry>;
  static const Struct table = make_struct<HttpRouteRetry>(
      "HTTPRouteRetry", "When to try again (GEP-1731).",
      {
          F::of<&HttpRouteRetry::codes>("codes", "Status codes to retry, besides failed connections.")
              .each_between(400, 599),
          F::of<&HttpRouteRetry::attempts>("attempts", "Tries beyond the first.").between(0, 100),
          F::of<&HttpRouteRetry::backoff>("backoff", "Least time between two tries."),
      });
  return table;
}

namespace {

const Struct& cookie_config() {
  static const Struct table = make_struct<SessionPersistence>(
      "CookieConfig", "",
      {Fields<SessionPersistence>::of<&SessionPersistence::cookie_lifetime>(
          "lifetimeType", "`Permanent` outlives the browser and needs absoluteTimeout.")});
  return table;
}

}  // namespace

template <>
const Struct& schema_of<SessionPersistence>() {
  using F = Fields<SessionPersistence>;
  static const Struct table = make_struct<SessionPersistence, check_session_persistence>(
      "SessionPersistence", "Keeps a client at the same endpoint (GEP-1619).",
      {
          F::of<&SessionPersistence::session_name>("sessionName", "Name of the cookie or header.")
              .between(1, 128)
              .checked(check_cookie_name),
          F::of<&SessionPersistence::type>("type", "What carries the session."),
          F::of<&SessionPersistence::absolute_timeout>("absoluteTimeout",
                                                       "The session ends this long after it began."),
          F::of<&SessionPersistence::idle_timeout>("idleTimeout",
                                                   "The session ends this long after its last request."),
          F::part<cookie_config>("cookieConfig", "For `type: Cookie`."),
      });
  return table;
}

template <>
const Struct& schema_of<HttpBackendRef>() {
  using F = Fields<HttpBackendRef>;
  static const Struct table = [] {
    std::vector<Field> fields = backend_reference_fields<HttpBackendRef>();
    fields.push_back(
        F::of<&HttpBackendRef::weight>("weight", "Share of requests relative to the other backendRefs.")
            .between(0, 1'000'000));
    fields.push_back(F::of<&HttpBackendRef::filters>("filters", "Only for requests that go to this backend.")
                         .kubernetes_at_most(16));
    return make_struct<HttpBackendRef, check_http_backend_ref>("HTTPBackendRef", "A backend and its share.",
                                                               std::move(fields), "name");
  }();
  return table;
}

template <>
const Struct& schema_of<HttpRouteRule>() {
  using F = Fields<HttpRouteRule>;
  static const Struct table = make_struct<HttpRouteRule, check_http_route_rule>(
      "HTTPRouteRule", "Requests that match go through the filters to a backend.",
      {
          F::of<&HttpRouteRule::name>("name", "Unique within the route; policies refer to it as sectionName.")
              .checked(check_section_name),
          F::of<&HttpRouteRule::matches>("matches", "The rule applies if any of them matches.")
              .defaults_to("[{path: {type: PathPrefix, value: /}}]")
              .kubernetes_at_most(64),
          F::of<&HttpRouteRule::filters>("filters", "What is done to requests and responses.")
              .kubernetes_at_most(16),
          F::of<&HttpRouteRule::backend_refs>("backendRefs", "Where requests go.").kubernetes_at_most(16),
          F::of<&HttpRouteRule::timeouts>("timeouts", "How long requests may take."),
          F::of<&HttpRouteRule::retry>("retry", "When to try again."),
          F::of<&HttpRouteRule::session_persistence>("sessionPersistence",
                                                     "Keeps a client at the same endpoint."),
      });
  return table;
}

namespace {

const Struct& http_route_spec() {
  static const Struct table = [] {
    std::vector<Field> fields = route_fields<HttpRoute>();
    fields.push_back(
        Fields<HttpRoute>::of<&HttpRoute::rules>("rules", "The most specific match of all rules wins.")
            .defaults_to("one rule that matches every request")
            .at_most(10'000)
            .kubernetes_at_most(16));
    return make_struct<HttpRoute, check_http_route>("HTTPRoute spec", "", std::move(fields));
  }();
  return table;
}

}  // namespace

const Struct& http_route_schema() {
  static const Struct table =
      make_struct<HttpRoute>("HTTPRoute", "Which requests go where, and what is done to them.",
                             spec_fields<HttpRoute, http_route_spec>());
  return table;
}

}  // namespace turnpike::resource
