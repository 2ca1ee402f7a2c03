#include "control/certificates.h"

#include <string>
#include <utility>

namespace turnpike::control {
namespace {

// Of the leaf: it stands first (RFC 8446 §4.4.2).
std::optional<crypto::WallTime> end_of(const resource::Secret& secret) {
  const std::string* const pem = secret.data.find("tls.crt");
  if (pem == nullptr) return std::nullopt;
  const auto chain = crypto::Certificate::all_from_pem(*pem);
  if (!chain) return std::nullopt;
  return chain->front().not_after();
}

std::string name_of(const resource::Secret& secret) {
  return secret.meta.namespace_ + "/" + secret.meta.name;
}

}  // namespace

void Certificates::update(const resource::Store& store, crypto::WallTime now) {
  std::unordered_map<const resource::Secret*, Known> next;
  observe::Lease lease = registry_.lease();
  for (const auto& entry : store.all<resource::Secret>()) {
    const auto before = known_.find(entry.object.get());
    Known known = before != known_.end() ? before->second : Known{entry.object, end_of(*entry)};
    if (known.not_after) {
      const observe::Series series = lease.series(metrics_.group, {name_of(*entry)});
      registry_.control().block(series).set(metrics_.expiry,
                                            std::chrono::system_clock::to_time_t(*known.not_after));
    }
    next.emplace(entry.object.get(), std::move(known));
  }
  known_ = std::move(next);
  lease_ = std::move(lease);  // after the new one holds its series: none retires in between
  warn(now);
}

void Certificates::warn(crypto::WallTime now) const {
  for (const auto& [address, known] : known_) {
    if (!known.not_after || *known.not_after - now > kSoon) continue;
    const bool over = *known.not_after <= now;
    const std::string name = name_of(*known.secret);
    const std::string when = crypto::text_of(*known.not_after);
    log_.write(over ? observe::Level::error : observe::Level::warning, "control",
               over ? "certificate has expired" : "certificate expires soon",
               {{"secret", name}, {"not_after", when}});
  }
}

}  // namespace turnpike::control
