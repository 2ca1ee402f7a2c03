#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
struct Choices<HttpPathModifier::Type> {
  using E = HttpPathModifier::Type;
  static constexpr Choice kAll[] = {{"ReplaceFullPath", int(E::replace_full_path)},
                                    {"ReplacePrefixMatch", int(E::replace_prefix_match)}};
};

template <>
const Struct& schema_of<HttpHeader>() {
  using F = Fields<HttpHeader>;
  static const Struct table = make_struct<HttpHeader>(
      "HTTPHeader", "A header.",
      {
          F::of<&HttpHeader::name>("name", "Name of the header.").require().checked(check_header_name),
          F::of<&HttpHeader::value>("value", "Its value.").require().at_least(1).checked(check_header_value),
      });
  return table;
}

template <>
const Struct& schema_of<HttpHeaderFilter>() {
  using F = Fields<HttpHeaderFilter>;
  static const Struct table = make_struct<HttpHeaderFilter, check_http_header_filter>(
      "HTTPHeaderFilter", "Changes headers; each name may occur once.",
      {
          F::of<&HttpHeaderFilter::set>("set", "Sets the header, in place of any it had.")
              .kubernetes_at_most(16),
          F::of<&HttpHeaderFilter::add>("add", "Adds to what the header has.").kubernetes_at_most(16),
          F::of<&HttpHeaderFilter::remove>("remove", "Removes headers by name.")
              .checked(check_header_name)
              .kubernetes_at_most(16),
      });
  return table;
}

template <>
const Struct& schema_of<HttpPathModifier>() {
  using F = Fields<HttpPathModifier>;
  static const Struct table = make_struct<HttpPathModifier, check_http_path_modifier>(
      "HTTPPathModifier", "Changes the path.",
      {
          F::of<&HttpPathModifier::type>("type", "What is replaced.").require(),
          F::of<&HttpPathModifier::value>("replaceFullPath", "The new path, for `ReplaceFullPath`.")
              .at_most(1024),
          F::of<&HttpPathModifier::value>(
              "replacePrefixMatch", "What stands instead of the matched prefix, for `ReplacePrefixMatch`.")
              .at_most(1024),
      });
  return table;
}

namespace {

std::string_view check_scheme(std::string_view text) {
  return text == "http" || text == "https" ? std::string_view{} : "must be 'http' or 'https'";
}

}  // namespace

template <>
const Struct& schema_of<HttpRequestRedirect>() {
  using F = Fields<HttpRequestRedirect>;
  static const Struct table = make_struct<HttpRequestRedirect, check_http_request_redirect>(
      "HTTPRequestRedirectFilter", "Answers with a redirect.",
      {
          F::of<&HttpRequestRedirect::scheme>("scheme", "`http` or `https`; that of the request if absent.")
              .checked(check_scheme),
          F::of<&HttpRequestRedirect::hostname>("hostname",
                                                "Host of the Location; that of the request if absent.")
              .checked(check_precise_hostname),
          F::of<&HttpRequestRedirect::path>("path", "Changes the path of the Location."),
          F::of<&HttpRequestRedirect::port>(
              "port", "Port of the Location; by default that of the scheme, or of the listener.")
              .between(1, 65535),
          F::of<&HttpRequestRedirect::status_code>("statusCode", "301, 302, 303, 307 or 308."),
      });
  return table;
}

template <>
const Struct& schema_of<HttpUrlRewrite>() {
  using F = Fields<HttpUrlRewrite>;
  static const Struct table = make_struct<HttpUrlRewrite>(
      "HTTPURLRewriteFilter", "Changes the request on its way to the backend.",
      {
          F::of<&HttpUrlRewrite::hostname>("hostname", "Host that the backend sees.")
              .checked(check_precise_hostname),
          F::of<&HttpUrlRewrite::path>("path", "Changes the path that the backend sees."),
      });
  return table;
}

template <>
const Struct& schema_of<Fraction>() {
  using F = Fields<Fraction>;
  static const Struct table = make_struct<Fraction, check_fraction>(
      "Fraction", "numerator / denominator.",
      {
          F::of<&Fraction::numerator>("numerator", "At most the denominator.").require().at_least(0),
          F::of<&Fraction::denominator>("denominator", "The whole.").at_least(1),
      });
  return table;
}

namespace {

// `percent` is a fraction of 100.
const Type& percent_type() {
  static const Type type = [] {
    Type made = type_of<std::int32_t>();
    made.format = nullptr;
    made.set_integer = [](void* value, std::int64_t number) {
      static_cast<Fraction*>(value)->numerator = static_cast<std::int32_t>(number);
      static_cast<Fraction*>(value)->denominator = 100;
      return true;
    };
    return made;
  }();
  return type;
}

}  // namespace

template <>
const Struct& schema_of<HttpRequestMirror>() {
  using F = Fields<HttpRequestMirror>;
  static const Struct table = make_struct<HttpRequestMirror, check_http_request_mirror>(
      "HTTPRequestMirrorFilter", "Sends a copy elsewhere; its answer is thrown away.",
      {
          F::of<&HttpRequestMirror::backend_ref>("backendRef", "Where copies go.").require(),
          F::of<&HttpRequestMirror::share>("percent", "Share of requests to copy, in percent.")
              .as(percent_type())
              .between(0, 100)
              .defaults_to("100"),
          F::of<&HttpRequestMirror::share>("fraction", "Share of requests to copy; instead of percent."),
      });
  return table;
}

template <>
const Struct& schema_of<HttpCors>() {
  using F = Fields<HttpCors>;
  static const Struct table = make_struct<HttpCors, check_http_cors>(
      "HTTPCORSFilter", "Answers preflight requests and tells browsers what they may do.",
      {
          F::of<&HttpCors::allow_origins>("allowOrigins", "`*`, or origins such as `https://*.example.com`.")
              .checked(check_cors_origin)
              .kubernetes_at_most(64),
          F::of<&HttpCors::allow_credentials>("allowCredentials",
                                              "Whether cookies and credentials may be sent."),
          F::of<&HttpCors::allow_methods>("allowMethods", "Methods beyond GET, HEAD and POST, or `*`.")
              .kubernetes_at_most(9),
          F::of<&HttpCors::allow_headers>("allowHeaders", "Request headers, or `*`.")
              .checked(check_header_name)
              .kubernetes_at_most(64),
          F::of<&HttpCors::expose_headers>("exposeHeaders", "Response headers that scripts may read, or `*`.")
              .checked(check_header_name)
              .kubernetes_at_most(64),
          F::of<&HttpCors::max_age>("maxAge", "Seconds for which a preflight's answer may be kept.")
              .at_least(1),
      });
  return table;
}

template <>
const Struct& schema_of<HttpRouteFilter>() {
  using F = Fields<HttpRouteFilter>;
  static const Struct table = make_struct<HttpRouteFilter, check_http_route_filter>(
      "HTTPRouteFilter", "`type` names the one member that must be given.",
      {
          F::of<&HttpRouteFilter::type>("type", "Which filter.").require(),
          F::of<&HttpRouteFilter::request_header_modifier>("requestHeaderModifier",
                                                           "Changes request headers."),
          F::of<&HttpRouteFilter::response_header_modifier>("responseHeaderModifier",
                                                            "Changes response headers."),
          F::of<&HttpRouteFilter::request_mirror>("requestMirror",
                                                  "Sends copies elsewhere; may occur several times."),
          F::of<&HttpRouteFilter::request_redirect>("requestRedirect", "Answers with a redirect."),
          F::of<&HttpRouteFilter::url_rewrite>("urlRewrite", "Changes host or path."),
          F::of<&HttpRouteFilter::cors>("cors", "Cross-origin resource sharing."),
          F::of<&HttpRouteFilter::extension_ref>("extensionRef",
                                                 "A policy of Turnpike in the same namespace."),
          F::unsupported("externalAuth", "authentication by an external service is not there yet"),
      });
  return table;
}

}  // namespace turnpike::resource
