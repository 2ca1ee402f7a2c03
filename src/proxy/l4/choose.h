// Which backend of a rule takes a connection or a session.
#pragma once

#include "base/hash.h"
#include "base/random.h"
#include "io/address.h"
#include "plan/plan.h"

namespace turnpike::proxy {

// Null: the rule has no backend with weight.
inline const plan::BackendChoice* choose_by_weight(const plan::Rule& rule, Random& random) noexcept {
  if (rule.total_weight == 0) return nullptr;
  std::uint64_t at = random.below(rule.total_weight);
  for (const plan::BackendChoice& backend : rule.backends) {
    if (at < backend.weight) return &backend;
    at -= backend.weight;
  }
  return nullptr;
}

// The key of consistent hashing: the client's address, or chance where the rule asks for none.
inline std::uint64_t hash_of_client(const plan::Rule& rule, const io::Address& client,
                                    Random& random) noexcept {
  if (rule.hash_key != plan::Rule::HashKey::source_ip || !client.is_ip()) return random.next();
  std::uint8_t ip[16];
  client.ip_bytes(ip);
  return hash_bytes({reinterpret_cast<const char*>(ip), sizeof ip});
}

}  // namespace turnpike::proxy
