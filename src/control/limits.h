// What the machine allows this process: descriptors, memory, cores. Read once at start-up; nothing has to be
// tuned.
#pragma once

#include <cstddef>
#include <string>

#include "control/options.h"
#include "proxy/overload.h"

namespace turnpike::control {

// Raises RLIMIT_NOFILE to the hard limit; what holds afterwards.
std::size_t raise_descriptor_limit() noexcept;

// The smallest memory limit of the cgroups that this process is in (v2, then v1); 0 if there is none. `root`
// stands for "/" in tests.
std::size_t cgroup_memory_limit(const std::string& root = "");
// Cores that may be used: the affinity mask, reduced by the CPU quota of the cgroup (rounded up); at least 1.
unsigned usable_cores(const std::string& root = "");

// Bytes of this process in memory, from /proc/self/statm; 0 if that cannot be read.
class ResidentMemory {
 public:
  ResidentMemory() noexcept;
  ~ResidentMemory();
  ResidentMemory(const ResidentMemory&) = delete;
  ResidentMemory& operator=(const ResidentMemory&) = delete;
  std::size_t bytes() const noexcept;

 private:
  int fd_ = -1;
};

// Client connections: each exchange takes a descriptor on the upstream side too, and some are kept for files,
// sockets and the admin API. Memory: 0 (no bound) where neither an option nor a cgroup gives one.
proxy::OverloadLimits overload_limits(const Options& options, std::size_t descriptors,
                                      std::size_t cgroup_memory) noexcept;

}  // namespace turnpike::control
