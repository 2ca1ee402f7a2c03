#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
struct Choices<ForwardedHeaders> {
  using E = ForwardedHeaders;
  static constexpr Choice kAll[] = {{"XForwarded", int(E::x_forwarded)},
                                    {"Forwarded", int(E::forwarded)},
                                    {"Both", int(E::both)},
                                    {"None", int(E::none)}};
};
template <>
struct Choices<EncodedSlash> {
  using E = EncodedSlash;
  static constexpr Choice kAll[] = {
      {"Refuse", int(E::refuse)}, {"Keep", int(E::keep)}, {"Decode", int(E::decode)}};
};
template <>
struct Choices<Backslash> {
  using E = Backslash;
  static constexpr Choice kAll[] = {
      {"Refuse", int(E::refuse)}, {"Keep", int(E::keep)}, {"AsSlash", int(E::as_slash)}};
};
template <>
struct Choices<TlsVersion> {
  static constexpr Choice kAll[] = {{"1.2", int(TlsVersion::tls12)}, {"1.3", int(TlsVersion::tls13)}};
};
template <>
struct Choices<UnderscoreHeaders> {
  using E = UnderscoreHeaders;
  static constexpr Choice kAll[] = {
      {"Keep", int(E::keep)}, {"Refuse", int(E::refuse)}, {"Remove", int(E::remove)}};
};
template <>
struct Choices<AcceptProxyProtocol::Mode> {
  using E = AcceptProxyProtocol::Mode;
  static constexpr Choice kAll[] = {{"Required", int(E::required)}, {"Optional", int(E::optional)}};
};
template <>
struct Form<Cidr> {
  static constexpr std::string_view kName = "network";
  static constexpr std::string_view kExample =
      "such as 10.0.0.0/8, fd00::/8 or 192.0.2.1, without bits beyond the prefix";
  static bool parse(Cidr& value, std::string_view text) {
    const auto parsed = parse_cidr(text);
    if (parsed) value = *parsed;
    return parsed.has_value();
  }
  static std::string format(const Cidr&) { return {}; }
};

template <>
const Struct& schema_of<PathSettings>() {
  using F = Fields<PathSettings>;
  static const Struct table = make_struct<PathSettings>(
      "PathSettings",
      "How paths are normalised before anything looks at them. Dot segments are always merged.",
      {
          F::of<&PathSettings::decode_unreserved>("decodeUnreserved",
                                                  "`%41` becomes `A` (RFC 3986 §6.2.2.2)."),
          F::of<&PathSettings::merge_slashes>("mergeSlashes", "`//` becomes `/`."),
          F::of<&PathSettings::encoded_slash>("encodedSlash", "What to do with `%2F`."),
          F::of<&PathSettings::backslash>("backslash", "What to do with `\\` and `%5C`."),
      });
  return table;
}

template <>
const Struct& schema_of<ListenerLimits>() {
  using F = Fields<ListenerLimits>;
  static const Struct table = make_struct<ListenerLimits>(
      "ListenerLimits", "What a client may send.",
      {
          F::of<&ListenerLimits::request_line>("requestLine", "Longest request line; else 414."),
          F::of<&ListenerLimits::head>("head", "Largest request line and headers together; else 431."),
          F::of<&ListenerLimits::field_count>("fieldCount", "Most headers; else 431.").between(1, 10'000),
          F::of<&ListenerLimits::body>("body", "Largest body; else 413; 0: no limit."),
          F::of<&ListenerLimits::requests_per_connection>("requestsPerConnection",
                                                          "Then it is closed; 0: no limit."),
          F::of<&ListenerLimits::connections>("connections",
                                              "Open at once; 0: only the process's own limit."),
          F::of<&ListenerLimits::concurrent_streams>(
              "concurrentStreams", "Requests under way at once on one HTTP/2 connection; more are refused.")
              .between(1, 10'000),
      });
  return table;
}

template <>
const Struct& schema_of<ListenerTimeouts>() {
  using F = Fields<ListenerTimeouts>;
  static const Struct table = make_struct<ListenerTimeouts>(
      "ListenerTimeouts", "How long a client may take; 0s turns one off.",
      {
          F::of<&ListenerTimeouts::tls_handshake>("tlsHandshake", "For the TLS handshake."),
          F::of<&ListenerTimeouts::head>("head",
                                         "From the first byte of a request to the end of its headers."),
          F::of<&ListenerTimeouts::body>(
              "body",
              "Without a byte of the body. Until the response begins, all waiting for it together may take "
              "no longer than this and a second for every 240 bytes."),
          F::of<&ListenerTimeouts::keep_alive>("keepAlive", "Between two requests."),
          F::of<&ListenerTimeouts::write>("write", "Without the client taking a byte of the response."),
      });
  return table;
}

template <>
const Struct& schema_of<ListenerTlsSettings>() {
  using F = Fields<ListenerTlsSettings>;
  static const Struct table = make_struct<ListenerTlsSettings, check_listener_tls_settings>(
      "ListenerTlsSettings", "TLS towards clients.",
      {
          F::of<&ListenerTlsSettings::min_version>("minVersion", "Oldest version."),
          F::of<&ListenerTlsSettings::max_version>("maxVersion", "Newest version."),
          F::of<&ListenerTlsSettings::alpn>("alpn", "Protocols offered, the best first.").between(1, 8),
      });
  return table;
}

template <>
const Struct& schema_of<RequestIdSettings>() {
  using F = Fields<RequestIdSettings>;
  static const Struct table = make_struct<RequestIdSettings>(
      "RequestIdSettings", "An identifier for each request.",
      {
          F::of<&RequestIdSettings::header>("header", "Where it is carried.").checked(check_header_name),
          F::of<&RequestIdSettings::trust>("trust",
                                           "Keep what any client sends; else only what trustedProxies send."),
      });
  return table;
}

template <>
const Struct& schema_of<AcceptProxyProtocol>() {
  using F = Fields<AcceptProxyProtocol>;
  static const Struct table = make_struct<AcceptProxyProtocol>(
      "AcceptProxyProtocol",
      "The PROXY protocol (versions 1 and 2) of load balancers in front: the address it tells is the "
      "client's, for "
      "logs, X-Forwarded-For and hashing. Not for UDP.",
      {
          F::of<&AcceptProxyProtocol::mode>("mode",
                                            "`Required`: a connection without a header, or from elsewhere, "
                                            "is refused. `Optional`: it is served "
                                            "as it is; clients must then speak first."),
          F::of<&AcceptProxyProtocol::trusted_sources>(
              "trustedSources",
              "Networks that may send a header; one from elsewhere is refused in either mode.")
              .require()
              .between(1, 256),
      });
  return table;
}

namespace {

const Struct& listener_policy_spec() {
  using F = Fields<ListenerPolicy>;
  static const Struct table = make_struct<ListenerPolicy, check_listener_policy>(
      "ListenerPolicy spec", "",
      {
          F::of<&ListenerPolicy::target_refs>("targetRefs", "Gateway, listener or ListenerSet.")
              .require()
              .between(1, 64),
          F::of<&ListenerPolicy::trusted_proxies>(
              "trustedProxies", "Networks whose X-Forwarded-* and Forwarded headers are believed."),
          F::of<&ListenerPolicy::forwarded_headers>("forwardedHeaders",
                                                    "What backends are told about the client.")
              .defaults_to("Both"),
          F::of<&ListenerPolicy::path>("path", "How paths are normalised."),
          F::of<&ListenerPolicy::limits>("limits", "What a client may send."),
          F::of<&ListenerPolicy::timeouts>("timeouts", "How long a client may take."),
          F::of<&ListenerPolicy::tls>("tls", "TLS towards clients."),
          F::of<&ListenerPolicy::request_id>("requestId", "An identifier for each request."),
          F::of<&ListenerPolicy::underscore_headers>(
              "underscoreHeaders", "Headers with `_` in their names, which some backends take for `-`.")
              .defaults_to("Remove"),
          F::of<&ListenerPolicy::strip_header_prefixes>(
              "stripHeaderPrefixes", "Headers beginning so are removed from requests, besides `x-turnpike-`.")
              .at_most(32)
              .checked(check_header_name),
          F::of<&ListenerPolicy::proxy_protocol>("proxyProtocol",
                                                 "PROXY headers of load balancers in front."),
      });
  return table;
}

}  // namespace

const Struct& listener_policy_schema() {
  static const Struct table = make_struct<ListenerPolicy>(
      "ListenerPolicy",
      "How a listener treats its clients. Section by section, the policy at the nearest target wins.",
      spec_fields<ListenerPolicy, listener_policy_spec>());
  return table;
}

// --- TelemetryPolicy
// ---------------------------------------------------------------------------------------------

template <>
struct Choices<AccessLogSettings::Format> {
  using E = AccessLogSettings::Format;
  static constexpr Choice kAll[] = {{"Json", int(E::json)}, {"Text", int(E::text)}};
};

template <>
const Struct& schema_of<AccessLogSettings>() {
  using F = Fields<AccessLogSettings>;
  static const Struct table = make_struct<AccessLogSettings, check_access_log>(
      "AccessLog", "One line for each request.",
      {
          F::of<&AccessLogSettings::path>("path", "`stdout`, `off` or a file, which is reopened on SIGUSR1.")
              .at_least(1),
          F::of<&AccessLogSettings::format>("format", "JSON lines, or `text`."),
          F::of<&AccessLogSettings::text>("text", "The line, with `%placeholders%`, for `format: Text`.")
              .between(1, 4096),
          F::of<&AccessLogSettings::fields>("fields", "Only these, for `format: Json`.")
              .at_most(64)
              .defaults_to("all"),
      });
  return table;
}

template <>
const Struct& schema_of<MetricsSettings>() {
  using F = Fields<MetricsSettings>;
  static const Struct table = make_struct<MetricsSettings>(
      "Metrics", "What is counted apart.",
      {
          F::of<&MetricsSettings::per_route>("perRoute", "A label `route`."),
          F::of<&MetricsSettings::per_endpoint>("perEndpoint", "A label `endpoint`."),
          F::of<&MetricsSettings::latency_buckets>("latencyBuckets", "Upper bounds in seconds, rising.")
              .at_most(64),
      });
  return table;
}

namespace {

const Struct& telemetry_policy_spec() {
  using F = Fields<TelemetryPolicy>;
  static const Struct table = make_struct<TelemetryPolicy, check_telemetry_policy>(
      "TelemetryPolicy spec", "",
      {
          F::of<&TelemetryPolicy::target_refs>("targetRefs", "Gateways.").require().between(1, 64),
          F::of<&TelemetryPolicy::access_log>("accessLog", "One line for each request."),
          F::of<&TelemetryPolicy::metrics>("metrics", "What is counted apart."),
      });
  return table;
}

}  // namespace

const Struct& telemetry_policy_schema() {
  static const Struct table =
      make_struct<TelemetryPolicy>("TelemetryPolicy", "What a Gateway logs and counts.",
                                   spec_fields<TelemetryPolicy, telemetry_policy_spec>());
  return table;
}

}  // namespace turnpike::resource
