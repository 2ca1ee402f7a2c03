#include <array>
#include <set>
#include <string>
#include <tuple>

#include "base/strings.h"
#include "resource/decode.h"
#include "resource/say.h"
#include "resource/scalar.h"
#include "resource/suggest.h"
#include "resource/validate.h"

namespace turnpike::resource {

namespace {

// Names, and the triple of port, protocol and host name, must be unique.
void check_listeners(const std::vector<Listener>& listeners, Checker& checker) {
  std::set<std::string_view> names;
  std::set<std::tuple<std::uint16_t, std::string, std::string_view>> places;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const Listener& listener = listeners[i];
    if (!listener.name->empty() && !names.insert(*listener.name).second) {
      checker.error_in("listeners", i, "name",
                       say("a listener named '{}' stands above already", *listener.name));
    }
    if (*listener.port == 0) continue;  // could not be read
    const std::string_view host =
        listener.hostname ? std::string_view(**listener.hostname) : std::string_view{};
    if (!places.emplace(*listener.port, lower_case(listener.protocol_text), host).second) {
      checker.error_in("listeners", i, "port",
                       say("port {}, protocol {} and host '{}' are taken by a listener above", *listener.port,
                           listener.protocol_text, host.empty() ? "(any)" : host));
    }
  }
}

// `from: Selector` and a selector belong together.
void check_selector(FromNamespaces from, bool has_selector, Checker& checker) {
  if (from == FromNamespaces::selector && !has_selector) {
    checker.error("from", "'selector' is required with 'from: Selector'");
  } else if (from != FromNamespaces::selector && has_selector) {
    checker.error("selector", "'selector' has no effect without 'from: Selector'");
  }
}

}  // namespace

void check_listener(Listener& listener, Checker& checker) {
  struct Named {
    std::string_view name;
    Protocol protocol;
  };
  constexpr std::array<Named, 5> kProtocols{{{"HTTP", Protocol::http},
                                             {"HTTPS", Protocol::https},
                                             {"TLS", Protocol::tls},
                                             {"TCP", Protocol::tcp},
                                             {"UDP", Protocol::udp}}};
  listener.protocol = Protocol::other;
  for (const Named& named : kProtocols) {
    if (equals_ignoring_case(named.name, listener.protocol_text)) listener.protocol = named.protocol;
  }
  if (listener.protocol == Protocol::other && listener.protocol_text.find('/') == std::string::npos) {
    constexpr std::array<std::string_view, 5> kNames{"HTTP", "HTTPS", "TLS", "TCP", "UDP"};
    return checker.error(
        "protocol", say("unknown protocol '{}': use HTTP, HTTPS, TLS, TCP or UDP", listener.protocol_text),
        did_you_mean(listener.protocol_text, kNames));
  }
  const bool secure = listener.protocol == Protocol::https || listener.protocol == Protocol::tls;
  const bool plain = !secure && listener.protocol != Protocol::other;
  if (plain && listener.tls) {
    checker.error("tls", say("'tls' must not be given for protocol {}", listener.protocol_text),
                  listener.protocol == Protocol::http ? "write protocol: HTTPS" : "");
  }
  if (secure && !listener.tls)
    checker.error("", say("'tls' is required for protocol {}", listener.protocol_text));
  if (listener.protocol == Protocol::https && listener.tls && listener.tls->mode != TlsMode::terminate) {
    checker.error("tls.mode", "the TLS mode of an HTTPS listener must be Terminate");
  }
  if (listener.protocol == Protocol::tls && listener.tls && !checker.has("tls.mode")) {
    checker.error("tls", "'mode' must be given for protocol TLS");
  }
  if ((listener.protocol == Protocol::tcp || listener.protocol == Protocol::udp) && listener.hostname) {
    checker.error("hostname", say("'hostname' must not be given for protocol {}", listener.protocol_text));
  }
}

void check_listener_tls(ListenerTls& tls, Checker& checker) {
  if (tls.mode == TlsMode::terminate && tls.certificate_refs.empty() && tls.options.empty()) {
    checker.error("", "'certificateRefs' must name a Secret when TLS is terminated");
  }
}

void check_route_namespaces(RouteNamespaces& namespaces, Checker& checker) {
  check_selector(namespaces.from, namespaces.selector.has_value(), checker);
}

void check_allowed_listeners(AllowedListeners& allowed, Checker& checker) {
  check_selector(allowed.from, allowed.selector.has_value(), checker);
}

void check_gateway_address(GatewayAddress& address, Checker& checker) {
  using Type = GatewayAddress::Type;
  if (address.type_text.empty()) address.type_text = "IPAddress";
  if (address.type_text == "IPAddress") {
    address.type = Type::ip_address;
    if (!address.value.empty() && !is_ip_address(address.value)) {
      checker.error("value", say("'{}' is not an IP address", address.value));
    }
  } else if (address.type_text == "Hostname") {
    address.type = Type::hostname;
    const std::string_view wrong = address.value.empty() ? std::string_view{} : check_hostname(address.value);
    if (!wrong.empty()) checker.error("value", say("'value' {}: '{}'", wrong, address.value));
  } else if (address.type_text == "NamedAddress") {
    address.type = Type::named_address;
  } else if (address.type_text.find('/') != std::string::npos) {
    address.type = Type::other;
  } else {
    constexpr std::array<std::string_view, 3> kNames{"IPAddress", "Hostname", "NamedAddress"};
    checker.error("type",
                  say("'type' must be IPAddress, Hostname or NamedAddress, not '{}'", address.type_text),
                  did_you_mean(address.type_text, kNames));
  }
}

void check_gateway_tls_frontend(GatewayTls& tls, Checker& checker) {
  std::set<std::uint16_t> ports;
  for (std::size_t i = 0; i < tls.frontend_per_port.size(); ++i) {
    const std::uint16_t port = *tls.frontend_per_port[i].port;
    if (!ports.insert(port).second)
      checker.error_in("perPort", i, "port", say("port {} stands above already", port));
  }
}

void check_gateway(Gateway& gateway, Checker& checker) { check_listeners(gateway.listeners, checker); }

void check_listener_set(ListenerSet& set, Checker& checker) { check_listeners(set.listeners, checker); }

}  // namespace turnpike::resource
