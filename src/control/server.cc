#include "control/server.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "control/access_log_config.h"
#include "control/loading.h"
#include "control/seed.h"
#include "upstream/cares_resolver.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTick = 200ms;     // how often memory is looked at
constexpr Duration kTidyEvery = 60s;  // series of metrics that nobody has used for long
constexpr Duration kDrainWatch = 10ms;
constexpr Duration kIdleGraceOnTerm = 5s;   // clients may be about to send on a connection that looks idle
constexpr Duration kIdleGraceOnInt = 50ms;  // somebody waits at a terminal
constexpr Duration kCutTime = 1s;           // for workers to cut what is left

// What a predecessor tells whoever asked for the upgrade.
std::string errors_text(std::span<const resource::Diagnostic> diagnostics) {
  constexpr std::size_t kMost = 20;
  std::string out = "the configuration has errors";
  std::size_t shown = 0;
  for (const resource::Diagnostic& d : diagnostics) {
    if (d.severity == resource::Severity::error && ++shown <= kMost) out += "\n" + d.text();
  }
  if (shown > kMost) out += "\nand " + std::to_string(shown - kMost) + " more";
  return out;
}

}  // namespace

Server::Server(Options options, observe::Log& log, ShowDiagnostics show)
    : options_(std::move(options)),
      log_(log),
      show_(std::move(show)),
      workers_count_(options_.workers != 0 ? options_.workers : usable_cores()),
      metrics_(workers_count_),
      families_(observe::define_families(metrics_)),
      control_metrics_(metrics_, families_.process),
      certificates_(metrics_, families_.certificate, log_),
      pages_(state_, metrics_, [this] { return statuses(); }),
      admin_(loop_, pages_),
      loader_(load_options()),
      tickets_(std::make_shared<tls::TicketKeys>()),
      upstream_log_(log),
      ports_({.workers = workers_count_, .share = options_.share_ports}),
      notify_(Notify::from_environment()),
      tick_(loop_, [this] { tick(); }),
      tidy_(loop_, [this] { tidy(); }),
      half_day_(loop_, [this] { each_half_day(); }),
      drain_(loop_, [this] { watch_drain(); }),
      upgrade_(loop_, options_.command, options_.upgrade_timeout, *this) {
  state_.started = std::chrono::system_clock::now();
}

Server::~Server() = default;

Exit Server::run() {
  if (const Exit code = start(); code != Exit::ok) return code;
  say_serving();
  say_ready();
  loop_.run();
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  workers_.clear();
  access_log_->flush();
  log_.info("control", "ended");
  return Exit::ok;
}

Exit Server::start() {
  const std::size_t descriptors = raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // ignored, it would let no successor's exit code through
  // Before any thread: all of them inherit the mask.
  signals_ = std::make_unique<Signals>(
      loop_, std::initializer_list<int>{SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGCHLD},
      [this](int number) { on_signal(number); });
  auto started = inherit();
  if (started) started = open_admin();
  if (!started) return cannot_start(started.error());
  watch();  // before reading, so that no change falls between
  Candidate candidate = read();
  if (!candidate.diagnostics.empty()) show_(candidate.diagnostics);
  if (!candidate.plan) {
    log_.error("control", "not started: the configuration has errors");
    if (inheritance_) inheritance_->failed(errors_text(candidate.diagnostics));
    return Exit::bad_configuration;
  }
  overload_ =
      std::make_unique<proxy::Overload>(overload_limits(options_, descriptors, cgroup_memory_limit()));
  started = open_access_log(candidate.telemetry.get());
  if (started) {
    make_workers();
    started = apply(candidate);
  }
  if (!started) return cannot_start(started.error());
  if (const auto written = write_ports_file(); !written) {
    if (!inheritance_) return cannot_start(written.error());
    log_.warning("control", "ports file not written", {{"why", written.error()}});  // it serves already
  }
  if (overload_->limits().most_memory != 0) tick();
  return Exit::ok;
}

Exit Server::cannot_start(std::string_view why) {
  log_.error("control", "cannot start", {{"why", why}});
  if (inheritance_) inheritance_->failed(std::string(why));
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  return Exit::cannot_start;
}

std::expected<void, std::string> Server::open_admin() {
  if (options_.admin == "off") return {};
  if (given_admin_) {
    const auto address = parse_admin_address(io::local_address(given_admin_.get()).text());
    if (!address) return std::unexpected("the socket for the admin API: " + address.error());
    if (!prepare_listening(given_admin_.get()))
      return std::unexpected("the socket for the admin API is no listening stream socket");
    admin_.adopt(given_admin_.release());
    if (!inheritance_) admin_.resume();  // else the predecessor answers until it lets go
    return {};
  }
  const auto address = parse_admin_address(options_.admin);
  if (!address) return std::unexpected("--admin: " + address.error());
  const auto opened = admin_.listen(*address);
  if (opened) return {};
  return std::unexpected("the admin API cannot listen on " + opened.error() +
                         "; give it another address (--admin 127.0.0.1:9902), or none (--admin off)");
}

std::expected<void, std::string> Server::open_access_log(const resource::TelemetryPolicy* policy) {
  const auto config = access_log_config(options_.access_log, policy);
  if (!config) return std::unexpected(config.error());
  auto log = observe::AccessLog::open(*config, workers_count_, metrics_, families_);
  if (!log) return std::unexpected("access log: " + log.error());
  access_log_ = std::move(*log);
  return {};
}

void Server::make_workers() {
  resolver_ = upstream::make_cares_resolver(loop_);
  upstreams_ = std::make_unique<upstream::Registry>(
      loop_, upstream::RegistryOptions{.workers = workers_count_,
                                       .seed = random_seed(),
                                       .resolver = resolver_.get(),
                                       .events = &upstream_log_,
                                       .metrics = &metrics_,
                                       .endpoint_metrics = &families_.endpoint});
  const proxy::Shared shared{.workers = workers_count_,
                             .overload = *overload_,
                             .upstreams = *upstreams_,
                             .metrics = metrics_,
                             .families = families_,
                             .access_log = *access_log_};
  for (unsigned i = 0; i < workers_count_; ++i) {
    workers_.push_back(std::make_unique<proxy::Worker>(i, random_seed(), shared));
  }
  pages_.serve(*upstreams_, *overload_, workers_count_);
}

void Server::say_ready() const {
  if (state_.plan->ports.empty())
    log_.warning("control", "nothing is served: there is no Gateway with a valid listener");
  for (const auto& port : state_.plan->ports) {
    for (const plan::Listener& listener : port->listeners) {
      const std::string address = ports_.bound(*port).text();
      const std::string_view protocol = plan::protocol_name(*port, listener);
      if (listener.hostname.empty()) {
        log_.info("control", "listening",
                  {{"listener", listener.name}, {"address", address}, {"protocol", protocol}});
      } else {
        log_.info("control", "listening",
                  {{"listener", listener.name},
                   {"address", address},
                   {"protocol", protocol},
                   {"hostname", listener.hostname}});
      }
    }
  }
  const std::string& admin = admin_.address();
  log_.info("control", "ready",
            {{"version", TURNPIKE_VERSION},
             {"workers", std::uint64_t{workers_count_}},
             {"admin", admin.empty() ? std::string_view("off") : std::string_view(admin)}});
}

// --- life
// ------------------------------------------------------------------------------------------------------------

void Server::on_signal(int number) {
  switch (number) {
    case SIGHUP:
      return reload("SIGHUP");
    case SIGUSR1:
      return reopen_access_log();
    case SIGUSR2:
      return begin_upgrade();
    case SIGCHLD:
      return upgrade_.on_child();
    default:
      return on_end_signal(number);
  }
}

void Server::on_end_signal(int number) {
  if (std::exchange(asked_to_end_, true)) {
    log_.warning("control", "second signal: ending at once");
    return loop_.stop();
  }
  // A service manager sends it to both processes: it means the successor.
  if (handed_over_) return log_.info("control", "draining already: a further signal ends it at once");
  upgrade_.cancel("the process was asked to end");
  notify_.stopping("draining");
  lives_on_ = ports_.kept_elsewhere({});
  number == SIGTERM ? begin_drain(options_.drain_delay, kIdleGraceOnTerm) : begin_drain(0s, kIdleGraceOnInt);
}

void Server::reopen_access_log() {
  if (!access_log_) return;
  access_log_->reopen([this](int error) {
    loop_.post([this, error] {
      if (error == 0) return log_.info("control", "access log opened anew");
      log_.error("control", "access log not opened anew: the old file is written on",
                 {{"why", std::strerror(error)}});
    });
  });
}

void Server::begin_drain(Duration delay, Duration idle_grace) {
  state_.phase = Phase::draining;
  idle_grace_ = std::min(idle_grace, options_.drain_timeout);
  const auto seconds = [](Duration d) { return std::chrono::duration<double>(d).count(); };
  log_.info("control", "draining",
            {{"delay_s", seconds(delay)},
             {"timeout_s", seconds(options_.drain_timeout)},
             {"connections", std::uint64_t{overload_->connections()}}});
  drain_.set(delay);
}

void Server::watch_drain() {
  if (!workers_drain_) {
    workers_drain_ = true;
    drain_end_ = loop_.now() + options_.drain_timeout + kCutTime;
    for (const auto& worker : workers_) worker->drain(idle_grace_, options_.drain_timeout, lives_on_);
  } else if (std::ranges::all_of(workers_, [](const auto& worker) { return worker->drained(); })) {
    return loop_.stop();
  } else if (loop_.now() >= drain_end_) {
    log_.warning("control", "drain timeout passed: cutting what is left",
                 {{"connections", std::uint64_t{overload_->connections()}}});
    return loop_.stop();
  }
  drain_.set(kDrainWatch);
}

void Server::tick() {
  overload_->set_resident_memory(memory_.bytes());
  tick_.set(kTick);
}

void Server::tidy() {
  metrics_.expire(loop_.now());
  retired_.sweep();
  if (std::exchange(changed_, false)) {
    statuses();        // so that it is known when conditions changed, also where nobody asks
    ::malloc_trim(0);  // the plan before and what was read for the new one lie about in many small pieces
  }
  tidy_.set(kTidyEvery);
}

void Server::each_half_day() {
  tickets_->rotate();
  certificates_.warn(std::chrono::system_clock::now());
  rotate_in(std::chrono::hours(tls::TicketKeys::kRotateHours));
}

void Server::rotate_in(Duration time) {
  rotate_at_ = loop_.now() + time;
  half_day_.set(time);
}

}  // namespace turnpike::control
