// Socket activation: listening sockets that the service manager opened (sd_listen_fds(3)).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "control/inheritance.h"

namespace turnpike::control {

// More are not looked at.
inline constexpr int kMostActivated = 1024;
// Where LISTEN_FDNAMES says so, a socket is the admin API's.
inline constexpr const char* kAdminName = "admin";

struct ActivationEnvironment {
  const char* fds = nullptr;    // LISTEN_FDS
  const char* pid = nullptr;    // LISTEN_PID
  const char* names = nullptr;  // LISTEN_FDNAMES
};

// Descriptors from `first` on, made close-on-exec; none if they are meant for another process. `key` is the
// socket's name.
std::vector<InheritedSocket> activated_sockets(const ActivationEnvironment& environment, pid_t own,
                                               int first = 3);
// Of this process; clears the variables.
std::vector<InheritedSocket> activated_sockets();

}  // namespace turnpike::control
