#include "control/activation.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"

namespace turnpike::control {

std::vector<InheritedSocket> activated_sockets(const ActivationEnvironment& environment, pid_t own,
                                               int first) {
  std::vector<InheritedSocket> out;
  if (environment.fds == nullptr || environment.pid == nullptr) return out;
  if (parse_decimal<pid_t>(environment.pid) != own) return out;
  const auto count = parse_decimal<int>(environment.fds);
  if (!count) return out;
  std::string_view names = environment.names == nullptr ? "" : environment.names;
  for (int i = 0; i < std::min(*count, kMostActivated); ++i) {
    const std::string_view name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const int fd = first + i;
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
    const std::string_view kept = name.substr(0, handover::kMostKey);
    out.push_back({{name == kAdminName ? handover::Use::admin : handover::Use::activated, std::string(kept)},
                   Descriptor(fd)});
  }
  return out;
}

std::vector<InheritedSocket> activated_sockets() {
  auto out = activated_sockets({.fds = std::getenv("LISTEN_FDS"),
                                .pid = std::getenv("LISTEN_PID"),
                                .names = std::getenv("LISTEN_FDNAMES")},
                               ::getpid());
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}) ::unsetenv(name);
  return out;
}

}  // namespace turnpike::control
