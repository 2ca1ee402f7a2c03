#include "plan/matches.h"

#include <algorithm>

#include "http/message.h"

namespace turnpike::plan {
namespace {

route::ValueMatch value_match(const resource::HttpValueMatch& from) {
  using Kind = route::ValueMatch::Kind;
  return {.name = from.name,
          .kind = from.type == resource::MatchType::exact ? Kind::exact : Kind::regex,
          .value = *from.value};
}

// "Characters in a matching service", then "in a matching method" (GRPCRouteRule, Gateway API v1.6): a method
// of any service gives way to a service with any method, which is a prefix.
void rank_call(const resource::GrpcMethodMatch& call, route::PathMatch& path) {
  const std::size_t service = call.service ? call.service->size() : 0;
  const std::size_t method = call.method ? call.method->size() : 0;
  constexpr std::size_t kLongest = 1024;  // of either, by the tables of resource/
  path.weight = static_cast<std::uint32_t>(service * (kLongest + 1) + std::min(method, kLongest));
  if (service == 0) path.kind = route::PathMatch::Kind::late_regex;
}

}  // namespace

bool has_regex(const resource::HttpRouteMatch& match) {
  const auto is_regex = [](const resource::HttpValueMatch& value) {
    return value.type == resource::MatchType::regular_expression;
  };
  return match.path.type == resource::PathMatchType::regular_expression ||
         std::ranges::any_of(match.headers, is_regex) || std::ranges::any_of(match.query_params, is_regex);
}

void fill_match(const resource::HttpRouteMatch& from, bool grpc, route::Match& to) {
  using Kind = route::PathMatch::Kind;
  switch (from.path.type) {
    case resource::PathMatchType::exact:
      to.path.kind = Kind::exact;
      break;
    case resource::PathMatchType::path_prefix:
      to.path.kind = Kind::prefix;
      break;
    case resource::PathMatchType::regular_expression:
      to.path.kind = Kind::regex;
      break;
  }
  to.path.value = *from.path.value;
  to.grpc = grpc;
  if (from.grpc_method && to.path.kind == Kind::regex) rank_call(*from.grpc_method, to.path);
  if (from.method) to.method = http::method_from(*from.method);
  to.headers.reserve(from.headers.size());
  for (const auto& header : from.headers) to.headers.push_back(value_match(header));
  to.query.reserve(from.query_params.size());
  for (const auto& parameter : from.query_params) to.query.push_back(value_match(parameter));
}

}  // namespace turnpike::plan
