// `turnpike upgrade`: asks a running process to start its successor, and waits for the outcome.
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "cli/commands.h"
#include "control/admin_client.h"
#include "control/admin_server.h"

namespace turnpike::cli {
namespace {

using namespace std::chrono_literals;
using control::Exit;
using control::UpgradeReport;

constexpr Duration kAnswerTime = 5s;  // for each answer of the admin API
constexpr Duration kPause = 50ms;     // between two looks

Exit not_upgraded(const std::string& why) {
  std::fprintf(stderr, "turnpike upgrade: %s\n", why.c_str());
  return Exit::not_upgraded;
}

std::expected<UpgradeReport, std::string> look(const io::Address& address) {
  const auto text = control::admin_get(address, "/upgrade", kAnswerTime);
  if (!text) return std::unexpected(text.error());
  return control::parse_upgrade_report(*text);
}

std::string cannot_signal(std::int64_t pid, int error) {
  std::string why = "process " + std::to_string(pid) + " cannot be asked: " + std::strerror(error);
  if (error == EPERM) why += "; do it as its user, or as root";
  if (error == ESRCH) why += "; does it run in another container?";
  return why;
}

}  // namespace

Exit upgrade(const Arguments& arguments) {
  // The admin API only reads. Who may upgrade is who may send the process a signal.
  const io::Address address = *control::parse_admin_address(arguments.options.admin);
  const auto began = std::chrono::steady_clock::now();
  const auto before = look(address);
  if (!before) return not_upgraded(before.error());
  if (before->running) return not_upgraded("another upgrade is under way");
  if (::kill(static_cast<pid_t>(before->pid), SIGUSR2) != 0)
    return not_upgraded(cannot_signal(before->pid, errno));
  while (std::chrono::steady_clock::now() - began < arguments.patience) {
    std::this_thread::sleep_for(kPause);
    const auto now = look(address);
    if (!now) continue;  // between the two of them for a moment
    if (now->pid != before->pid) {
      const auto ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began)
              .count();
      std::printf("upgraded: process %lld (%s) has taken over from %lld (%s) after %lld ms\n",
                  static_cast<long long>(now->pid), now->version.c_str(), static_cast<long long>(before->pid),
                  before->version.c_str(), static_cast<long long>(ms));
      return Exit::ok;
    }
    if (now->attempts > before->attempts && !now->running)
      return not_upgraded(now->error + "\nThe process that ran before (" + std::to_string(now->pid) +
                          ") serves on.");
  }
  return not_upgraded("no outcome in time; the log of process " + std::to_string(before->pid) + " says more");
}

}  // namespace turnpike::cli
