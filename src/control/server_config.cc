// Reading configurations and taking them into force.
#include <algorithm>
#include <semaphore>
#include <utility>

#include "control/ports_file.h"
#include "control/server.h"
#include "plan/diff.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAdoptionTime =
    1s;  // for a worker to take up a new configuration: it takes a turn of its loop
constexpr Duration kTidyAfter = 1s;  // after a change: exchanges of the old plan have mostly ended

}  // namespace

void Server::watch() {
  if (options_.paths.empty()) return;
  files_ = std::make_unique<FileWatch>(loop_, options_.paths, [this] { reload("files changed"); });
  if (!files_->working()) {
    log_.warning(
        "control",
        "files cannot all be watched: send SIGHUP after a change, or raise fs.inotify.max_user_watches");
  }
}

plan::CompileOptions Server::compile_options() {
  return {.bind = options_.bind.value_or(""),
          .address_usable = [this](const io::Address& address) { return address_usable(address); },
          .ephemeral_ports = options_.ephemeral_ports,
          .workers = workers_count_,
          .generation = generation_,
          .tickets = tickets_,
          .metrics = &metrics_,
          .families = &families_,
          .statuses = false};
}

bool Server::address_usable(const io::Address& address) {
  const auto [known, fresh] = usable_addresses_.try_emplace(address.ip());
  // Listening goes on where the address went away meanwhile: it may come back.
  if (fresh) known->second = ports_.has(address) || io::has_address(address);
  return known->second;
}

std::vector<resource::ResourceStatus> Server::statuses() {
  if (!state_.store) return {};
  plan::CompileOptions options = compile_options();
  options.metrics = nullptr;
  options.families = nullptr;
  options.statuses = true;
  auto statuses = compiler_.compile(state_.store, options).statuses;
  transitions_.stamp(statuses, state_.loaded);
  return statuses;
}

resource::Loaded Server::load() {
  if (options_.text.empty()) return loader_.load(options_.paths);
  const resource::NamedText text{options_.text_name, options_.text};
  return loader_.load(std::span(&text, 1));
}

Server::Candidate Server::read() {
  Candidate candidate;
  candidate.began = loop_.refresh_now();
  resource::Loaded loaded = load();
  // Of files that are watched only from now on a change may have been missed.
  if (files_ && files_->watch_also(loaded.files)) loaded = load();
  candidate.parsed = loop_.refresh_now();
  candidate.store = std::move(loaded.store);
  candidate.diagnostics = std::move(loaded.diagnostics);
  if (resource::has_errors(candidate.diagnostics)) return candidate;
  ++generation_;
  usable_addresses_.clear();
  plan::Compiled compiled = compiler_.compile(candidate.store, compile_options());
  candidate.telemetry = std::move(compiled.telemetry);
  for (resource::Diagnostic& d : compiled.diagnostics) candidate.diagnostics.push_back(std::move(d));
  if (!resource::has_errors(candidate.diagnostics)) candidate.plan = std::move(compiled.plan);
  candidate.compiled = loop_.refresh_now();
  return candidate;
}

std::expected<void, std::string> Server::apply(Candidate& candidate) {
  auto opened = ports_.open(*candidate.plan);
  if (!opened) return std::unexpected(opened.error());
  const auto assignment = upstreams_->update(candidate.plan->clusters);
  const bool first = state_.plan == nullptr;
  if (first) {
    if (const auto taken = take_over(); !taken) return taken;
  }
  // From here on nothing can fail.
  const auto adopted = std::make_shared<std::counting_semaphore<>>(0);
  for (const auto& worker : workers_) {
    if (first) worker->start();
    worker->publish(candidate.plan, assignment, opened->take(worker->index()),
                    [adopted] { adopted->release(); });
  }
  // What is said of the new configuration from here on is true; of a worker that is stuck it soon will be.
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (!adopted->try_acquire_for(kAdoptionTime)) break;
  }
  ports_.adopt(*candidate.plan);
  retired_.sweep();
  retired_.add(std::exchange(state_.plan, std::move(candidate.plan)));
  state_.store = std::move(candidate.store);
  state_.warnings = std::move(candidate.diagnostics);
  state_.loaded = std::chrono::system_clock::now();
  state_.refused.reset();
  if (state_.phase == Phase::starting) state_.phase = Phase::serving;
  certificates_.update(*state_.store, state_.loaded);
  control_metrics_.applied(state_.plan->generation, loop_.refresh_now() - candidate.began);
  changed_ = true;
  tidy_.set(kTidyAfter);
  return {};
}

void Server::refuse(std::string error, std::vector<resource::Diagnostic> diagnostics) {
  log_.error("control", "configuration refused; the one before serves on",
             {{"why", error}, {"generation", state_.plan->generation}});
  notify_.ready("serving; the latest configuration was refused: " + error);
  state_.refused = Refusal{std::chrono::system_clock::now(), std::move(error), std::move(diagnostics)};
  control_metrics_.refused();
}

void Server::reload(std::string_view why) {
  if (state_.phase == Phase::starting || upgrade_.running()) {
    reload_later_ = why;  // a plan that changes now would not have the sockets that a successor gets
    return;
  }
  if (state_.phase != Phase::serving) return;  // there is no use in it while draining
  if (std::ranges::find(options_.paths, "-") != options_.paths.end()) {
    return log_.warning("control", "not read anew: standard input can be read only once");
  }
  notify_.reloading("reading the configuration");
  Candidate candidate = read();
  if (!candidate.diagnostics.empty()) show_(candidate.diagnostics);
  if (!candidate.plan) return refuse("it has errors", std::move(candidate.diagnostics));
  // A file that was cut to nothing is valid YAML; to serve nothing on purpose there is SIGTERM.
  if (candidate.store->size() == 0 && state_.store->size() > 0) {
    return refuse("there is no resource in it any more", std::move(candidate.diagnostics));
  }
  const std::shared_ptr<const plan::Plan> before = state_.plan;
  if (const auto applied = apply(candidate); !applied) {
    return refuse(applied.error(), std::move(candidate.diagnostics));
  }
  const Duration took = loop_.refresh_now() - candidate.began;
  const std::string changes = plan::diff(*before, *state_.plan).text();
  const auto ms = [](Duration d) {
    return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(d).count()) / 1000.0;
  };
  log_.info("control", "configuration applied",
            {{"generation", state_.plan->generation},
             {"because", why},
             {"changes", changes},
             {"ms", ms(took)},
             {"read_ms", ms(candidate.parsed - candidate.began)},
             {"compile_ms", ms(candidate.compiled - candidate.parsed)}});
  if (const auto written = write_ports_file(); !written)
    log_.warning("control", "ports file not written", {{"why", written.error()}});
  notify_.ready("serving");
}

std::expected<void, std::string> Server::write_ports_file() const {
  if (options_.ports_file.empty()) return {};
  return write_atomically(options_.ports_file, ports_text(*state_.plan, ports_, admin_.address()));
}

}  // namespace turnpike::control
