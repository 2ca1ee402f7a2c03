#include "control/control_metrics.h"

#include <ctime>

namespace turnpike::control {

ControlMetrics::ControlMetrics(observe::Registry& registry, const observe::ProcessMetrics& process)
    : registry_(registry), process_(process), group_(registry.group({})) {
  generation_ =
      registry.gauge(group_, {.name = "config_generation", .help = "Number of the configuration in force."});
  took_ = registry.histogram(
      group_, {.name = "config_apply_duration_seconds",
               .help = "From the start of reading a configuration until the workers have been told of it."});
  upgrade_generation_ =
      registry.gauge(group_, {.name = "upgrade_generation",
                              .help = "How many processes have handed over before this one (upgrades)."});
  upgrades_failed_ = registry.counter(
      group_, {.name = "upgrades_failed_total",
               .help = "Upgrades that this process refused, or whose new process did not take over."});
  series_ = registry.permanent(group_, {});
}

void ControlMetrics::applied(std::uint64_t generation, Duration took) {
  observe::Block own = registry_.control().block(series_);
  own.set(generation_, static_cast<std::int64_t>(generation));
  own.observe(took_, took);
  observe::Block process = registry_.control().block(process_.series);
  process.add(process_.reloads.of(0));
  process.set(process_.reload_time, static_cast<std::int64_t>(std::time(nullptr)));
  process.set(process_.configuration_ok, 1);
}

void ControlMetrics::upgrade_generation(std::uint64_t generation) {
  registry_.control().block(series_).set(upgrade_generation_, static_cast<std::int64_t>(generation));
}

void ControlMetrics::upgrade_failed() { registry_.control().block(series_).add(upgrades_failed_); }

void ControlMetrics::refused() {
  observe::Block process = registry_.control().block(process_.series);
  process.add(process_.reloads.of(1));
  process.set(process_.configuration_ok, 0);
}

}  // namespace turnpike::control
