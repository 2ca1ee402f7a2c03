#include "plan/attach.h"

#include <algorithm>
#include <span>
#include <string>

#include "resource/say.h"
#include "resource/suggest.h"

namespace turnpike::plan {
namespace {

using resource::say;

// T: HttpRoute or L4Route.
template <class T>
class Attacher {
 public:
  Attacher(const resource::Store& store, const Topology& topology, const NamespaceLabels& namespaces,
           std::vector<resource::Diagnostic>& diagnostics)
      : store_(store), topology_(topology), namespaces_(namespaces), diagnostics_(diagnostics) {}

  Attachments run() {
    const auto routes = store_.all<T>();
    out_.routes.reserve(routes.size());
    out_.parents.reserve(routes.size());
    out_.links.reserve(routes.size());
    out_.hosts.reserve(routes.size());
    for (const auto& entry : routes) {
      const auto first_parent = static_cast<std::uint32_t>(out_.parents.size());
      const auto first_link = static_cast<std::uint32_t>(out_.links.size());
      read_hosts(*entry);
      for (const resource::ParentReference& reference : entry->parent_refs)
        attach(entry, reference, first_link);
      if (entry->parent_refs.empty())
        warn(entry, {}, "it has no parentRefs: no listener takes it", "name a Gateway in spec.parentRefs");
      out_.routes.push_back({{first_parent, static_cast<std::uint32_t>(out_.parents.size()) - first_parent},
                             {first_link, static_cast<std::uint32_t>(out_.links.size()) - first_link}});
    }
    if constexpr (std::is_same_v<T, resource::HttpRoute>)
      settle_conflicts(store_, topology_, out_, diagnostics_);
    return std::move(out_);
  }

 private:
  using Entry = resource::Entry<T>;

  void read_hosts(const T& route) {
    route_hosts_.clear();
    for (const auto& hostname : route.hostnames) {
      if (const auto host = route::HostPattern::parse(*hostname)) route_hosts_.push_back(*host);
    }
    if (route.hostnames.empty()) route_hosts_.push_back({});
  }

  void warn(const Entry& entry, resource::Mark mark, std::string message, std::string hint) {
    diagnostics_.push_back(
        {resource::Severity::warning, entry.at(mark.written() ? mark : entry->mark), std::move(message),
         std::move(hint),
         say("{} {}/{}", resource::name_of(entry->kind), entry->meta.namespace_, entry->meta.name)});
  }

  // The listeners that the reference may mean, before sectionName and port; nothing when it fails.
  std::span<const ListenerNode> listeners_of(const Entry& entry, Parent& parent, std::string& hint) {
    const resource::ParentReference& reference = *parent.reference;
    const std::string_view namespace_ = reference.namespace_ ? *reference.namespace_ : entry->meta.namespace_;
    if (reference.group == resource::kGatewayGroup && reference.kind == "Gateway") {
      const auto* gateway = store_.find<resource::Gateway>(namespace_, reference.name);
      if (gateway == nullptr) {
        parent.accepted.fail("NoMatchingParent",
                             say("there is no Gateway {}/{}", namespace_, reference.name));
        hint = this->template nearest<resource::Gateway>(namespace_, reference.name);
        return {};
      }
      parent.gateway = topology_.find_gateway(gateway->object.get());
      parent.foreign = parent.gateway == kNone;
      if (!parent.foreign) parent.listeners = topology_.gateways[parent.gateway].listeners;
      return nodes(parent.listeners);
    }
    if (reference.group == resource::kGatewayGroup && reference.kind == "ListenerSet") {
      const auto* set = store_.find<resource::ListenerSet>(namespace_, reference.name);
      if (set == nullptr) {
        parent.accepted.fail("NoMatchingParent",
                             say("there is no ListenerSet {}/{}", namespace_, reference.name));
        hint = this->template nearest<resource::ListenerSet>(namespace_, reference.name);
        return {};
      }
      const ListenerSetNode& node = topology_.listener_sets[topology_.find_listener_set(set->object.get())];
      parent.foreign = node.foreign;
      parent.gateway = node.gateway;
      if (!node.foreign && node.gateway == kNone)
        parent.accepted.fail("NoMatchingParent", say("ListenerSet {}/{} is not accepted: {}", namespace_,
                                                     reference.name, node.accepted.message()));
      if (node.gateway != kNone) parent.listeners = node.listeners;
      return nodes(parent.listeners);
    }
    parent.accepted.fail("UnsupportedValue",
                         say("a route can attach to a Gateway or a ListenerSet, not to a {}{}{}",
                             reference.group, reference.group.empty() ? "" : "/", reference.kind));
    if (reference.group.empty() && reference.kind == "Service")
      hint = "routes of a mesh (GAMMA) are not supported yet";
    return {};
  }

  std::span<const ListenerNode> nodes(ListenerRange range) const {
    return std::span(topology_.listeners).subspan(range.first, range.count);
  }

  template <class R>
  std::string nearest(std::string_view namespace_, std::string_view name) const {
    if (diagnostics_.size() >= resource::kMostHints) return {};
    std::vector<std::string_view> names;
    std::string elsewhere;
    for (const auto& entry : store_.all<R>()) {
      if (entry->meta.namespace_ == namespace_) names.push_back(entry->meta.name);
      if (entry->meta.name == name)
        elsewhere = say("there is one in the namespace '{}'", entry->meta.namespace_);
    }
    return elsewhere.empty() ? resource::did_you_mean(name, names) : elsewhere;
  }

  void attach(const Entry& entry, const resource::ParentReference& reference, std::uint32_t first_link) {
    Parent parent;
    parent.reference = &reference;
    std::string hint;
    const auto listeners = listeners_of(entry, parent, hint);
    if (parent.accepted.ok() && !parent.foreign) choose(entry, parent, listeners, first_link, hint);
    if (!parent.accepted.ok())
      warn(entry, reference.mark, say("not attached: {}", parent.accepted.message()), hint);
    out_.parents.push_back(std::move(parent));
  }

  void choose(const Entry& entry, Parent& parent, std::span<const ListenerNode> listeners,
              std::uint32_t first_link, std::string& hint) {
    const resource::ParentReference& reference = *parent.reference;
    bool matched = false, allowed = false, linked = false;
    for (const ListenerNode& listener : listeners) {
      if (!names(reference, listener)) continue;
      matched = true;
      if (!allows(listener, entry->kind, entry->meta.namespace_)) continue;
      allowed = true;
      linked |= link(listener, first_link);
    }
    if (linked) return;
    if (!matched) {
      parent.accepted.fail("NoMatchingParent", no_listener(reference));
      std::vector<std::string_view> known;
      for (const ListenerNode& listener : listeners) known.push_back(*listener.spec->name);
      if (reference.section_name) hint = resource::did_you_mean(**reference.section_name, known);
    } else if (!allowed) {
      parent.accepted.fail("NotAllowedByListeners",
                           say("no listener of {} {} allows {}s of the namespace '{}'", reference.kind,
                               reference.name, resource::name_of(entry->kind), entry->meta.namespace_));
      hint = "see allowedRoutes of the listener";
    } else {
      parent.accepted.fail("NoMatchingListenerHostname",
                           say("no hostname of the route is one that a listener of {} {} has", reference.kind,
                               reference.name));
    }
  }

  static std::string no_listener(const resource::ParentReference& reference) {
    std::string what;
    if (reference.section_name) what += say(" named '{}'", **reference.section_name);
    if (reference.port) what += say(" on the port {}", **reference.port);
    return say("{} {} has no listener{}", reference.kind, reference.name, what);
  }

  bool allows(const ListenerNode& listener, resource::Kind kind, std::string_view route_namespace) const {
    if (!listener.takes(kind)) return false;
    const resource::RouteNamespaces& allowed = listener.spec->allowed_routes.namespaces;
    const std::string& own =
        listener.listener_set == kNone
            ? topology_.gateways[listener.gateway].entry->object->meta.namespace_
            : topology_.listener_sets[listener.listener_set].entry->object->meta.namespace_;
    return namespaces_.admits(allowed.from, allowed.selector, own, route_namespace);
  }

  // Whether the listener and the route have a hostname in common.
  bool link(const ListenerNode& listener, std::uint32_t first_link) {
    const auto index = static_cast<std::uint32_t>(&listener - topology_.listeners.data());
    for (std::size_t i = first_link; i < out_.links.size(); ++i) {
      if (out_.links[i].listener == index) return true;  // by an earlier parentRef
    }
    const auto first_host = static_cast<std::uint32_t>(out_.hosts.size());
    for (const route::HostPattern& host : route_hosts_) {
      const auto common = route::intersect(host, listener.host);
      if (!common) continue;
      const auto begin = out_.hosts.begin() + static_cast<std::ptrdiff_t>(first_host);
      if (std::find(begin, out_.hosts.end(), *common) == out_.hosts.end()) out_.hosts.push_back(*common);
    }
    const auto count = static_cast<std::uint32_t>(out_.hosts.size()) - first_host;
    if (count == 0) return false;
    out_.links.push_back({index, first_host, count});
    return true;
  }

  const resource::Store& store_;
  const Topology& topology_;
  const NamespaceLabels& namespaces_;
  std::vector<resource::Diagnostic>& diagnostics_;
  std::vector<route::HostPattern> route_hosts_;
  Attachments out_;
};

}  // namespace

bool names(const resource::ParentReference& reference, const ListenerNode& listener) {
  return (!reference.section_name || **reference.section_name == *listener.spec->name) &&
         (!reference.port || **reference.port == *listener.spec->port);
}

Attachments attach_routes(const resource::Store& store, const Topology& topology,
                          const NamespaceLabels& namespaces, std::vector<resource::Diagnostic>& diagnostics) {
  return Attacher<resource::HttpRoute>(store, topology, namespaces, diagnostics).run();
}

Attachments attach_l4_routes(const resource::Store& store, const Topology& topology,
                             const NamespaceLabels& namespaces,
                             std::vector<resource::Diagnostic>& diagnostics) {
  return Attacher<resource::L4Route>(store, topology, namespaces, diagnostics).run();
}

}  // namespace turnpike::plan
