// Answers the service manager's watchdog as long as the control thread and every worker turn their loops.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/time.h"
#include "control/alarm.h"
#include "control/notify.h"
#include "io/loop.h"
#include "observe/log.h"

namespace turnpike::control {

class Watchdog {
 public:
  // All of them must outlive it. `workers` are loops of other threads.
  Watchdog(io::Loop& control, std::vector<io::Loop*> workers, const Notify& notify, observe::Log& log,
           Duration interval);

 private:
  void beat();

  struct Worker {
    io::Loop* loop;
    // Set by the worker when it has turned since it was asked. Shared: it may answer after our end.
    std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(true);
  };
  std::vector<Worker> workers_;
  const Notify& notify_;
  observe::Log& log_;
  const Duration interval_;
  Alarm alarm_;
};

}  // namespace turnpike::control
