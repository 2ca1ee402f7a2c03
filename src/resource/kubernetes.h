// The Kubernetes kinds that Gateway API stands on, reduced to what a proxy needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/meta.h"

namespace turnpike::resource {

// A container's port by number or by name.
struct IntOrString {
  std::uint16_t number = 0;  // 0: see name
  std::string name;
};

enum class TransportProtocol : std::uint8_t { tcp, udp, sctp };

struct ServicePort {
  std::string name;  // may be empty if the Service has one port only
  std::uint16_t port = 0;
  IntOrString target_port;
  TransportProtocol protocol = TransportProtocol::tcp;
  std::optional<std::string> app_protocol;  // "kubernetes.io/h2c", "kubernetes.io/ws", "https" ...
  Mark mark;
};

struct Service : ObjectOf<Kind::service> {
  enum class Type : std::uint8_t { cluster_ip, node_port, load_balancer, external_name };
  Type type = Type::cluster_ip;
  std::vector<ServicePort> ports;
  StringMap selector;
  std::string cluster_ip;  // "None": headless
  Marked<std::string> external_name;
};

struct Endpoint {
  std::vector<std::string> addresses;  // alternatives for the same endpoint: use the first
  // Absent conditions mean true, except terminating (EndpointConditions).
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::string zone;
  std::string hostname;
  Mark mark;
};

struct EndpointPort {
  std::string name;
  std::uint16_t port = 0;  // 0: all ports
  TransportProtocol protocol = TransportProtocol::tcp;
  std::optional<std::string> app_protocol;
};

struct EndpointSlice : ObjectOf<Kind::endpoint_slice> {
  enum class AddressType : std::uint8_t { ipv4, ipv6, fqdn };
  AddressType address_type = AddressType::ipv4;
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;
  // The label kubernetes.io/service-name; empty: belongs to no Service.
  std::string service_name() const;
};

struct Secret : ObjectOf<Kind::secret> {
  std::string type = "Opaque";  // "kubernetes.io/tls" has tls.crt and tls.key
  StringMap data;               // base64 decoded; stringData merged over it
};

struct ConfigMap : ObjectOf<Kind::config_map> {
  StringMap data;  // binaryData base64 decoded and merged
};

struct Namespace : ObjectOf<Kind::namespace_> {};

}  // namespace turnpike::resource
