#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
struct Choices<TlsMode> {
  static constexpr Choice kAll[] = {{"Terminate", int(TlsMode::terminate)},
                                    {"Passthrough", int(TlsMode::passthrough)}};
};
template <>
struct Choices<FromNamespaces> {
  static constexpr Choice kAll[] = {{"Same", int(FromNamespaces::same)},
                                    {"All", int(FromNamespaces::all)},
                                    {"Selector", int(FromNamespaces::selector)},
                                    {"None", int(FromNamespaces::none)}};
};
template <>
struct Choices<FrontendValidationMode> {
  using E = FrontendValidationMode;
  static constexpr Choice kAll[] = {{"AllowValidOnly", int(E::allow_valid_only)},
                                    {"AllowInsecureFallback", int(E::allow_insecure_fallback)}};
};

// --- GatewayClass
// ------------------------------------------------------------------------------------------------

namespace {

const Struct& gateway_class_spec() {
  using F = Fields<GatewayClass>;
  static const Struct table = make_struct<GatewayClass>(
      "GatewayClass spec", "",
      {
          F::of<&GatewayClass::controller_name>("controllerName",
                                                "Who serves Gateways of this class; Turnpike is "
                                                "`turnpike.dev/gateway-controller`.")
              .require()
              .checked(check_controller_name),
          F::of<&GatewayClass::parameters_ref>("parametersRef", "Read and checked, not used."),
          F::of<&GatewayClass::description>("description", "For people.").at_most(64),
      });
  return table;
}

}  // namespace

const Struct& gateway_class_schema() {
  static const Struct table = make_struct<GatewayClass>(
      "GatewayClass", "Says who serves the Gateways that name it. The class `turnpike` need not be written.",
      spec_fields<GatewayClass, gateway_class_spec>(false));
  return table;
}

// --- Listeners
// ---------------------------------------------------------------------------------------------------

template <>
const Struct& schema_of<ListenerTls>() {
  using F = Fields<ListenerTls>;
  static const Struct table = make_struct<ListenerTls, check_listener_tls>(
      "ListenerTLSConfig", "How a listener speaks TLS.",
      {
          F::of<&ListenerTls::mode>(
              "mode", "`Terminate` decrypts here, `Passthrough` hands the bytes on (TLSRoute)."),
          F::of<&ListenerTls::certificate_refs>(
              "certificateRefs", "Secrets with `tls.crt` and `tls.key`; the one that fits the SNI is shown.")
              .at_most(64),
          F::of<&ListenerTls::options>("options", "Read over; see ListenerPolicy for versions and ALPN.")
              .at_most(16),
      });
  return table;
}

template <>
const Struct& schema_of<RouteGroupKind>() {
  using F = Fields<RouteGroupKind>;
  static const Struct table = make_struct<RouteGroupKind>(
      "RouteGroupKind", "A kind of route.",
      {
          F::of<&RouteGroupKind::group>("group", "API group of the route."),
          F::of<&RouteGroupKind::kind>("kind", "Kind of the route.").require().at_least(1),
      },
      "kind");
  return table;
}

template <>
const Struct& schema_of<RouteNamespaces>() {
  using F = Fields<RouteNamespaces>;
  static const Struct table = make_struct<RouteNamespaces, check_route_namespaces>(
      "RouteNamespaces", "Namespaces whose routes may attach.",
      {
          F::of<&RouteNamespaces::from>("from",
                                        "The Gateway's own, all, those that `selector` picks, or none."),
          F::of<&RouteNamespaces::selector>("selector", "Labels of namespaces, for `from: Selector`."),
      });
  return table;
}

template <>
const Struct& schema_of<AllowedRoutes>() {
  using F = Fields<AllowedRoutes>;
  static const Struct table = make_struct<AllowedRoutes>(
      "AllowedRoutes", "Which routes may attach to a listener.",
      {
          F::of<&AllowedRoutes::namespaces>("namespaces", "Namespaces whose routes may attach."),
          F::of<&AllowedRoutes::kinds>("kinds", "Kinds of routes; those that suit the protocol if absent.")
              .at_most(8),
      });
  return table;
}

template <>
const Struct& schema_of<Listener>() {
  using F = Fields<Listener>;
  static const Struct table = make_struct<Listener, check_listener>(
      "Listener", "A port that accepts connections for a host name.",
      {
          F::of<&Listener::name>("name", "Unique within the Gateway; routes refer to it as sectionName.")
              .require()
              .checked(check_section_name),
          F::of<&Listener::hostname>("hostname", "Host to serve, may begin with `*.`; every host if absent.")
              .checked(check_hostname),
          F::of<&Listener::port>("port", "Port to listen on.").require().between(1, 65535),
          F::of<&Listener::protocol_text>(
              "protocol", "`HTTP`, `HTTPS`, `TLS`, `TCP` or `UDP`; so far the first two are served.")
              .require()
              .between(1, 255),
          F::of<&Listener::tls>("tls", "Required for HTTPS and TLS."),
          F::of<&Listener::allowed_routes>("allowedRoutes", "Which routes may attach."),
      },
      "name");
  return table;
}

// --- Gateway
// -----------------------------------------------------------------------------------------------------

template <>
const Struct& schema_of<GatewayAddress>() {
  using F = Fields<GatewayAddress>;
  static const Struct table = make_struct<GatewayAddress, check_gateway_address>(
      "GatewaySpecAddress", "An address to listen on.",
      {
          F::of<&GatewayAddress::type_text>("type", "`IPAddress` or `Hostname`.")
              .defaults_to("IPAddress")
              .between(1, 253),
          F::of<&GatewayAddress::value>("value", "The address; any if empty.").at_most(253),
      },
      "value");
  return table;
}

template <>
const Struct& schema_of<GatewayInfrastructure>() {
  using F = Fields<GatewayInfrastructure>;
  static const Struct table = make_struct<GatewayInfrastructure>(
      "GatewayInfrastructure", "For controllers that create machines; read over.",
      {
          F::of<&GatewayInfrastructure::labels>("labels", "Read over.").at_most(8),
          F::of<&GatewayInfrastructure::annotations>("annotations", "Read over.").at_most(8),
          F::of<&GatewayInfrastructure::parameters_ref>("parametersRef", "Read over."),
      });
  return table;
}

namespace {

const Struct& allowed_listeners_namespaces() {
  using F = Fields<AllowedListeners>;
  static const Struct table = make_struct<AllowedListeners, check_allowed_listeners>(
      "ListenerNamespaces", "Namespaces whose ListenerSets may attach.",
      {
          F::of<&AllowedListeners::from>("from",
                                         "None, the Gateway's own, all, or those that `selector` picks."),
          F::of<&AllowedListeners::selector>("selector", "Labels of namespaces, for `from: Selector`."),
      });
  return table;
}

}  // namespace

template <>
const Struct& schema_of<AllowedListeners>() {
  static const Struct table =
      make_struct<AllowedListeners>("AllowedListeners", "Which ListenerSets may add listeners.",
                                    {Fields<AllowedListeners>::part<allowed_listeners_namespaces>(
                                        "namespaces", "Namespaces whose ListenerSets may attach.")});
  return table;
}

template <>
const Struct& schema_of<FrontendTlsValidation>() {
  using F = Fields<FrontendTlsValidation>;
  static const Struct table = make_struct<FrontendTlsValidation>(
      "FrontendTLSValidation", "Asks clients for a certificate.",
      {
          F::of<&FrontendTlsValidation::ca_certificate_refs>("caCertificateRefs",
                                                             "ConfigMaps or Secrets with `ca.crt` (PEM).")
              .require()
              .between(1, 8),
          F::of<&FrontendTlsValidation::mode>("mode",
                                              "Whether a client without a valid certificate is let in. "
                                              "`AllowInsecureFallback` leaves it to the backend to refuse."),
      });
  return table;
}

namespace {

const Struct& frontend_port_tls() {
  static const Struct table =
      make_struct<FrontendTlsPort>("TLSConfig", "",
                                   {Fields<FrontendTlsPort>::of<&FrontendTlsPort::validation>(
                                       "validation", "Asks clients for a certificate.")});
  return table;
}

const Struct& frontend_default() {
  static const Struct table = make_struct<GatewayTls>("TLSConfig", "",
                                                      {Fields<GatewayTls>::of<&GatewayTls::frontend_default>(
                                                          "validation", "Asks clients for a certificate.")});
  return table;
}

}  // namespace

template <>
const Struct& schema_of<FrontendTlsPort>() {
  using F = Fields<FrontendTlsPort>;
  static const Struct table = make_struct<FrontendTlsPort>(
      "TLSPortConfig", "TLS settings of one port.",
      {
          F::of<&FrontendTlsPort::port>("port", "The port whose HTTPS listeners these settings are for.")
              .require()
              .between(1, 65535),
          F::part<frontend_port_tls>("tls", "Instead of the default; empty turns client certificates off.")
              .require(),
      });
  return table;
}

namespace {

const Struct& gateway_tls_frontend() {
  using F = Fields<GatewayTls>;
  static const Struct table = make_struct<GatewayTls, check_gateway_tls_frontend>(
      "FrontendTLSConfig", "TLS towards clients.",
      {
          F::part<frontend_default>("default", "For all HTTPS listeners without settings for their port.")
              .require(),
          F::of<&GatewayTls::frontend_per_port>("perPort", "For the HTTPS listeners of single ports.")
              .at_most(64),
      });
  return table;
}

const Struct& gateway_tls_backend() {
  using F = Fields<GatewayTls>;
  static const Struct table = make_struct<GatewayTls>(
      "GatewayBackendTLS", "TLS towards backends.",
      {F::of<&GatewayTls::backend_client_certificate_ref>(
          "clientCertificateRef", "Secret shown to backends that ask for a certificate.")});
  return table;
}

const Struct& gateway_spec() {
  using F = Fields<Gateway>;
  static const Struct table = make_struct<Gateway, check_gateway>(
      "Gateway spec", "",
      {
          F::of<&Gateway::gateway_class_name>("gatewayClassName", "The class; `turnpike` for this program.")
              .require()
              .checked(check_dns_subdomain),
          F::of<&Gateway::listeners>("listeners", "What to listen on.").kubernetes_at_most(64),
          F::of<&Gateway::addresses>("addresses", "Addresses to bind; all of the machine's if absent.")
              .at_most(16),
          F::of<&Gateway::infrastructure>("infrastructure",
                                          "For controllers that create machines; read over."),
          F::of<&Gateway::allowed_listeners>("allowedListeners", "Which ListenerSets may add listeners."),
          F::of<&Gateway::tls>("tls", "Client certificates, and the certificate shown to backends."),
          F::unsupported("defaultScope", "routes must name their parents"),
      });
  return table;
}

const Struct& listener_set_spec() {
  using F = Fields<ListenerSet>;
  static const Struct table = make_struct<ListenerSet, check_listener_set>(
      "ListenerSet spec", "",
      {
          F::of<&ListenerSet::parent_ref>("parentRef", "The Gateway that the listeners are added to.")
              .require(),
          F::of<&ListenerSet::listeners>("listeners", "The listeners.")
              .require()
              .at_least(1)
              .kubernetes_at_most(64),
      });
  return table;
}

}  // namespace

template <>
const Struct& schema_of<GatewayTls>() {
  using F = Fields<GatewayTls>;
  static const Struct table =
      make_struct<GatewayTls>("GatewayTLSConfig", "TLS settings of the whole Gateway.",
                              {
                                  F::part<gateway_tls_frontend>("frontend", "Towards clients."),
                                  F::part<gateway_tls_backend>("backend", "Towards backends."),
                              });
  return table;
}

const Struct& gateway_schema() {
  static const Struct table = make_struct<Gateway>("Gateway", "Listeners: where requests come in.",
                                                   spec_fields<Gateway, gateway_spec>());
  return table;
}

const Struct& listener_set_schema() {
  static const Struct table =
      make_struct<ListenerSet>("ListenerSet", "Further listeners for a Gateway that allows them.",
                               spec_fields<ListenerSet, listener_set_spec>());
  return table;
}

}  // namespace turnpike::resource
