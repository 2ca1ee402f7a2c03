// Gateway API status of each resource, from what was found while compiling.
#include "plan/assembly.h"
#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::ConditionStatus;
using resource::ResourceStatus;
using resource::say;

template <class T>
ResourceStatus& begin(std::vector<ResourceStatus>& out, const resource::Entry<T>& entry) {
  ResourceStatus& status = out.emplace_back();
  status.kind = entry->kind;
  status.namespace_ = entry->meta.namespace_;
  status.name = entry->meta.name;
  status.position = entry.position();
  return status;
}

resource::ParentReference reference_to(const resource::Gateway& gateway) {
  resource::ParentReference out;
  out.namespace_ = gateway.meta.namespace_;
  out.name = gateway.meta.name;
  return out;
}

template <class T>
void add_policies(const PolicyIndex<T>& index, std::vector<ResourceStatus>& out) {
  for (const auto& outcome : index.outcomes()) {
    ResourceStatus& status = begin(out, *outcome.policy);
    const T& policy = **outcome.policy;
    for (std::size_t i = 0; i < outcome.targets.size(); ++i) {
      const resource::PolicyTargetReference& target = policy.target_refs[i];
      resource::PolicyAncestorStatus& ancestor = status.ancestors.emplace_back();
      ancestor.ancestor_ref.group = target.group;
      ancestor.ancestor_ref.kind = target.kind;
      ancestor.ancestor_ref.namespace_ = policy.meta.namespace_;
      ancestor.ancestor_ref.name = target.name;
      ancestor.ancestor_ref.section_name = target.section_name;
      set_condition(ancestor.conditions, "Accepted", "Accepted", outcome.targets[i], policy.meta.generation);
    }
  }
}

}  // namespace

void Assembly::add_class_statuses(std::vector<ResourceStatus>& out) const {
  for (const auto& entry : store_.all<resource::GatewayClass>()) {
    if (*entry->controller_name != resource::kControllerName) continue;
    Finding accepted;
    if (entry->parameters_ref)
      accepted.fail("InvalidParameters", say("parametersRef: a {} '{}' is not supported, nor is any other",
                                             entry->parameters_ref->kind, entry->parameters_ref->name));
    set_condition(begin(out, entry).conditions, "Accepted", "Accepted", accepted, entry->meta.generation);
  }
}

resource::ListenerStatus Assembly::listener_status(const ListenerNode& node, std::int64_t generation) const {
  resource::ListenerStatus out;
  out.name = *node.spec->name;
  out.attached_routes = node.attached_routes;
  out.supported_kinds = node.route_kinds;
  set_condition(out.conditions, "Accepted", "Accepted", node.accepted, generation);
  set_condition(out.conditions, "Programmed", "Programmed", node.programmed, generation);
  set_condition(out.conditions, "ResolvedRefs", "ResolvedRefs", node.resolved, generation);
  const bool conflicted = !node.conflict.empty();
  set_condition(out.conditions, "Conflicted", conflicted ? ConditionStatus::true_ : ConditionStatus::false_,
                conflicted ? node.conflict : "NoConflicts", conflicted ? node.accepted.message() : "",
                generation);
  if (node.overlaps) {
    set_condition(
        out.conditions, "OverlappingTLSConfig", ConditionStatus::true_, "OverlappingHostnames",
        "another listener of this port has a hostname that overlaps: clients may reuse a connection for both",
        generation);
  }
  return out;
}

void Assembly::add_gateway_statuses(std::vector<ResourceStatus>& out) const {
  for (const GatewayNode& node : topology_.gateways) {
    ResourceStatus& status = begin(out, *node.entry);
    const std::int64_t generation = (*node.entry)->meta.generation;
    // Accepted with a reservation: True, but with another reason than usual.
    const bool reserved = node.accepted.ok() && node.some_listeners_invalid;
    set_condition(status.conditions, "Accepted", reserved ? "ListenersNotValid" : "Accepted", node.accepted,
                  generation);
    set_condition(status.conditions, "Programmed", "Programmed", node.programmed, generation);
    set_condition(status.conditions, "ResolvedRefs", "ResolvedRefs", node.resolved, generation);
    if (node.insecure_fallback) {
      set_condition(status.conditions, "InsecureFrontendValidationMode", ConditionStatus::true_,
                    "ConfigurationChanged", "clients without a valid certificate are let in", generation);
    }
    if (node.programmed.ok()) {
      for (const io::Address& address : node.addresses) status.addresses.push_back(address.ip());
    }
    for (std::uint32_t i = 0; i < node.listeners.count; ++i)
      status.listeners.push_back(listener_status(topology_.listeners[node.listeners.first + i], generation));
    status.attached_listener_sets = node.attached_sets;
  }
}

void Assembly::add_listener_set_statuses(std::vector<ResourceStatus>& out) const {
  for (const ListenerSetNode& node : topology_.listener_sets) {
    if (node.foreign) continue;
    ResourceStatus& status = begin(out, *node.entry);
    const std::int64_t generation = (*node.entry)->meta.generation;
    set_condition(status.conditions, "Accepted", "Accepted", node.accepted, generation);
    set_condition(status.conditions, "Programmed", "Programmed", node.programmed, generation);
    for (std::uint32_t i = 0; i < node.listeners.count; ++i)
      status.listeners.push_back(listener_status(topology_.listeners[node.listeners.first + i], generation));
  }
}

template <class T>
void Assembly::add_route_statuses(const Attachments& attachments,
                                  const std::vector<RouteFindings>& all_findings,
                                  std::vector<ResourceStatus>& out) const {
  const auto routes = store_.all<T>();
  for (std::size_t i = 0; i < routes.size(); ++i) {
    ResourceStatus& status = begin(out, routes[i]);
    const RouteFindings& findings = all_findings[i];
    const std::int64_t generation = routes[i]->meta.generation;
    const Range parents = attachments.routes[i].parents;
    for (std::uint32_t p = parents.first; p < parents.first + parents.count; ++p) {
      const Parent& parent = attachments.parents[p];
      if (parent.foreign) continue;
      resource::RouteParentStatus& entry = status.parents.emplace_back();
      entry.parent_ref = *parent.reference;
      entry.conditions.reserve(3);
      const bool attached = parent.accepted.ok();
      set_condition(entry.conditions, "Accepted", "Accepted", attached ? findings.accepted : parent.accepted,
                    generation);
      set_condition(entry.conditions, "ResolvedRefs", "ResolvedRefs", findings.resolved, generation);
      if (attached && !findings.partially.empty()) {
        set_condition(entry.conditions, "PartiallyInvalid", ConditionStatus::true_, "UnsupportedValue",
                      findings.partially, generation);
      }
    }
  }
}

void Assembly::add_backend_tls_statuses(std::vector<ResourceStatus>& out) const {
  for (const BackendTls::Status& from : backend_tls_.statuses()) {
    ResourceStatus& status = begin(out, *from.policy);
    const resource::BackendTlsPolicy& policy = **from.policy;
    const auto add = [&](resource::ParentReference ancestor) {
      resource::PolicyAncestorStatus& entry = status.ancestors.emplace_back();
      entry.ancestor_ref = std::move(ancestor);
      set_condition(entry.conditions, "Accepted", "Accepted", from.accepted, policy.meta.generation);
      set_condition(entry.conditions, "ResolvedRefs", "ResolvedRefs", from.resolved, policy.meta.generation);
    };
    for (const std::uint32_t gateway : from.gateways) add(reference_to(**topology_.gateways[gateway].entry));
    if (!from.gateways.empty()) continue;
    // No route leads there: its targets are all that can be named.
    for (const resource::PolicyTargetReference& target : policy.target_refs) {
      resource::ParentReference ancestor;
      ancestor.group = target.group;
      ancestor.kind = target.kind;
      ancestor.namespace_ = policy.meta.namespace_;
      ancestor.name = target.name;
      ancestor.section_name = target.section_name;
      add(std::move(ancestor));
    }
  }
}

std::vector<ResourceStatus> Assembly::statuses() const {
  std::vector<ResourceStatus> out;
  out.reserve(store_.all<resource::HttpRoute>().size() + topology_.gateways.size() +
              topology_.listener_sets.size() + 8);
  add_class_statuses(out);
  add_gateway_statuses(out);
  add_listener_set_statuses(out);
  add_route_statuses<resource::HttpRoute>(attachments_, route_findings_, out);
  add_route_statuses<resource::L4Route>(l4_attachments_, l4_route_findings_, out);
  add_backend_tls_statuses(out);
  add_policies(traffic_, out);
  add_policies(listener_policies_, out);
  add_policies(telemetry_, out);
  return out;
}

}  // namespace turnpike::plan
