#include "plan/explain_policies.h"

#include <algorithm>
#include <string>

#include "plan/backend_source.h"
#include "plan/policy_index.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

// A resource or a section of it that a policy may be attached to.
struct Place {
  std::string_view kind;
  std::string_view namespace_;
  std::string_view name;
  std::string_view section;
};

struct Name {
  std::string_view namespace_;
  std::string_view name;
  std::string_view rest;
};

// "namespace/name" or "namespace/name/rest".
Name split(std::string_view text) {
  const std::size_t first = text.find('/');
  const std::string_view behind = text.substr(first + 1);
  const std::size_t second = behind.find('/');
  return {text.substr(0, first), behind.substr(0, second),
          second == std::string_view::npos ? std::string_view() : behind.substr(second + 1)};
}

const resource::HttpRouteRule* find_rule(const resource::HttpRoute& route, const Rule& rule) {
  for (std::size_t i = 0; i < route.rules.size(); ++i) {
    const auto& candidate = route.rules[i];
    if (candidate.name ? *candidate.name == rule.rule : std::to_string(i) == rule.rule) return &candidate;
  }
  return nullptr;
}

void add_backend(const resource::Store& store, const resource::BackendObjectReference& reference,
                 std::string_view route_namespace, std::vector<Place>& places) {
  const std::string_view namespace_ = reference.namespace_ ? *reference.namespace_ : route_namespace;
  const auto* service =
      reference.kind == "Service" ? store.find<resource::Service>(namespace_, reference.name) : nullptr;
  if (service != nullptr && reference.port) {
    for (const auto& port : service->object->ports) {
      if (port.port == **reference.port && !port.name.empty())
        places.push_back({"Service", namespace_, reference.name, port.name});
    }
  }
  places.push_back({reference.kind, namespace_, reference.name, {}});
}

// The listener, then what has it: listeners of Gateways and of ListenerSets have names of the same form, and
// are told apart by where they were written.
void add_listener(const resource::Store& store, const Listener& listener, std::vector<Place>& places) {
  const Name name = split(listener.name);
  const auto owns = [&](const auto* entry) {
    return entry != nullptr && std::ranges::any_of((*entry)->listeners, [&](const resource::Listener& spec) {
             return *spec.name == name.rest && file_and_line(entry->at(spec.mark)) == listener.origin;
           });
  };
  if (owns(store.find<resource::Gateway>(name.namespace_, name.name))) {
    places.push_back({"Gateway", name.namespace_, name.name, name.rest});
    places.push_back({"Gateway", name.namespace_, name.name, {}});
    return;
  }
  const auto* set = store.find<resource::ListenerSet>(name.namespace_, name.name);
  if (!owns(set)) return;
  const resource::ParentReference& parent = (*set)->parent_ref;
  places.push_back({"ListenerSet", name.namespace_, name.name, name.rest});
  places.push_back({"ListenerSet", name.namespace_, name.name, {}});
  places.push_back({"Gateway", parent.namespace_ ? *parent.namespace_ : name.namespace_, parent.name, {}});
}

template <class T>
void add_policies(const resource::Store& store, const std::vector<Place>& places,
                  std::vector<Explanation::Attached>& out) {
  const PolicyIndex<T> index(store);
  for (const Place& place : places) {
    const auto* policy = index.find(place.kind, place.namespace_, place.name, place.section);
    if (policy == nullptr) continue;
    const auto& meta = (*policy)->meta;
    Explanation::Attached attached{
        .policy = say("{} {}/{}", resource::name_of((*policy)->kind), meta.namespace_, meta.name),
        .origin = file_and_line(policy->position()),
        .target = say("{} {}/{}{}{}", place.kind, place.namespace_, place.name,
                      place.section.empty() ? "" : " ", place.section)};
    if (std::ranges::find(out, attached) == out.end()) out.push_back(std::move(attached));
  }
}

}  // namespace

std::vector<Explanation::Attached> attached_policies(const resource::Store& store, const Listener& listener,
                                                     const Rule& rule) {
  std::vector<Explanation::Attached> out;
  std::vector<Place> places;
  const Name name = split(rule.route);
  const resource::Kind kind = rule.grpc ? resource::Kind::grpc_route : resource::Kind::http_route;
  const auto* route = store.find<resource::HttpRoute>(kind, name.namespace_, name.name);
  const auto* spec = route == nullptr ? nullptr : find_rule(**route, rule);
  if (spec != nullptr) {
    for (const auto& backend : spec->backend_refs) add_backend(store, backend, name.namespace_, places);
    add_policies<resource::BackendTlsPolicy>(store, places, out);
    const std::string_view kind_name = resource::name_of(kind);
    if (spec->name) places.push_back({kind_name, name.namespace_, name.name, *spec->name});
    places.push_back({kind_name, name.namespace_, name.name, {}});
  }
  add_listener(store, listener, places);
  add_policies<resource::TrafficPolicy>(store, places, out);
  add_policies<resource::ListenerPolicy>(store, places, out);
  add_policies<resource::TelemetryPolicy>(store, places, out);
  return out;
}

}  // namespace turnpike::plan
