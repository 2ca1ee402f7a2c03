#include "control/config_text.h"

#include "resource/encode.h"

namespace turnpike::control {
namespace {

using namespace resource;

template <class... T>
void write_kinds(JsonWriter& json, const Store& store) {
  const auto write_all = [&](const auto& entries) {
    for (const auto& entry : entries) write_json(json, *entry, entry.position());
  };
  (write_all(store.all<T>()), ...);
}

}  // namespace

void write_resources(JsonWriter& json, const Store& store) {
  json.begin_array();
  write_kinds<GatewayClass, Gateway, ListenerSet, HttpRoute, L4Route, ReferenceGrant, BackendTlsPolicy,
              Service, EndpointSlice, Secret, ConfigMap, Namespace, Backend, TrafficPolicy, ListenerPolicy,
              TelemetryPolicy>(json, store);
  json.end_array();
}

}  // namespace turnpike::control
