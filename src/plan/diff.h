// What changed from one plan to the next: for the line in the log at a reload.
#pragma once

#include <cstddef>
#include <string>

#include "plan/plan.h"

namespace turnpike::plan {

struct Change {
  std::size_t added = 0;
  std::size_t removed = 0;
  std::size_t changed = 0;
  bool any() const noexcept { return added + removed + changed > 0; }
};

struct Difference {
  Change ports;
  Change listeners;
  Change routes;     // by name: a route is changed if any of its rules or matches is
  Change upstreams;  // a changed one has other endpoints or settings
  bool any() const noexcept { return ports.any() || listeners.any() || routes.any() || upstreams.any(); }
  // "routes +1 -0 ~1; listeners unchanged; upstreams +1 -0 ~0"; "nothing changed".
  std::string text() const;
};

Difference diff(const Plan& before, const Plan& after);

}  // namespace turnpike::plan
