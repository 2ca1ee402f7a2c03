// What is known of the configuration: written by the server, shown by the admin pages. Control thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "resource/diagnostic.h"
#include "resource/store.h"

namespace turnpike::control {

enum class Phase : std::uint8_t { starting, serving, draining };

// A configuration that was not taken: why.
struct Refusal {
  std::chrono::system_clock::time_point at;
  std::string error;  // one sentence
  std::vector<resource::Diagnostic> diagnostics;
};

// Upgrades of the program.
struct UpgradeState {
  std::uint64_t generation = 0;  // how many processes have handed over before this one
  std::uint64_t attempts = 0;    // of this process
  bool running = false;          // a successor has been started and does not serve yet
  std::string error;             // of the last attempt, if it failed; several lines perhaps
};

struct State {
  Phase phase = Phase::starting;
  std::chrono::system_clock::time_point started;
  // In force; null before the first one.
  std::shared_ptr<const plan::Plan> plan;
  std::shared_ptr<const resource::Store> store;
  std::vector<resource::Diagnostic> warnings;
  std::chrono::system_clock::time_point loaded;
  // The newest attempt, if it was refused.
  std::optional<Refusal> refused;
  UpgradeState upgrade;
};

}  // namespace turnpike::control
