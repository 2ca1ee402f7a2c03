#include "plan/diff.h"

#include <map>

#include "base/hash.h"
#include "resource/say.h"
#include "upstream/same_config.h"

namespace turnpike::plan {
namespace {

using resource::say;

// Sums up what stands under each name; equal sums count as unchanged.
using Digests = std::map<std::string, std::uint64_t, std::less<>>;

Change compare(const Digests& before, const Digests& after) {
  Change out;
  for (const auto& [name, digest] : after) {
    const auto old = before.find(name);
    if (old == before.end()) {
      ++out.added;
    } else if (old->second != digest) {
      ++out.changed;
    }
  }
  for (const auto& [name, digest] : before) out.removed += after.contains(name) ? 0 : 1;
  return out;
}

class Digest {
 public:
  void add(std::string_view text) { value_ = hash_bytes(text, value_ + 1); }
  void add(std::uint64_t number) { value_ = mix_hash(value_ + 1, number + 1); }
  void add(Duration duration) { add(static_cast<std::uint64_t>(duration.count())); }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

void add_policies(Digest& digest, const std::vector<const policy::Policy*>& policies) {
  digest.add(policies.size());
  for (const policy::Policy* policy : policies) {
    digest.add(policy->name());
    digest.add(policy->describe());
  }
}

void add_cluster(Digest& digest, const Plan& plan, std::uint32_t cluster) {
  digest.add(cluster == BackendChoice::kInvalid ? std::string_view("")
                                                : std::string_view(plan.clusters[cluster]->name));
}

std::uint64_t digest_of(const Plan& plan, const Rule& rule) {
  Digest digest;
  digest.add(rule.rule);
  digest.add(std::uint64_t{rule.grpc});
  add_policies(digest, rule.on_request);
  add_policies(digest, rule.on_response);
  for (const BackendChoice& choice : rule.backends) {
    digest.add(choice.weight);
    add_cluster(digest, plan, choice.cluster);
    add_policies(digest, choice.on_request);
    add_policies(digest, choice.on_response);
  }
  for (const Mirror& mirror : rule.mirrors) {
    add_cluster(digest, plan, mirror.cluster);
    digest.add(mirror.numerator);
    digest.add(mirror.denominator);
  }
  for (const Duration d : {rule.timeouts.request, rule.timeouts.response_head, rule.timeouts.backend_request,
                           rule.timeouts.stream_idle, rule.timeouts.tunnel_idle,
                           rule.timeouts.tunnel_lifetime, rule.timeouts.tunnel_ping, rule.retry.backoff,
                           rule.retry.longest_backoff, rule.retry.per_try_timeout})
    digest.add(d);
  digest.add(rule.retry.attempts);
  for (const bool flag :
       {rule.retry.on_connect_failure, rule.retry.on_reset, rule.retry.on_timeout, rule.retry.any_method})
    digest.add(std::uint64_t{flag});
  for (const std::uint16_t status : rule.retry.statuses) digest.add(status);
  digest.add(std::uint64_t{rule.retry.grpc_statuses});
  if (rule.session) digest.add(rule.session->name);
  digest.add(static_cast<std::uint64_t>(rule.hash_key));
  digest.add(rule.hash_name);
  digest.add(rule.matches_digest);
  return digest.value();
}

Digests routes_of(const Plan& plan) {
  Digests out;
  for (const Rule& rule : plan.rules) {
    std::uint64_t& sum = out[rule.route];
    sum = mix_hash(sum, digest_of(plan, rule));
  }
  return out;
}

Digests ports_of(const Plan& plan) {
  Digests out;
  for (const auto& port : plan.ports) {
    Digest digest;
    digest.add(reinterpret_cast<std::uintptr_t>(port->tls_context.get()));
    out.emplace(port->key(), digest.value());
  }
  return out;
}

Digests listeners_of(const Plan& plan) {
  Digests out;
  for (const auto& port : plan.ports) {
    for (const Listener& listener : port->listeners) {
      Digest digest;
      digest.add(listener.hostname);
      out.emplace(port->key() + " " + listener.name, digest.value());
    }
  }
  return out;
}

Change compare_upstreams(const Plan& before, const Plan& after) {
  std::map<std::string, const upstream::ClusterConfig*> old;
  for (const auto& cluster : before.clusters)
    old.emplace(cluster->name + "\n" + cluster->tls_identity, cluster.get());
  Change out;
  for (const auto& cluster : after.clusters) {
    const auto there = old.find(cluster->name + "\n" + cluster->tls_identity);
    if (there == old.end()) {
      ++out.added;
      continue;
    }
    if (there->second != cluster.get() && !upstream::same_config(*there->second, *cluster)) ++out.changed;
    old.erase(there);
  }
  out.removed = old.size();
  return out;
}

}  // namespace

Difference diff(const Plan& before, const Plan& after) {
  return {compare(ports_of(before), ports_of(after)), compare(listeners_of(before), listeners_of(after)),
          compare(routes_of(before), routes_of(after)), compare_upstreams(before, after)};
}

std::string Difference::text() const {
  if (!any()) return "nothing changed";
  std::string out;
  const auto part = [&](std::string_view what, const Change& change) {
    if (!out.empty()) out += "; ";
    out += change.any() ? say("{} +{} -{} ~{}", what, change.added, change.removed, change.changed)
                        : say("{} unchanged", what);
  };
  part("routes", routes);
  part("listeners", listeners);
  if (ports.any()) part("ports", ports);
  part("upstreams", upstreams);
  return out;
}

}  // namespace turnpike::plan
