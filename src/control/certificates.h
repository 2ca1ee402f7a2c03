// When certificates expire: as a metric, and as a warning before it is too late.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>

#include "crypto/certificate.h"
#include "observe/families.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "resource/store.h"

namespace turnpike::control {

class Certificates {
 public:
  // A certificate that is valid for less than this is warned of.
  static constexpr std::chrono::hours kSoon{24 * 14};

  Certificates(observe::Registry& registry, const observe::CertificateMetrics& metrics, observe::Log& log)
      : registry_(registry), metrics_(metrics), log_(log) {}

  // Looks at all Secrets with tls.crt. What has not changed is not parsed again; what cannot be parsed is
  // passed over, the compiler tells of it.
  void update(const resource::Store& store, crypto::WallTime now);
  // Warns of those that end soon: with each change, and twice a day.
  void warn(crypto::WallTime now) const;

 private:
  struct Known {
    std::shared_ptr<const resource::Secret> secret;  // keeps its address from being used again
    std::optional<crypto::WallTime> not_after;
  };
  observe::Registry& registry_;
  const observe::CertificateMetrics& metrics_;
  observe::Log& log_;
  observe::Lease lease_;
  std::unordered_map<const resource::Secret*, Known> known_;
};

}  // namespace turnpike::control
