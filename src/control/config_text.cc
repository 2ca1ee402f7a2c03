#include "control/config_text.h"

namespace turnpike::control {
namespace {

using namespace resource;

void write_map(JsonWriter& json, std::string_view name, const StringMap& map) {
  if (map.empty()) return;
  json.key(name).begin_object();
  for (const auto& [key, value] : map) json.key(key).value(value);
  json.end_object();
}

void write_meta(JsonWriter& json, const Object& object, const Position& position) {
  json.key("kind").value(name_of(object.kind)).key("metadata").begin_object();
  if (!object.meta.namespace_.empty()) json.key("namespace").value(object.meta.namespace_);
  json.key("name").value(object.meta.name);
  write_map(json, "labels", object.meta.labels);
  json.end_object().key("position").value(position.text());
}

template <class T>
void write_all(JsonWriter& json, const Store& store) {
  for (const Entry<T>& entry : store.all<T>()) {
    json.begin_object();
    write_meta(json, *entry, entry.position());
    if constexpr (std::is_same_v<T, Secret>) {
      json.key("type").value(entry->type).key("data").begin_object();
      for (const auto& one : entry->data) json.key(one.first).value("(redacted)");
      json.end_object();
    }
    json.end_object();
  }
}

template <class... T>
void write_kinds(JsonWriter& json, const Store& store) {
  (write_all<T>(json, store), ...);
}

}  // namespace

void write_resources(JsonWriter& json, const Store& store) {
  json.begin_array();
  write_kinds<GatewayClass, Gateway, ListenerSet, HttpRoute, OtherRoute, ReferenceGrant, BackendTlsPolicy,
              Service, EndpointSlice, Secret, ConfigMap, Namespace, Backend, TrafficPolicy, ListenerPolicy,
              TelemetryPolicy>(json, store);
  json.end_array();
}

}  // namespace turnpike::control
