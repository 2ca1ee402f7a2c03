// Upgrades of the program: what the old process gives, what the new one takes, and when.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "control/activation.h"
#include "control/server.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;

// The successor answers no request before its upstreams' names have been looked up, or so long.
constexpr Duration kSettleTime = 5s;
constexpr Duration kSettleTurn = 10ms;
// Nobody waits for the old process to end, so clients get long to come back on connections that stand: each
// is told `Connection: close` with its next response, and closing one that is about to be used would break a
// request.
constexpr Duration kIdleGraceOnUpgrade = 15s;

}  // namespace

std::expected<void, std::string> Server::inherit() {
  auto inheritance = Inheritance::from_environment();
  if (!inheritance) return std::unexpected(inheritance.error());
  std::vector<InheritedSocket> sockets;
  Duration rotate_after = std::chrono::hours(tls::TicketKeys::kRotateHours);
  if (*inheritance) {
    inheritance_ = std::move(**inheritance);
    if (const auto received = inheritance_->receive(); !received) return received;
    const handover::State& state = inheritance_->state();
    tickets_->restore(state.current, state.previous);
    rotate_after = std::min(rotate_after, state.rotate_tickets_in);
    generation_ = state.configuration_generation;
    state_.upgrade.generation = state.process_generation + 1;
    sockets = inheritance_->take_sockets();
  } else {
    sockets = activated_sockets();
  }
  control_metrics_.upgrade_generation(state_.upgrade.generation);
  rotate_in(rotate_after);
  std::uint32_t number = 0;
  for (InheritedSocket& socket : sockets) {
    if (socket.entry.use == handover::Use::admin) {
      if (options_.admin != "off") given_admin_ = std::move(socket.fd);
    } else if (const std::string name = socket.entry.key; !ports_.spares().add(std::move(socket), number)) {
      log_.warning("control", "a socket that was given neither listens nor has an address", {{"name", name}});
    }
    ++number;
  }
  return {};
}

std::expected<void, std::string> Server::take_over() {
  if (!inheritance_) return {};
  const TimePoint end = loop_.refresh_now() + kSettleTime;
  while (!upstreams_->settled() && loop_.now() < end) loop_.turn(loop_.now() + kSettleTurn);
  return inheritance_->take_over(ports_.spares().taken());
}

void Server::say_serving() {
  admin_.resume();
  if (inheritance_) inheritance_->serving();
  inheritance_.reset();
  notify_.ready("serving");
  std::vector<io::Loop*> loops;
  for (const auto& worker : workers_) loops.push_back(&worker->loop());
  const auto interval =
      watchdog_interval(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), ::getpid());
  if (interval && notify_) watchdog_ = std::make_unique<Watchdog>(loop_, loops, notify_, log_, *interval);
  for (const SpareSockets::Spare& spare : ports_.spares().all()) {
    if (spare.used) continue;
    log_.warning("control", "a socket of the service manager is not used: no listener has its address",
                 {{"address", spare.address.text()}, {"name", spare.entry.key}});
  }
  if (!reload_later_.empty()) reload(std::exchange(reload_later_, {}));
}

void Server::begin_upgrade() {
  std::string why;
  if (upgrade_.running()) {
    why = "another upgrade is under way";
  } else if (state_.phase != Phase::serving) {
    why = handed_over_ ? "this process has been succeeded already" : "this process is not serving";
  }
  if (!why.empty()) {  // the one under way is not touched
    control_metrics_.upgrade_failed();
    return log_.error("control", "upgrade refused", {{"why", why}});
  }
  ++state_.upgrade.attempts;
  state_.upgrade.error.clear();
  if (::getpid() == 1) {
    return on_upgrade_failed(
        "this process is number 1 of its container, which ends with it: replace the container instead");
  }
  if (std::ranges::find(options_.paths, "-") != options_.paths.end())
    return on_upgrade_failed("the configuration came from standard input, which can be read only once");
  std::vector<OfferedSocket> sockets = ports_.offer();
  if (admin_.fd() >= 0) sockets.push_back({{handover::Use::admin, ""}, admin_.fd()});
  const auto started = upgrade_.start({.process_generation = state_.upgrade.generation,
                                       .configuration_generation = generation_,
                                       .rotate_tickets_in = rotate_at_ - loop_.now(),
                                       .current = tickets_->current(),
                                       .previous = tickets_->previous()},
                                      std::move(sockets));
  if (!started) return on_upgrade_failed(started.error());
  state_.upgrade.running = true;
  notify_.reloading("upgrading: the new process starts");
  log_.info("control", "upgrade: the new process starts");
}

void Server::on_upgraded(pid_t successor, std::vector<std::uint32_t> taken) {
  state_.upgrade.running = false;
  handed_over_ = true;
  admin_.hand_over();
  lives_on_ = ports_.kept_elsewhere(taken);
  notify_.main_process(successor, "serving");
  notify_ = Notify(nullptr);  // the successor speaks from now on
  watchdog_.reset();
  log_.info("control", "upgraded: the new process serves", {{"pid", std::int64_t{successor}}});
  if (!reload_later_.empty()) ::kill(successor, SIGHUP);
  begin_drain(0s, kIdleGraceOnUpgrade);
}

void Server::on_upgrade_failed(const std::string& why) {
  state_.upgrade.running = false;
  state_.upgrade.error = why;
  control_metrics_.upgrade_failed();
  log_.error("control", "upgrade failed; this process serves on", {{"why", why}});
  notify_.ready("serving; the last upgrade failed");
  if (!reload_later_.empty()) reload(std::exchange(reload_later_, {}));
}

}  // namespace turnpike::control
