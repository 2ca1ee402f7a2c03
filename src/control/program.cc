#include "control/program.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

namespace turnpike::control {
namespace {

bool is_program(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// posix_spawn's attributes and file actions as values.
struct Spawning {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  Spawning() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~Spawning() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

CommandLine CommandLine::of_this_process(int argc, const char* const* argv) {
  CommandLine out{.arguments = {argv, argv + argc}, .executable = {}};
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size > 0) out.executable.assign(path.data(), static_cast<std::size_t>(size));
  return out;
}

std::expected<std::string, std::string> resolve_program(const CommandLine& command, std::string_view path) {
  const std::string name = command.arguments.empty() ? "" : command.arguments.front();
  if (name.find('/') != std::string::npos) {
    if (is_program(name)) return name;
  } else if (!name.empty()) {
    while (!path.empty()) {
      const std::string_view folder = path.substr(0, path.find(':'));
      path.remove_prefix(std::min(path.size(), folder.size() + 1));
      const std::string candidate = (folder.empty() ? "." : std::string(folder)) + "/" + name;
      if (is_program(candidate)) return candidate;
    }
  }
  if (!command.executable.empty() && is_program(command.executable)) return command.executable;
  return std::unexpected("there is no program to start: neither '" + name + "' nor '" + command.executable +
                         "' is one that may be executed");
}

std::vector<std::string> successor_environment(const char* const* environment) {
  // Sockets come by the hand-over; WATCHDOG_PID names this process.
  static constexpr std::array<std::string_view, 5> kOurs{
      "LISTEN_FDS=", "LISTEN_PID=", "LISTEN_FDNAMES=", "WATCHDOG_PID=", "TURNPIKE_UPGRADE="};
  std::vector<std::string> out;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    bool ours = false;
    for (const std::string_view name : kOurs) ours = ours || entry.starts_with(name);
    if (!ours) out.emplace_back(entry);
  }
  out.push_back(std::string(kHandoverVariable) + "=" + std::to_string(kHandoverFd));
  return out;
}

std::expected<pid_t, std::string> spawn(const std::string& program, const CommandLine& command,
                                        int handover) {
  Spawning how;
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&how.attributes, &none);
  posix_spawnattr_setsigdefault(&how.attributes, &all);
  posix_spawnattr_setflags(&how.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_adddup2(&how.files, handover, kHandoverFd);
  posix_spawn_file_actions_addclosefrom_np(&how.files, kHandoverFd + 1);
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = successor_environment(::environ);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, program.c_str(), &how.files, &how.attributes,
                                  pointers(arguments).data(), pointers(environment).data());
  if (error != 0) return std::unexpected("'" + program + "' cannot be started: " + std::strerror(error));
  return child;
}

std::string end_text(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return "signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace turnpike::control
