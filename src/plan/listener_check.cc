// What is wrong with one listener, seen by itself.
#include <algorithm>

#include "plan/topology.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::Protocol;
using resource::say;

void check_protocol(ListenerNode& listener) {
  const resource::Listener& spec = *listener.spec;
  if (spec.protocol == Protocol::other)
    listener.accepted.fail(
        "UnsupportedProtocol",
        say("the protocol {} is not supported, only HTTP, HTTPS, TLS, TCP and UDP", spec.protocol_text));
}

// The kinds of routes that a listener of this protocol can serve.
std::vector<resource::Kind> kinds_for(Protocol protocol) {
  switch (protocol) {
    case Protocol::http:
    case Protocol::https:
      return {resource::Kind::http_route, resource::Kind::grpc_route};
    case Protocol::tls:
      return {resource::Kind::tls_route};
    case Protocol::tcp:
      return {resource::Kind::tcp_route};
    case Protocol::udp:
      return {resource::Kind::udp_route};
    case Protocol::other:
      break;
  }
  return {};
}

void check_kinds(ListenerNode& listener) {
  const resource::Listener& spec = *listener.spec;
  const std::vector<resource::Kind> served = kinds_for(spec.protocol);
  if (spec.allowed_routes.kinds.empty()) listener.route_kinds = served;
  for (const resource::RouteGroupKind& kind : spec.allowed_routes.kinds) {
    const auto known = resource::find_kind(kind.group, kind.kind);
    if (known && std::ranges::find(served, *known) != served.end()) {
      if (!listener.takes(*known)) listener.route_kinds.push_back(*known);
    } else {
      listener.resolved.fail("InvalidRouteKinds",
                             say("a listener of the protocol {} cannot take routes of the kind {}/{}",
                                 spec.protocol_text, kind.group, kind.kind));
    }
  }
}

void check_certificates(const TopologyInput& input, const ReferenceEnd& owner, ListenerNode& listener) {
  const resource::Listener& spec = *listener.spec;
  if (!spec.tls || spec.tls->certificate_refs.empty()) {
    listener.resolved.fail("InvalidCertificateRef",
                           "tls.certificateRefs is missing: TLS that ends here needs a certificate");
    return;
  }
  for (const resource::SecretObjectReference& reference : spec.tls->certificate_refs) {
    if (const auto pair = input.credentials.key_pair(owner, reference)) {
      listener.certificates.push_back(*pair);
    } else {
      const bool forbidden = pair.error().kind == CredentialProblem::Kind::not_permitted;
      listener.resolved.fail(forbidden ? "RefNotPermitted" : "InvalidCertificateRef", pair.error().message);
    }
  }
}

const resource::FrontendTlsValidation* validation_of(const resource::Gateway& gateway, std::uint16_t port) {
  if (!gateway.tls) return nullptr;
  for (const resource::FrontendTlsPort& per_port : gateway.tls->frontend_per_port) {
    if (*per_port.port == port) return per_port.validation ? &*per_port.validation : nullptr;
  }
  return gateway.tls->frontend_default ? &*gateway.tls->frontend_default : nullptr;
}

std::string_view reason_of(CredentialProblem::Kind kind) {
  switch (kind) {
    case CredentialProblem::Kind::not_permitted:
      return "RefNotPermitted";
    case CredentialProblem::Kind::unsupported:
      return "InvalidCACertificateKind";
    case CredentialProblem::Kind::invalid:
      break;
  }
  return "InvalidCACertificateRef";
}

// Client certificates are a matter of the Gateway, also for listeners that a ListenerSet adds to it.
void check_client_validation(const TopologyInput& input, const resource::Gateway& gateway,
                             ListenerNode& listener) {
  const resource::FrontendTlsValidation* validation = validation_of(gateway, *listener.spec->port);
  if (validation == nullptr) return;
  using enum tls::ClientValidation;
  listener.client_validation =
      validation->mode == resource::FrontendValidationMode::allow_valid_only ? valid_only : insecure_fallback;
  for (const resource::ObjectReference& reference : validation->ca_certificate_refs) {
    const std::string_view namespace_ =
        reference.namespace_ ? *reference.namespace_ : gateway.meta.namespace_;
    const auto bundle = input.credentials.trust({resource::kGatewayGroup, "Gateway", gateway.meta.namespace_},
                                                reference.group, reference.kind, namespace_, reference.name);
    if (bundle) {
      listener.client_trust.push_back(*bundle);
    } else {
      listener.resolved.fail(reason_of(bundle.error().kind), bundle.error().message);
    }
  }
  if (listener.client_trust.empty())
    listener.accepted.fail("NoValidCACertificate", "no CA certificate to verify client certificates with: " +
                                                       listener.resolved.message());
}

}  // namespace

void check_listener(const TopologyInput& input, const GatewayNode& gateway, const ReferenceEnd& owner,
                    ListenerNode& listener) {
  check_protocol(listener);
  check_kinds(listener);
  if (listener.terminates()) {
    check_certificates(input, owner, listener);
    check_client_validation(input, **gateway.entry, listener);
    if (listener.certificates.empty())
      listener.programmed.fail("Invalid", "it has no certificate that can be used");
  }
  if (listener.route_kinds.empty() && listener.accepted.ok())
    listener.programmed.fail("Invalid", "no kind of route that it allows can be served");
  if (!listener.accepted.ok()) listener.programmed.fail("Invalid", listener.accepted.message());
}

}  // namespace turnpike::plan
