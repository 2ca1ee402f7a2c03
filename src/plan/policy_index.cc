#include "plan/policy_index.h"

#include "resource/say.h"
#include "resource/suggest.h"

namespace turnpike::plan {
namespace {

using resource::say;

// Names of the sections that a resource has.
std::vector<std::string_view> sections(const resource::Gateway& gateway) {
  std::vector<std::string_view> out;
  for (const auto& listener : gateway.listeners) out.push_back(*listener.name);
  return out;
}
std::vector<std::string_view> sections(const resource::ListenerSet& set) {
  std::vector<std::string_view> out;
  for (const auto& listener : set.listeners) out.push_back(*listener.name);
  return out;
}
template <class Route>
  requires requires(const Route& route) { route.rules; }
std::vector<std::string_view> sections(const Route& route) {
  std::vector<std::string_view> out;
  for (const auto& rule : route.rules) {
    if (rule.name) out.push_back(*rule.name);
  }
  return out;
}
std::vector<std::string_view> sections(const resource::Service& service) {
  std::vector<std::string_view> out;
  for (const auto& port : service.ports) out.push_back(port.name);
  return out;
}
std::vector<std::string_view> sections(const resource::Backend&) { return {}; }

template <class T>
std::string missing(const resource::Store& store, resource::Kind kind, std::string_view namespace_,
                    const resource::PolicyTargetReference& target, bool wants_hint) {
  const auto* entry = store.find<T>(kind, namespace_, target.name);
  if (entry == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& other : wants_hint ? store.all<T>() : std::span<const resource::Entry<T>>()) {
      if (other->kind == kind && other->meta.namespace_ == namespace_) names.push_back(other->meta.name);
    }
    const std::string hint = resource::did_you_mean(target.name, names);
    return say("there is no {} {}/{}{}{}", target.kind, namespace_, target.name, hint.empty() ? "" : ": ",
               hint);
  }
  if (!target.section_name) return {};
  const auto names = sections(**entry);
  if (std::ranges::find(names, std::string_view(**target.section_name)) != names.end()) return {};
  const std::string hint = resource::did_you_mean(**target.section_name, names);
  return say("{} {}/{} has no section '{}'{}{}", target.kind, namespace_, target.name, **target.section_name,
             hint.empty() ? "" : ": ", hint);
}

}  // namespace

std::string missing_target(const resource::Store& store, std::string_view namespace_,
                           const resource::PolicyTargetReference& target, bool hint) {
  const auto kind = resource::find_kind(target.group, target.kind);
  if (kind) {
    switch (*kind) {
      case resource::Kind::gateway:
        return missing<resource::Gateway>(store, *kind, namespace_, target, hint);
      case resource::Kind::listener_set:
        return missing<resource::ListenerSet>(store, *kind, namespace_, target, hint);
      case resource::Kind::http_route:
      case resource::Kind::grpc_route:
        return missing<resource::HttpRoute>(store, *kind, namespace_, target, hint);
      case resource::Kind::tls_route:
      case resource::Kind::tcp_route:
      case resource::Kind::udp_route:
        return missing<resource::L4Route>(store, *kind, namespace_, target, hint);
      case resource::Kind::service:
        return missing<resource::Service>(store, *kind, namespace_, target, hint);
      case resource::Kind::backend:
        return missing<resource::Backend>(store, *kind, namespace_, target, hint);
      default:
        break;
    }
  }
  return say("a {}{}{} cannot have this policy", target.group, target.group.empty() ? "" : "/", target.kind);
}

std::string target_key(std::string_view kind, std::string_view namespace_, std::string_view name,
                       std::string_view section) {
  std::string key;
  key.reserve(kind.size() + namespace_.size() + name.size() + section.size() + 3);
  for (const std::string_view part : {kind, namespace_, name}) {
    key += part;
    key += '\0';
  }
  key += section;
  return key;
}

}  // namespace turnpike::plan
