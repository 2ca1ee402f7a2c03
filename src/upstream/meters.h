// Upstreams in the metrics. What happens per request a worker counts itself; the rest is brought up to date
// before it is shown.
#pragma once

#include "base/error.h"
#include "observe/families.h"
#include "observe/metrics.h"
#include "upstream/status.h"

namespace turnpike::upstream {

struct Outcome;

// What is counted, defined once at start-up. By labels {upstream, endpoint}: observe::EndpointMetrics and the
// ones here.
class Meters {
 public:
  // Both must outlive it. No series of the endpoint's group may exist yet.
  Meters(observe::Registry& registry, const observe::EndpointMetrics& endpoint);

  const observe::EndpointMetrics& endpoint() const noexcept { return endpoint_; }
  observe::Group cluster_group() const noexcept { return cluster_; }
  observe::Lease lease() { return registry_.lease(); }

  // Control thread.
  void show(observe::Series series, const EndpointStatus& status);
  void show(observe::Series series, const ClusterStatus& status);

 private:
  observe::Registry& registry_;
  const observe::EndpointMetrics endpoint_;
  observe::Gauge healthy_;
  observe::Gauge pending_;
  observe::Counter reused_;
  observe::Counter closed_;    // of(0: peer, 1: unsolicited, 2: idle, 3: given up)
  observe::Counter overflow_;  // of(0: queue, 1: deadline)

  observe::Group cluster_;  // {upstream}
  observe::Counter retries_;
  observe::Counter retries_denied_;
  observe::Counter no_endpoint_;
  observe::Counter panic_;
  observe::Gauge endpoints_;
  observe::Counter dns_queries_;
  observe::Counter dns_failures_;
};

// One endpoint's cells in one worker; does nothing where there are no metrics.
class EndpointMeter {
 public:
  EndpointMeter() noexcept = default;
  EndpointMeter(const observe::EndpointMetrics& metrics, observe::Block block) noexcept
      : metrics_(&metrics), block_(block) {}

  void attempt(const Outcome& outcome) noexcept;
  void connected(Duration took) noexcept {
    if (metrics_ == nullptr) return;
    block_.add(metrics_->connects);
    block_.observe(metrics_->connect_duration, took);
  }

 private:
  const observe::EndpointMetrics* metrics_ = nullptr;
  observe::Block block_{nullptr};
};

}  // namespace turnpike::upstream
