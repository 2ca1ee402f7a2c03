// Whether a new plan changes anything about a cluster.
#pragma once

#include "upstream/config.h"

namespace turnpike::upstream {

// Equal in all that is written down; two TLS contexts with the same digest count as equal.
bool same_config(const ClusterConfig& a, const ClusterConfig& b) noexcept;

}  // namespace turnpike::upstream
