#include "base/strings.h"
#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

template <>
struct Choices<TransportProtocol> {
  using E = TransportProtocol;
  static constexpr Choice kAll[] = {{"TCP", int(E::tcp)}, {"UDP", int(E::udp)}, {"SCTP", int(E::sctp)}};
};
template <>
struct Choices<Service::Type> {
  using E = Service::Type;
  static constexpr Choice kAll[] = {{"ClusterIP", int(E::cluster_ip)},
                                    {"NodePort", int(E::node_port)},
                                    {"LoadBalancer", int(E::load_balancer)},
                                    {"ExternalName", int(E::external_name)}};
};
template <>
struct Choices<EndpointSlice::AddressType> {
  using E = EndpointSlice::AddressType;
  static constexpr Choice kAll[] = {{"IPv4", int(E::ipv4)}, {"IPv6", int(E::ipv6)}, {"FQDN", int(E::fqdn)}};
};
template <>
struct Form<IntOrString> {
  static constexpr std::string_view kName = "port number or name";
  static constexpr std::string_view kExample = "such as 8080 or http";
  static bool parse(IntOrString& value, std::string_view text) {
    value = {};
    if (text.find_first_not_of("0123456789") != std::string_view::npos) {
      value.name = text;
      return check_dns_label(text).empty() && text.size() <= 15;
    }
    const auto number = parse_decimal<std::uint16_t>(text);
    value.number = number.value_or(0);
    return value.number != 0;
  }
  static std::string format(const IntOrString&) { return {}; }
};

// --- Service
// -----------------------------------------------------------------------------------------------------

template <>
const Struct& schema_of<ServicePort>() {
  using F = Fields<ServicePort>;
  static const Struct table = make_struct<ServicePort>(
      "ServicePort", "A port of a Service.",
      {
          F::of<&ServicePort::name>("name", "Required if there are several.").checked(check_dns_label),
          F::of<&ServicePort::port>("port", "What backendRefs name.").require().between(1, 65535),
          F::of<&ServicePort::target_port>("targetPort",
                                           "Port of the endpoints; EndpointSlices say it too, and win.")
              .defaults_to("port"),
          F::of<&ServicePort::protocol>("protocol", "Transport."),
          F::of<&ServicePort::app_protocol>(
              "appProtocol", "`kubernetes.io/h2c`, `grpc`, `http2`, `kubernetes.io/ws`, `http`, `https`."),
          F::ignored("nodePort"),
      },
      "port");
  return table;
}

namespace {

const Struct& service_spec() {
  using F = Fields<Service>;
  static const Struct table = [] {
    std::vector<Field> fields = {
        F::of<&Service::type>("type", "`ExternalName` stands for a DNS name; the others for EndpointSlices."),
        F::of<&Service::ports>("ports", "Its ports."),
        F::of<&Service::selector>("selector", "Which pods; EndpointSlices say it for us."),
        F::of<&Service::cluster_ip>("clusterIP", "Address within the cluster."),
        F::of<&Service::external_name>("externalName", "DNS name, for `ExternalName`.")
            .checked(check_endpoint_address),
    };
    for (const std::string_view name :
         {"allocateLoadBalancerNodePorts", "clusterIPs", "externalIPs", "externalTrafficPolicy",
          "healthCheckNodePort", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "loadBalancerClass",
          "loadBalancerIP", "loadBalancerSourceRanges", "publishNotReadyAddresses", "sessionAffinity",
          "sessionAffinityConfig", "trafficDistribution"}) {
      fields.push_back(F::ignored(name));
    }
    return make_struct<Service, check_service>("Service spec", "", std::move(fields));
  }();
  return table;
}

}  // namespace

const Struct& service_schema() {
  static const Struct table = make_struct<Service>(
      "Service", "A name for endpoints, which EndpointSlices list.", spec_fields<Service, service_spec>());
  return table;
}

// --- EndpointSlice
// -----------------------------------------------------------------------------------------------

namespace {

const Struct& endpoint_conditions() {
  using F = Fields<Endpoint>;
  static const Struct table =
      make_struct<Endpoint>("EndpointConditions", "",
                            {
                                F::of<&Endpoint::ready>("ready", "Takes new requests."),
                                F::of<&Endpoint::serving>("serving", "Answers, even if it goes away."),
                                F::of<&Endpoint::terminating>("terminating", "Goes away."),
                            });
  return table;
}

}  // namespace

template <>
const Struct& schema_of<Endpoint>() {
  using F = Fields<Endpoint>;
  static const Struct table =
      make_struct<Endpoint>("Endpoint", "One instance of a Service.",
                            {
                                F::of<&Endpoint::addresses>("addresses", "The first one is used.")
                                    .require()
                                    .between(1, 100)
                                    .checked(check_endpoint_address),
                                F::part<endpoint_conditions>("conditions", "Whether it takes requests."),
                                F::of<&Endpoint::zone>("zone", "Where it runs."),
                                F::of<&Endpoint::hostname>("hostname", "Read over."),
                                F::ignored("nodeName"),
                                F::ignored("targetRef"),
                                F::ignored("hints"),
                                F::ignored("deprecatedTopology"),
                                F::ignored("topology"),
                            });
  return table;
}

template <>
const Struct& schema_of<EndpointPort>() {
  using F = Fields<EndpointPort>;
  static const Struct table =
      make_struct<EndpointPort>("EndpointPort", "A port of the endpoints.",
                                {
                                    F::of<&EndpointPort::name>("name", "The name of the Service's port."),
                                    F::of<&EndpointPort::port>("port", "The port.").between(1, 65535),
                                    F::of<&EndpointPort::protocol>("protocol", "Transport."),
                                    F::of<&EndpointPort::app_protocol>("appProtocol", "As for ServicePort."),
                                });
  return table;
}

const Struct& endpoint_slice_schema() {
  using F = Fields<EndpointSlice>;
  static const Struct table = [] {
    std::vector<Field> fields = kind_fields<EndpointSlice>();
    fields.push_back(F::of<&EndpointSlice::address_type>("addressType", "What the addresses are.").require());
    fields.push_back(
        F::of<&EndpointSlice::endpoints>("endpoints", "The endpoints.").kubernetes_at_most(1000));
    fields.push_back(F::of<&EndpointSlice::ports>("ports", "Their ports.").kubernetes_at_most(100));
    return make_struct<EndpointSlice, check_endpoint_slice>(
        "EndpointSlice", "Endpoints of the Service that the label `kubernetes.io/service-name` names.",
        std::move(fields));
  }();
  return table;
}

// --- Secret, ConfigMap, Namespace
// --------------------------------------------------------------------------------

namespace {

const Type& base64_map_type() {
  static const Type type = [] {
    Type made = type_of<StringMap>();
    made.name = "map of base64";
    made.example = "base64";
    made.parse = [](void* value, std::string_view text) {
      auto decoded = decode_base64(text);
      if (decoded) *static_cast<std::string*>(value) = std::move(*decoded);
      return decoded.has_value();
    };
    return made;
  }();
  return type;
}

}  // namespace

const Struct& secret_schema() {
  using F = Fields<Secret>;
  static const Struct table = [] {
    std::vector<Field> fields = kind_fields<Secret>();
    fields.push_back(F::of<&Secret::type>("type", "`kubernetes.io/tls` for certificates."));
    fields.push_back(F::of<&Secret::data>("data", "Base64 of `tls.crt` and `tls.key`, or of `ca.crt` (PEM).")
                         .as(base64_map_type()));
    fields.push_back(F::of<&Secret::data>("stringData", "The same as plain text; wins over data."));
    fields.push_back(F::ignored("immutable"));
    return make_struct<Secret, check_secret>(
        "Secret",
        "Certificates and keys. The annotation `turnpike.dev/files: tls.crt=certs/shop.crt, "
        "tls.key=certs/shop.key` takes "
        "them from files, relative to this one, and again when they change; ConfigMaps know it too.",
        std::move(fields));
  }();
  return table;
}

const Struct& config_map_schema() {
  using F = Fields<ConfigMap>;
  static const Struct table = [] {
    std::vector<Field> fields = kind_fields<ConfigMap>();
    fields.push_back(F::of<&ConfigMap::data>("data", "CA certificates under `ca.crt` (PEM)."));
    fields.push_back(F::of<&ConfigMap::data>("binaryData", "The same in base64.").as(base64_map_type()));
    fields.push_back(F::ignored("immutable"));
    return make_struct<ConfigMap>("ConfigMap", "CA certificates.", std::move(fields));
  }();
  return table;
}

const Struct& namespace_schema() {
  static const Struct table = [] {
    std::vector<Field> fields = kind_fields<Namespace>(false);
    fields.push_back(Fields<Namespace>::ignored("spec"));
    return make_struct<Namespace>(
        "Namespace", "Labels for selectors; a namespace need not be written to exist.", std::move(fields));
  }();
  return table;
}

}  // namespace turnpike::resource
