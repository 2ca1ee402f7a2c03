#include "resource/store.h"

#include <tuple>

#include "resource/say.h"
#include "resource/stable_sort.h"
#include "resource/store_builder.h"

namespace turnpike::resource {

std::vector<const Entry<EndpointSlice>*> Store::slices_of(std::string_view namespace_,
                                                          std::string_view service) const {
  const auto before = [&](const SliceKey& key) {
    return std::tie(key.namespace_, key.service) < std::tie(namespace_, service);
  };
  std::vector<const Entry<EndpointSlice>*> found;
  for (auto at = std::partition_point(slices_.begin(), slices_.end(), before);
       at != slices_.end() && at->namespace_ == namespace_ && at->service == service; ++at) {
    found.push_back(&all<EndpointSlice>()[at->index]);
  }
  return found;
}

std::size_t Store::size() const noexcept {
  return std::apply([](const auto&... table) { return (table.size() + ...); }, tables_);
}

std::string describe(const Object& object) {
  const std::string& space = object.meta.namespace_;
  return say("{} {}{}{}", name_of(object.kind), space, space.empty() ? "" : "/", object.meta.name);
}

namespace {

template <class T>
void add_to(std::vector<Entry<T>>& table, std::shared_ptr<const Object>& object, const Origin& origin) {
  if (object && T::has_kind(object->kind))
    table.push_back({std::static_pointer_cast<const T>(std::move(object)), origin});
}

}  // namespace

void StoreBuilder::add(std::shared_ptr<const Object> object, const Origin& origin) {
  std::apply([&](auto&... table) { (add_to(table, object, origin), ...); }, store_->tables_);
}

template <class T>
void StoreBuilder::finish_table(std::vector<Diagnostic>& diagnostics) {
  auto& table = std::get<std::vector<Entry<T>>>(store_->tables_);
  const auto identity = [](const Entry<T>& entry) {
    return std::tie(entry->kind, entry->meta.namespace_, entry->meta.name);
  };
  const auto before = [&](const Entry<T>& a, const Entry<T>& b) { return identity(a) < identity(b); };
  stable_sort(table, before);
  const auto same = [&](const Entry<T>& a, const Entry<T>& b) { return identity(a) == identity(b); };
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (!same(table[i - 1], table[i])) continue;
    const std::string name = describe(*table[i]);
    diagnostics.push_back({Severity::error, table[i].position(), say("{} is defined twice", name),
                           "the first is at " + table[i - 1].position().text(), name});
  }
  table.erase(std::unique(table.begin(), table.end(), same), table.end());
  table.shrink_to_fit();
}

void StoreBuilder::index_slices() {
  const auto& slices = std::get<std::vector<Entry<EndpointSlice>>>(store_->tables_);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const std::string* service = slices[i]->meta.labels.find("kubernetes.io/service-name");
    if (service != nullptr) store_->slices_.push_back({slices[i]->meta.namespace_, *service, i});
  }
  stable_sort(store_->slices_, [](const auto& a, const auto& b) {
    return std::tie(a.namespace_, a.service) < std::tie(b.namespace_, b.service);
  });
}

std::shared_ptr<const Store> StoreBuilder::finish(std::vector<Diagnostic>& diagnostics) {
  const auto each = [&]<class... T>(std::type_identity<std::tuple<std::vector<Entry<T>>...>>) {
    (finish_table<T>(diagnostics), ...);
  };
  each(std::type_identity<decltype(Store::tables_)>{});
  index_slices();
  return std::move(store_);
}

}  // namespace turnpike::resource
