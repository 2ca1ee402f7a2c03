#include "control/cluster_text.h"

namespace turnpike::control {
namespace {

std::string_view name_of(upstream::Balancing balancing) noexcept {
  switch (balancing) {
    case upstream::Balancing::round_robin:
      return "round_robin";
    case upstream::Balancing::least_request:
      return "least_request";
    case upstream::Balancing::consistent_hash:
      return "consistent_hash";
    case upstream::Balancing::random:
      break;
  }
  return "random";
}

// What keeps requests away, the strongest reason first.
std::string_view health_of(const upstream::EndpointStatus& endpoint) noexcept {
  if (!endpoint.ready) return "not_ready";
  if (endpoint.unhealthy) return "unhealthy";
  if (endpoint.ejected) return "ejected";
  return "healthy";
}

void write_endpoint(JsonWriter& json, const upstream::EndpointStatus& endpoint) {
  json.begin_object().key("address").value(endpoint.address).key("health").value(health_of(endpoint));
  json.key("weight")
      .value(endpoint.weight)
      .key("zone")
      .value(endpoint.zone)
      .key("token")
      .value(endpoint.token);
  json.key("open_connections")
      .value(endpoint.open_connections)
      .key("active_requests")
      .value(endpoint.active_requests);
  json.key("ejections").value(endpoint.ejections).key("checks_failed").value(endpoint.checks_failed);
  json.key("counters").begin_object();
#define X(name) json.key(#name).value(endpoint.totals.name);
  TURNPIKE_ENDPOINT_COUNTS(X)
#undef X
  json.end_object().end_object();
}

void write_names(JsonWriter& json, std::span<const upstream::NameStatus> names) {
  json.key("names").begin_array();
  for (const upstream::NameStatus& name : names) {
    json.begin_object()
        .key("name")
        .value(name.name)
        .key("resolved")
        .value(name.resolved)
        .key("failing")
        .value(name.failing);
    json.key("addresses")
        .value(name.addresses)
        .key("queries")
        .value(name.queries)
        .key("failures")
        .value(name.failures)
        .end_object();
  }
  json.end_array();
}

}  // namespace

void write_clusters(JsonWriter& json, std::span<const upstream::ClusterStatus> clusters) {
  json.begin_array();
  for (const upstream::ClusterStatus& cluster : clusters) {
    json.begin_object().key("name").value(cluster.name).key("origin").value(cluster.origin);
    json.key("balancing").value(name_of(cluster.balancing)).key("tls").value(cluster.tls);
    json.key("counters").begin_object();
#define X(name) json.key(#name).value(cluster.totals.name);
    TURNPIKE_CLUSTER_COUNTS(X)
#undef X
    json.end_object();
    if (!cluster.names.empty()) write_names(json, cluster.names);
    json.key("endpoints").begin_array();
    for (const upstream::EndpointStatus& endpoint : cluster.endpoints) write_endpoint(json, endpoint);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace turnpike::control
