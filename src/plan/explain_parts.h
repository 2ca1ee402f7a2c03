// The parts of a plan in words.
#pragma once

#include <string>

#include "plan/explain.h"
#include "plan/plan.h"
#include "route/match.h"

namespace turnpike::plan {

// "PathPrefix /payments, method GET, header x-tenant = a".
std::string describe_match(const route::Match& match);
// "file:line" of the match, or of its rule.
std::string origin_of_match(const resource::Store& store, const route::Match& match, const Rule& rule);
// Policies, backends, timeouts, retries and session.
void describe_rule(const Plan& plan, const Rule& rule, Explanation& out);
// Of a rule of a TLSRoute, TCPRoute or UDPRoute.
void describe_l4_rule(const Plan& plan, const Rule& rule, bool datagrams, Explanation& out);
// Scheme tcp, tls or udp; authority "host:port".
Explanation explain_l4(const Plan& plan, std::string_view scheme, std::string_view authority);
// "1.5s", "250ms", "none" for zero.
std::string duration_text(Duration duration);

}  // namespace turnpike::plan
