// What the control thread itself counts, beside observe::ProcessMetrics.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "observe/families.h"
#include "observe/metrics.h"

namespace turnpike::control {

class ControlMetrics {
 public:
  // Defines its metrics; `process` are those of the same registry.
  ControlMetrics(observe::Registry& registry, const observe::ProcessMetrics& process);

  void applied(std::uint64_t generation, Duration took);
  void refused();
  void upgrade_generation(std::uint64_t generation);
  void upgrade_failed();

 private:
  observe::Registry& registry_;
  const observe::ProcessMetrics& process_;
  observe::Group group_;
  observe::Gauge generation_;
  observe::Histogram took_;
  observe::Gauge upgrade_generation_;
  observe::Counter upgrades_failed_;
  observe::Series series_;
};

}  // namespace turnpike::control
