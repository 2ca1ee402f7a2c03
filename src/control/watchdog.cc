#include "control/watchdog.h"

namespace turnpike::control {

Watchdog::Watchdog(io::Loop& control, std::vector<io::Loop*> workers, const Notify& notify, observe::Log& log,
                   Duration interval)
    : notify_(notify), log_(log), interval_(interval), alarm_(control, [this] { beat(); }) {
  for (io::Loop* loop : workers) workers_.push_back({.loop = loop});
  beat();
}

void Watchdog::beat() {
  std::uint64_t stuck = 0;
  for (const Worker& worker : workers_) {
    if (!worker.answered->exchange(false)) {
      ++stuck;  // and is not asked again: its mailbox does not grow
      continue;
    }
    worker.loop->post([answered = worker.answered] { answered->store(true); });
  }
  if (stuck == 0) {
    notify_.alive();
  } else {
    log_.error("control", "workers do not answer: the watchdog is not fed", {{"workers", stuck}});
  }
  alarm_.set(interval_);
}

}  // namespace turnpike::control
