// All resources of one configuration: an immutable snapshot, indexed.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "resource/diagnostic.h"
#include "resource/gateway_api.h"
#include "resource/kubernetes.h"
#include "resource/turnpike_kinds.h"

namespace turnpike::resource {

// One resource and where it was written. A document that did not change keeps its object from one snapshot to
// the next, so that equal pointers mean equal contents.
template <class T>
struct Entry {
  std::shared_ptr<const T> object;
  Origin origin;

  const T* operator->() const noexcept { return object.get(); }
  const T& operator*() const noexcept { return *object; }
  Position at(Mark mark) const { return origin.at(mark); }
  Position position() const { return origin.at(object->mark); }
};

// Thread-safe to read, never changed after it was built (see loader.h and StoreBuilder).
class Store {
 public:
  // All resources of a kind, ordered by namespace and name. HttpRoute and L4Route are several kinds, ordered
  // by kind first.
  template <class T>
  std::span<const Entry<T>> all() const noexcept {
    return std::get<std::vector<Entry<T>>>(tables_);
  }

  // Null if there is none. GatewayClass and Namespace have the namespace "".
  template <class T>
  const Entry<T>* find(std::string_view namespace_, std::string_view name) const noexcept {
    return find<T>(T::kKind, namespace_, name);
  }
  // For a T that is several kinds.
  template <class T>
  const Entry<T>* find(Kind kind, std::string_view namespace_, std::string_view name) const noexcept {
    const auto& table = std::get<std::vector<Entry<T>>>(tables_);
    const auto before = [&](const Entry<T>& entry) {
      if (entry->kind != kind) return entry->kind < kind;
      const int order = entry->meta.namespace_.compare(namespace_);
      return order != 0 ? order < 0 : entry->meta.name < name;
    };
    const auto at = std::partition_point(table.begin(), table.end(), before);
    if (at == table.end() || at->object->kind != kind || at->object->meta.namespace_ != namespace_ ||
        at->object->meta.name != name)
      return nullptr;
    return &*at;
  }

  // The slices of a Service (label kubernetes.io/service-name), ordered by name.
  std::vector<const Entry<EndpointSlice>*> slices_of(std::string_view namespace_,
                                                     std::string_view service) const;

  // Number of resources of all kinds.
  std::size_t size() const noexcept;

 private:
  friend class StoreBuilder;
  struct SliceKey {
    std::string_view namespace_;
    std::string_view service;
    std::size_t index;  // into the EndpointSlice table
  };

  std::tuple<std::vector<Entry<GatewayClass>>, std::vector<Entry<Gateway>>, std::vector<Entry<ListenerSet>>,
             std::vector<Entry<HttpRoute>>, std::vector<Entry<L4Route>>, std::vector<Entry<ReferenceGrant>>,
             std::vector<Entry<BackendTlsPolicy>>, std::vector<Entry<Service>>,
             std::vector<Entry<EndpointSlice>>, std::vector<Entry<Secret>>, std::vector<Entry<ConfigMap>>,
             std::vector<Entry<Namespace>>, std::vector<Entry<Backend>>, std::vector<Entry<TrafficPolicy>>,
             std::vector<Entry<ListenerPolicy>>, std::vector<Entry<TelemetryPolicy>>>
      tables_;
  std::vector<SliceKey> slices_;  // ordered by namespace and service
};

}  // namespace turnpike::resource
