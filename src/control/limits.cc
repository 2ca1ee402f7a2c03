#include "control/limits.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/strings.h"

namespace turnpike::control {
namespace {

// Descriptors that are not for connections: listening sockets, logs, epoll, watched files, the admin API.
constexpr std::size_t kReserved = 256;
// cgroup v1 says "no limit" by a number near 2^63.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 62;

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line)) return std::nullopt;
  return line;
}

// The path of this process below the mount of `controller` ("" is the unified hierarchy of v2).
std::optional<std::string> cgroup_path(const std::string& root, std::string_view controller) {
  std::ifstream in(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(in, line)) {  // "0::/path" or "5:memory,cpu:/path"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view names = std::string_view(line).substr(first + 1, second - first - 1);
    bool ours = controller.empty() && names.empty();
    if (!controller.empty()) {
      for_each_element(names, [&](std::string_view name) { return !(ours = ours || name == controller); });
    }
    if (ours) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Calls f with each folder from the process's cgroup up to the mount: a limit of a parent holds as well.
// Inside a container the path may not exist below the mount; the mount itself is then the container's own
// group.
template <class F>
void for_each_group(const std::string& mount, std::string path, F&& f) {
  while (!path.empty() && path != "/") {
    f(mount + path);
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
  f(mount);
}

}  // namespace

std::size_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur == RLIM_INFINITY ? std::size_t{1} << 20 : limit.rlim_cur;
}

std::size_t cgroup_memory_limit(const std::string& root) {
  std::uint64_t smallest = kUnlimited;
  const auto look = [&](const std::string& file) {
    if (const auto line = first_line(file)) {
      if (const auto bytes = parse_decimal<std::uint64_t>(*line)) smallest = std::min(smallest, *bytes);
    }
  };
  if (const auto path = cgroup_path(root, "")) {
    for_each_group(root + "/sys/fs/cgroup", *path,
                   [&](const std::string& group) { look(group + "/memory.max"); });
  }
  if (const auto path = cgroup_path(root, "memory")) {
    for_each_group(root + "/sys/fs/cgroup/memory", *path,
                   [&](const std::string& group) { look(group + "/memory.limit_in_bytes"); });
  }
  return smallest >= kUnlimited || smallest == 0 ? 0 : smallest;
}

unsigned usable_cores(const std::string& root) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  unsigned cores = 1;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    cores = static_cast<unsigned>(std::max(CPU_COUNT(&mask), 1));
  const auto apply = [&](std::int64_t quota, std::int64_t period) {
    if (quota <= 0 || period <= 0) return;
    cores = static_cast<unsigned>(std::clamp<std::int64_t>((quota + period - 1) / period, 1, cores));
  };
  if (const auto path = cgroup_path(root, "")) {
    for_each_group(root + "/sys/fs/cgroup", *path, [&](const std::string& group) {
      const auto line = first_line(group + "/cpu.max");  // "max 100000" or "150000 100000"
      if (!line) return;
      std::istringstream in(*line);
      std::int64_t quota = 0;
      std::int64_t period = 0;
      if (in >> quota >> period) apply(quota, period);
    });
  }
  if (const auto path = cgroup_path(root, "cpu")) {
    for_each_group(root + "/sys/fs/cgroup/cpu", *path, [&](const std::string& group) {
      const auto quota = first_line(group + "/cpu.cfs_quota_us");  // -1: none
      const auto period = first_line(group + "/cpu.cfs_period_us");
      if (quota && period) {
        apply(parse_decimal<std::int64_t>(*quota).value_or(0),
              parse_decimal<std::int64_t>(*period).value_or(0));
      }
    });
  }
  return cores;
}

ResidentMemory::ResidentMemory() noexcept : fd_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}

ResidentMemory::~ResidentMemory() {
  if (fd_ >= 0) close(fd_);
}

std::size_t ResidentMemory::bytes() const noexcept {
  char text[128];
  const ssize_t size = fd_ < 0 ? -1 : pread(fd_, text, sizeof text, 0);
  if (size <= 0) return 0;
  const char* const end = text + size;
  const char* const space = std::find<const char*>(text, end, ' ');  // "total resident shared …", in pages
  std::size_t pages = 0;
  if (space == end || std::from_chars(space + 1, end, pages).ec != std::errc{}) return 0;
  static const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return pages * page;
}

proxy::OverloadLimits overload_limits(const Options& options, std::size_t descriptors,
                                      std::size_t cgroup_memory) noexcept {
  proxy::OverloadLimits limits;
  const std::size_t usable = descriptors > 2 * kReserved ? descriptors - kReserved : descriptors / 2;
  // Most clients are idle: two thirds of the descriptors for them leave one for each active exchange
  // upstream.
  limits.most_connections = std::max<std::size_t>(usable / 3 * 2, 1);
  if (options.most_connections != 0) {
    limits.most_connections = std::min(limits.most_connections, options.most_connections);
  }
  limits.most_memory = options.memory_limit != 0 ? options.memory_limit : cgroup_memory;
  return limits;
}

}  // namespace turnpike::control
