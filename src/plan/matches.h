// From a match of an HTTPRoute or GRPCRoute to what the table is compiled from.
#pragma once

#include "resource/gateway_api.h"
#include "route/match.h"

namespace turnpike::plan {

// Whether a path, header or query parameter is matched by a regular expression.
bool has_regex(const resource::HttpRouteMatch& match);
// Path, method, headers and query; host, precedence and target are the caller's. Texts are views of `from`.
// `grpc`: it is of a GRPCRoute.
void fill_match(const resource::HttpRouteMatch& from, bool grpc, route::Match& to);

}  // namespace turnpike::plan
