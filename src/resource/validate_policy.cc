#include <array>
#include <set>
#include <string>
#include <tuple>

#include "resource/decode.h"
#include "resource/file_data.h"
#include "resource/kinds.h"
#include "resource/say.h"
#include "resource/scalar.h"
#include "resource/suggest.h"
#include "resource/validate.h"

namespace turnpike::resource {

void check_policy_target_reference(PolicyTargetReference& reference, Checker& checker) {
  if (checker.has("group")) {
    if (find_kind(reference.group, reference.kind)) return;
    for (const KindInfo& info : all_kinds()) {
      if (info.name != reference.kind) continue;
      return checker.error("group",
                           say("{} does not belong to the group '{}'", reference.kind, reference.group),
                           say("write group: {}", info.group.empty() ? "''" : info.group));
    }
  } else {
    for (const KindInfo& info : all_kinds()) {
      if (info.name == reference.kind) {
        reference.group = info.group;
        return;
      }
    }
  }
  std::array<std::string_view, kKindCount> names;
  for (std::size_t i = 0; i < kKindCount; ++i) names[i] = all_kinds()[i].name;
  checker.error("kind", say("a policy cannot apply to the kind '{}'", reference.kind),
                did_you_mean(reference.kind, names));
}

void check_target_refs(const std::vector<PolicyTargetReference>& targets, std::span<const Kind> allowed,
                       std::string_view policy, Checker& checker) {
  std::set<std::tuple<std::string_view, std::string_view, std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const PolicyTargetReference& target = targets[i];
    const auto kind = find_kind(target.group, target.kind);
    bool fits = false;
    std::string names;
    for (const Kind candidate : allowed) {
      fits |= kind == candidate;
      names += (names.empty()                 ? ""
                : candidate == allowed.back() ? " or "
                                              : ", ") +
               std::string(name_of(candidate));
    }
    // An unknown kind was complained about already.
    if (kind && !fits) {
      checker.error_in("targetRefs", i, "kind",
                       say("a {} applies to {}, not to {}", policy, names, target.kind));
    }
    const std::string_view section =
        target.section_name ? std::string_view(**target.section_name) : std::string_view{};
    if (!seen.emplace(target.group, target.kind, target.name, section).second) {
      checker.error_in("targetRefs", i, "name", say("{} '{}' is a target already", target.kind, target.name),
                       "name another sectionName");
    }
  }
}

void check_backend_tls_policy(BackendTlsPolicy& policy, Checker& checker) {
  constexpr std::array<Kind, 2> kTargets{Kind::service, Kind::backend};
  check_target_refs(policy.target_refs, kTargets, "BackendTLSPolicy", checker);
  // Either the whole Service or some of its ports.
  for (std::size_t i = 1; i < policy.target_refs.size(); ++i) {
    const PolicyTargetReference& target = policy.target_refs[i];
    for (std::size_t k = 0; k < i; ++k) {
      const PolicyTargetReference& earlier = policy.target_refs[k];
      const bool same =
          target.kind == earlier.kind && target.group == earlier.group && target.name == earlier.name;
      if (same && target.section_name.has_value() != earlier.section_name.has_value()) {
        checker.error_in("targetRefs", i, "name",
                         say("{} '{}' is a target both whole and by sectionName", target.kind, target.name));
      }
    }
  }
}

void check_backend_tls_validation(BackendTlsPolicy&, Checker& checker) {
  constexpr std::array<std::string_view, 2> kAuthorities{"caCertificateRefs", "wellKnownCACertificates"};
  checker.exactly_one_of(kAuthorities);
}

void check_subject_alt_name(SubjectAltName& name, Checker& checker) {
  const bool is_hostname = name.type == SubjectAltName::Type::hostname;
  const std::string_view wanted = is_hostname ? "hostname" : "uri";
  const std::string_view other = is_hostname ? "uri" : "hostname";
  if (checker.has(other)) {
    checker.error(other, say("'{}' does not go with type {}", other, is_hostname ? "Hostname" : "URI"));
  } else if (!checker.has(wanted)) {
    checker.error("", say("'{}' is required for type {}", wanted, is_hostname ? "Hostname" : "URI"));
  } else if (!is_hostname && name.value.find(':') == std::string::npos) {
    checker.error("uri", say("'{}' is not a URI with a scheme", name.value));
  }
}

void check_service(Service& service, Checker& checker) {
  if (service.type == Service::Type::external_name) {
    if (service.external_name->empty()) checker.error("", "'externalName' is required for type ExternalName");
  } else if (service.ports.empty() && service.cluster_ip != "None") {
    checker.error("", "'ports' must not be empty");
  }
  std::set<std::string_view> names;
  std::set<std::tuple<std::uint16_t, TransportProtocol>> ports;
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    ServicePort& port = service.ports[i];
    if (port.target_port.number == 0 && port.target_port.name.empty()) port.target_port.number = port.port;
    if (service.ports.size() > 1 && port.name.empty()) {
      checker.error_in("ports", i, "", "'name' is required when there are several ports");
    } else if (!names.insert(port.name).second) {
      checker.error_in("ports", i, "name", say("a port named '{}' stands above already", port.name));
    }
    if (!ports.emplace(port.port, port.protocol).second) {
      checker.error_in("ports", i, "port", say("port {} stands above already", port.port));
    }
  }
}

void check_endpoint_slice(EndpointSlice& slice, Checker& checker) {
  using Type = EndpointSlice::AddressType;
  for (std::size_t i = 0; i < slice.endpoints.size(); ++i) {
    for (const std::string& address : slice.endpoints[i].addresses) {
      const bool is_v4 = is_ipv4_address(address);
      const bool is_ip = is_v4 || is_ip_address(address);
      const bool fits = slice.address_type == Type::ipv4   ? is_v4
                        : slice.address_type == Type::ipv6 ? is_ip && !is_v4
                                                           : !is_ip;
      if (!fits)
        checker.error_in("endpoints", i, "addresses",
                         say("'{}' is not of this slice's addressType", address));
    }
  }
}

void check_secret(Secret& secret, Checker& checker) {
  if (secret.type != "kubernetes.io/tls") return;
  if (secret.meta.annotations.find(kFilesAnnotation) != nullptr)
    return;  // they are known only when files are read
  for (const std::string_view key : {"tls.crt", "tls.key"}) {
    if (secret.data.find(key) == nullptr) {
      checker.error("data", say("'{}' is required in a Secret of type kubernetes.io/tls", key));
    }
  }
}

}  // namespace turnpike::resource
