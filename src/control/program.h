// Starting this program anew, as it is on the disk now.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace turnpike::control {

// The descriptor that a successor talks to its predecessor on, and what tells it that there is one.
inline constexpr int kHandoverFd = 3;
inline constexpr const char* kHandoverVariable = "TURNPIKE_UPGRADE";

// How this process was started.
struct CommandLine {
  std::vector<std::string> arguments;  // argv, argv[0] too
  std::string executable;              // where its file was at the start (/proc/self/exe)

  static CommandLine of_this_process(int argc, const char* const* argv);
};

// The file to run: argv[0] as the shell would find it now — so a symbolic link that was changed and a file
// that was replaced are followed —, else where the file was at the start. The error is for people.
std::expected<std::string, std::string> resolve_program(const CommandLine& command, std::string_view path);

// The environment of a successor: without what was meant for this process alone.
std::vector<std::string> successor_environment(const char* const* environment);

// Starts `program` with the arguments of `command`. Of our descriptors it gets the standard ones, and
// `handover` as kHandoverFd; no signal is blocked or ignored. The error is for people.
std::expected<pid_t, std::string> spawn(const std::string& program, const CommandLine& command, int handover);

// "exit code 3", "signal 11 (Segmentation fault)": of what waitpid() said.
std::string end_text(int status);

}  // namespace turnpike::control
