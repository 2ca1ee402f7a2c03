#include "control/admin_pages.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/json_writer.h"
#include "base/time_text.h"
#include "control/cluster_text.h"
#include "control/config_text.h"
#include "resource/suggest.h"

namespace turnpike::control {
namespace {

struct Page {
  std::string_view path;
  std::string_view what;
};
constexpr std::array<Page, 7> kPages{{
    {"/healthz", "200 as long as the process lives"},
    {"/readyz", "200 while it serves; 503 before the first configuration and while draining"},
    {"/metrics", "metrics in Prometheus or OpenMetrics text"},
    {"/status", "the configuration's state and the conditions of each resource"},
    {"/config", "the resources in force, secrets redacted"},
    {"/clusters", "upstreams: endpoints, health, counters"},
    {"/upgrade", "upgrades of the program: process, generation, the last failure"},
}};

AdminResponse text(std::string_view line) {
  return {200, "text/plain; charset=utf-8", std::string(line) + '\n'};
}

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::serving:
      return "serving";
    case Phase::draining:
      break;
  }
  return "draining";
}

std::string_view name_of(proxy::Pressure pressure) noexcept {
  switch (pressure) {
    case proxy::Pressure::none:
      return "none";
    case proxy::Pressure::high:
      return "high";
    case proxy::Pressure::critical:
      break;
  }
  return "critical";
}

AdminResponse not_found(std::string_view path) {
  std::array<std::string_view, kPages.size()> known;
  std::transform(kPages.begin(), kPages.end(), known.begin(), [](const Page& page) { return page.path; });
  const std::string hint = resource::did_you_mean(path, known);
  return admin_error(404, "there is no page " + std::string(path) + "; " +
                              (hint.empty() ? "/ lists those there are" : hint));
}

}  // namespace

AdminResponse Pages::get(const AdminRequest& request) {
  if (request.path == "/") return index();
  if (request.path == "/healthz") return text("ok");
  if (request.path == "/readyz") return ready();
  if (request.path == "/metrics") return metrics(request.accept);
  if (request.path == "/status") return status();
  if (request.path == "/config") return config();
  if (request.path == "/clusters") return clusters();
  if (request.path == "/upgrade") return upgrade(request.accept);
  return not_found(request.path);
}

AdminResponse Pages::index() const {
  AdminResponse response;
  JsonWriter json(response.body, 2);
  json.begin_object()
      .key("program")
      .value("turnpike")
      .key("version")
      .value(TURNPIKE_VERSION)
      .key("pages")
      .begin_object();
  for (const Page& page : kPages) json.key(page.path).value(page.what);
  json.end_object().end_object();
  response.body += '\n';
  return response;
}

AdminResponse Pages::ready() const {
  if (state_.phase == Phase::serving) return text("ready");
  AdminResponse response = text(name_of(state_.phase));
  response.status = 503;
  return response;
}

AdminResponse Pages::metrics(std::string_view accept) const {
  using Format = observe::Registry::Format;
  const Format format =
      accept.find("application/openmetrics-text") == accept.npos ? Format::prometheus : Format::openmetrics;
  return {200, std::string(observe::Registry::content_type(format)), metrics_.render(format)};
}

AdminResponse Pages::status() const {
  AdminResponse response;
  JsonWriter json(response.body, 2);
  json.begin_object().key("version").value(TURNPIKE_VERSION).key("phase").value(name_of(state_.phase));
  json.key("ready")
      .value(state_.phase == Phase::serving)
      .key("pid")
      .value(::getpid())
      .key("started")
      .value(utc_text(state_.started));
  if (overload_ != nullptr) {
    json.key("workers").value(workers_).key("connections").value(overload_->connections());
    json.key("pressure").value(name_of(overload_->pressure()));
  }
  json.key("configuration").begin_object().key("generation").value(state_.plan ? state_.plan->generation : 0);
  if (state_.plan) json.key("loaded").value(utc_text(state_.loaded));
  json.key("warnings").begin_array();
  for (const auto& warning : state_.warnings) write_json(json, warning);
  json.end_array();
  json.key("refused");
  if (state_.refused) {
    json.begin_object()
        .key("at")
        .value(utc_text(state_.refused->at))
        .key("error")
        .value(state_.refused->error)
        .key("diagnostics")
        .begin_array();
    for (const auto& diagnostic : state_.refused->diagnostics) write_json(json, diagnostic);
    json.end_array().end_object();
  } else {
    json.null();
  }
  json.end_object().key("resources").begin_array();
  for (const auto& status : statuses_()) write_json(json, status);
  json.end_array().end_object();
  response.body += '\n';
  return response;
}

AdminResponse Pages::config() const {
  if (!state_.store) return admin_error(503, "there is no configuration yet");
  AdminResponse response;
  JsonWriter json(response.body, 2);
  json.begin_object()
      .key("generation")
      .value(state_.plan->generation)
      .key("loaded")
      .value(utc_text(state_.loaded))
      .key("resources");
  write_resources(json, *state_.store);
  json.end_object();
  response.body += '\n';
  return response;
}

AdminResponse Pages::clusters() const {
  if (upstreams_ == nullptr) return admin_error(503, "there is no configuration yet");
  AdminResponse response;
  JsonWriter json(response.body, 2);
  json.begin_object().key("clusters");
  write_clusters(json, upstreams_->status());
  json.end_object();
  response.body += '\n';
  return response;
}

// As lines for `turnpike upgrade` (admin_client.h), which reads no JSON.
AdminResponse Pages::upgrade(std::string_view accept) const {
  const UpgradeState& upgrade = state_.upgrade;
  if (accept.starts_with("text/plain")) {
    return text("pid " + std::to_string(::getpid()) + "\nversion " TURNPIKE_VERSION "\ngeneration " +
                std::to_string(upgrade.generation) + "\nrunning " + (upgrade.running ? "1" : "0") +
                "\nattempts " + std::to_string(upgrade.attempts) + "\nerror " + upgrade.error);
  }
  AdminResponse response;
  JsonWriter json(response.body, 2);
  json.begin_object().key("pid").value(::getpid()).key("version").value(TURNPIKE_VERSION);
  json.key("generation").value(upgrade.generation).key("running").value(upgrade.running);
  json.key("attempts").value(upgrade.attempts).key("error");
  if (upgrade.error.empty()) {
    json.null();
  } else {
    json.value(upgrade.error);
  }
  json.end_object();
  response.body += '\n';
  return response;
}

}  // namespace turnpike::control
