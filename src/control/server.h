// Everything that runs, wired together: sources, compiler, sockets, upstreams, workers, admin API. The thread
// that calls run() is the control thread.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/admin_pages.h"
#include "control/admin_server.h"
#include "control/alarm.h"
#include "control/certificates.h"
#include "control/control_metrics.h"
#include "control/file_watch.h"
#include "control/inheritance.h"
#include "control/limits.h"
#include "control/notify.h"
#include "control/options.h"
#include "control/ports.h"
#include "control/retired_plans.h"
#include "control/signals.h"
#include "control/state.h"
#include "control/transitions.h"
#include "control/upgrade.h"
#include "control/upstream_log.h"
#include "control/watchdog.h"
#include "io/loop.h"
#include "observe/access_log.h"
#include "observe/families.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "plan/compile.h"
#include "proxy/overload.h"
#include "proxy/worker.h"
#include "resource/loader.h"
#include "tls/tickets.h"
#include "upstream/registry.h"
#include "upstream/resolver.h"

namespace turnpike::control {

// Shows what is wrong with a configuration to whoever watches the program's stderr.
using ShowDiagnostics = std::function<void(std::span<const resource::Diagnostic>)>;

class Server final : private Upgrade::Handler {
 public:
  // `log` must outlive the server.
  Server(Options options, observe::Log& log, ShowDiagnostics show);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts, serves, drains and ends; answers how the process is to end. Called once.
  Exit run();

 private:
  // What was read and compiled, before anything of it is in force.
  struct Candidate {
    std::shared_ptr<const resource::Store> store;
    std::shared_ptr<const plan::Plan> plan;  // null where reading or compiling found errors
    std::shared_ptr<const resource::TelemetryPolicy> telemetry;
    std::vector<resource::Diagnostic> diagnostics;
    TimePoint began, parsed, compiled;
  };

  // --- start ---
  Exit start();
  Exit cannot_start(std::string_view why);
  std::expected<void, std::string> open_admin();
  std::expected<void, std::string> open_access_log(const resource::TelemetryPolicy* policy);
  void make_workers();
  void watch();
  void say_ready() const;

  // --- configuration (server_config.cc) ---
  Candidate read();
  resource::Loaded load();
  plan::CompileOptions compile_options();
  bool address_usable(const io::Address& address);
  std::vector<resource::ResourceStatus> statuses();
  // Takes the candidate into force; or says in one sentence why it cannot be, and nothing has changed.
  std::expected<void, std::string> apply(Candidate& candidate);
  void refuse(std::string error, std::vector<resource::Diagnostic> diagnostics);
  void reload(std::string_view why);
  std::expected<void, std::string> write_ports_file() const;

  // --- upgrades of the program (server_upgrade.cc) ---
  // Takes what a predecessor or the service manager gives.
  std::expected<void, std::string> inherit();
  // The new process: waits until the old one lets go. Nothing if there is none.
  std::expected<void, std::string> take_over();
  // From here on this process answers.
  void say_serving();
  void begin_upgrade();
  void on_upgraded(pid_t successor, std::vector<std::uint32_t> taken) override;
  void on_upgrade_failed(const std::string& why) override;

  // --- life ---
  void on_signal(int number);
  void on_end_signal(int number);
  void reopen_access_log();
  void begin_drain(Duration delay, Duration idle_grace);
  void watch_drain();
  void tick();
  void tidy();
  void each_half_day();
  void rotate_in(Duration time);

  const Options options_;
  observe::Log& log_;
  const ShowDiagnostics show_;
  const unsigned workers_count_;

  io::Loop loop_;
  observe::Registry metrics_;
  State state_;  // its plan holds series of metrics_
  RetiredPlans retired_;
  const observe::Families families_;
  ControlMetrics control_metrics_;
  Certificates certificates_;
  Pages pages_;
  AdminServer admin_;
  resource::Loader loader_;
  std::shared_ptr<tls::TicketKeys> tickets_;
  plan::Compiler compiler_;
  Transitions transitions_;
  UpstreamLog upstream_log_;
  ResidentMemory memory_;
  Ports ports_;
  Notify notify_;
  std::optional<Inheritance> inheritance_;  // until this process serves
  Descriptor given_admin_;                  // a listening socket for the admin API
  std::uint64_t generation_ = 0;
  std::map<std::string, bool> usable_addresses_;  // as found when the configuration was read last

  // Made when the first configuration is good. Destroyed in the opposite order: workers go before what they
  // use.
  std::unique_ptr<observe::AccessLog> access_log_;
  std::unique_ptr<proxy::Overload> overload_;
  std::unique_ptr<upstream::Resolver> resolver_;
  std::unique_ptr<upstream::Registry> upstreams_;
  std::vector<std::unique_ptr<proxy::Worker>> workers_;

  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<FileWatch> files_;
  Alarm tick_;
  Alarm tidy_;
  Alarm half_day_;
  Alarm drain_;
  Upgrade upgrade_;
  std::string reload_later_;  // why; asked for while an upgrade was under way
  bool changed_ = true;       // since tidy() ran last
  Duration idle_grace_{};
  bool workers_drain_ = false;
  bool handed_over_ = false;      // a successor serves
  bool asked_to_end_ = false;     // by a signal
  proxy::PortKeys lives_on_;      // ports whose sockets are not ours alone
  TimePoint rotate_at_ = kNever;  // of the ticket keys
  TimePoint drain_end_ = kNever;
};

}  // namespace turnpike::control
