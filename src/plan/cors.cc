#include "plan/cors.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/strings.h"
#include "policy/list.h"

namespace turnpike::plan {
namespace {

void add_names(std::vector<std::string>& list, std::initializer_list<std::string_view> names) {
  if (list.size() == 1 && list.front() == "*") return;
  for (const std::string_view name : names) {
    if (std::ranges::none_of(list, [&](const auto& known) { return equals_ignoring_case(known, name); }))
      list.emplace_back(name);
  }
}

// PROTOCOL-WEB.md: what its clients send beyond a form's content-type, and what they must be able to read.
void add_names_of_calls(resource::HttpCors& cors) {
  add_names(cors.allow_headers, {"content-type", "grpc-timeout", "x-grpc-web", "x-user-agent"});
  add_names(cors.expose_headers, {"grpc-message", "grpc-status", "grpc-status-details-bin"});
}

}  // namespace

const policy::Policy* CorsPolicies::of(const TrafficChain& chain, bool grpc, Plan& plan) {
  for (const TrafficEntry* entry : chain) {
    if (!(*entry)->cors) continue;
    const auto [at, added] = made_.try_emplace({entry, grpc}, nullptr);
    if (!added) return at->second;
    resource::HttpRouteFilter filter;
    filter.type = resource::HttpFilterType::cors;
    filter.cors = *(*entry)->cors;
    if (grpc) add_names_of_calls(*filter.cors);
    // What is wrong with it was said when it was read; without a policy browsers get no permission.
    auto made = policy::make_policy(filter);
    if (!made) return nullptr;
    const std::shared_ptr<const policy::Policy> owned = std::move(*made);
    plan.policies.push_back(owned);
    return at->second = owned.get();
  }
  return nullptr;
}

void add_cors(const policy::Policy* cors, Rule& rule) {
  const auto same = [&](const policy::Policy* policy) { return policy->name() == cors->name(); };
  if (cors == nullptr || std::ranges::any_of(rule.on_request, same) ||
      std::ranges::any_of(rule.on_response, same))
    return;
  const auto by_place = [](const policy::Policy* policy) { return policy::place_of(policy->name()); };
  const std::size_t place = by_place(cors);
  if (cors->wants_request()) {
    rule.on_request.insert(std::ranges::upper_bound(rule.on_request, place, {}, by_place), cors);
  }
  if (cors->wants_response()) {
    rule.on_response.insert(
        std::ranges::upper_bound(rule.on_response, place, std::ranges::greater{}, by_place), cors);
  }
}

}  // namespace turnpike::plan
