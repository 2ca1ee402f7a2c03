// What the control thread hands to the workers with a plan: which shared cluster stands behind each
// configuration.
#pragma once

#include <memory>
#include <vector>

#include "upstream/config.h"

namespace turnpike::upstream {

class SharedCluster;

// Immutable; in the order of Plan::clusters. Two plans that do not differ in a cluster have the same pointers
// there.
struct Assignment {
  struct Item {
    std::shared_ptr<SharedCluster> shared;
    std::shared_ptr<const ClusterConfig> config;
    std::uint32_t slot = 0;  // of `shared`
  };
  std::vector<Item> items;
};

}  // namespace turnpike::upstream
