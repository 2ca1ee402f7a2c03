// HTTPRoutes and GRPCRoutes of one listener must not share a hostname: exactly one of two is accepted
// (GRPCRouteSpec.hostnames, Gateway API v1.6).
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <tuple>
#include <unordered_set>

#include "plan/attach.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

// Hostnames that routes of one kind hold on one listener.
class HeldHosts {
 public:
  void add(const route::HostPattern& host) {
    if (host.kind == route::HostPattern::Kind::exact) {
      exact_.insert(host.name);
    } else if (std::ranges::find(patterns_, host) == patterns_.end()) {
      patterns_.push_back(host);
    }
  }
  bool meets(const route::HostPattern& host) const {
    const auto common = [&](const route::HostPattern& held) {
      return route::intersect(held, host).has_value();
    };
    if (std::ranges::any_of(patterns_, common)) return true;
    if (host.kind == route::HostPattern::Kind::exact) return exact_.contains(host.name);
    return std::ranges::any_of(
        exact_, [&](std::string_view name) { return common({route::HostPattern::Kind::exact, name}); });
  }

 private:
  std::unordered_set<std::string_view> exact_;
  std::vector<route::HostPattern> patterns_;  // wildcards and any
};

class Settler {
 public:
  Settler(const resource::Store& store, const Topology& topology, Attachments& attachments,
          std::vector<resource::Diagnostic>& diagnostics)
      : routes_(store.all<resource::HttpRoute>()),
        topology_(topology),
        attachments_(attachments),
        diagnostics_(diagnostics) {}

  void run() {
    find_shared();
    if (std::ranges::find(shared_, kBoth) == shared_.end()) return;
    std::vector<std::uint32_t> order(routes_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::uint32_t i) {
      const auto& meta = routes_[i]->meta;
      return std::tuple(meta.creation_timestamp.value_or(0), std::string_view(meta.namespace_),
                        std::string_view(meta.name), routes_[i]->kind);
    });
    held_.resize(topology_.listeners.size());
    for (const std::uint32_t route : order) settle(route);
  }

 private:
  static constexpr std::uint8_t kBoth = 3;

  // Which kinds of route each listener has.
  void find_shared() {
    shared_.assign(topology_.listeners.size(), 0);
    for (std::uint32_t i = 0; i < routes_.size(); ++i) {
      const Range links = attachments_.routes[i].links;
      for (std::uint32_t k = links.first; k < links.first + links.count; ++k)
        shared_[attachments_.links[k].listener] |= routes_[i]->grpc() ? 2 : 1;
    }
  }

  void settle(std::uint32_t route) {
    Range& links = attachments_.routes[route].links;
    const auto all = std::span(attachments_.links).subspan(links.first, links.count);
    std::vector<Link> lost;
    links.count = 0;
    for (const Link& link : all) {
      if (keeps(route, link)) {
        all[links.count++] = link;
      } else {
        lost.push_back(link);
      }
    }
    if (lost.empty()) return;
    const Range parents = attachments_.routes[route].parents;
    for (std::uint32_t p = parents.first; p < parents.first + parents.count; ++p) {
      Parent& parent = attachments_.parents[p];
      const bool touched = std::ranges::any_of(lost, [&](const Link& link) { return leads(parent, link); });
      if (touched && parent.accepted.ok()) reject(route, parent, all.first(links.count));
    }
  }

  // Whether the route keeps this listener; if so, its hostnames are taken.
  bool keeps(std::uint32_t route, const Link& link) {
    if (shared_[link.listener] != kBoth) return true;
    const std::size_t kind = routes_[route]->grpc() ? 1 : 0;
    const auto hosts = std::span(attachments_.hosts).subspan(link.first_host, link.host_count);
    auto& held = held_[link.listener];
    if (std::ranges::any_of(hosts, [&](const auto& host) { return held[1 - kind].meets(host); }))
      return false;
    for (const route::HostPattern& host : hosts) held[kind].add(host);
    return true;
  }

  bool leads(const Parent& parent, const Link& link) const {
    return link.listener - parent.listeners.first < parent.listeners.count &&
           names(*parent.reference, topology_.listeners[link.listener]);
  }

  void reject(std::uint32_t route, Parent& parent, std::span<const Link> left) {
    const bool some_left = std::ranges::any_of(left, [&](const Link& link) { return leads(parent, link); });
    const auto& entry = routes_[route];
    const std::string message =
        say("{} of {} {} has a hostname in common with an older {}, or one that is first by name",
            some_left ? "a listener" : "each listener", parent.reference->kind, parent.reference->name,
            resource::name_of(entry->grpc() ? resource::Kind::http_route : resource::Kind::grpc_route));
    if (!some_left) parent.accepted.fail("HostnameConflict", message);
    const resource::Mark mark = parent.reference->mark.written() ? parent.reference->mark : entry->mark;
    diagnostics_.push_back(
        {resource::Severity::warning, entry.at(mark), say("not attached: {}", message),
         "give the HTTPRoute and the GRPCRoute hostnames of their own",
         say("{} {}/{}", resource::name_of(entry->kind), entry->meta.namespace_, entry->meta.name)});
  }

  std::span<const resource::Entry<resource::HttpRoute>> routes_;
  const Topology& topology_;
  Attachments& attachments_;
  std::vector<resource::Diagnostic>& diagnostics_;
  std::vector<std::uint8_t> shared_;            // by listener: 1 HTTPRoutes, 2 GRPCRoutes
  std::vector<std::array<HeldHosts, 2>> held_;  // by listener, then by kind
};

}  // namespace

void settle_conflicts(const resource::Store& store, const Topology& topology, Attachments& attachments,
                      std::vector<resource::Diagnostic>& diagnostics) {
  Settler(store, topology, attachments, diagnostics).run();
}

}  // namespace turnpike::plan
