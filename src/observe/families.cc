#include "observe/families.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

#include "http/h2/limits.h"

namespace turnpike::observe {
namespace {

constexpr std::array<std::string_view, 6> kStatusClasses = {"1xx", "2xx", "3xx", "4xx", "5xx", "none"};
constexpr std::array<std::string_view, 3> kGrpcClasses = {"ok", "client", "server"};
constexpr std::array<std::string_view, 3> kHandshakes = {"full", "resumed", "failed"};
constexpr std::array<std::string_view, 2> kResets = {"client", "gateway"};
constexpr std::array<std::string_view, 3> kDatagrams = {"received", "sent", "dropped"};
constexpr std::array<std::string_view, 2> kEjections = {"outlier", "health_check"};
constexpr std::array<std::string_view, 2> kReloads = {"ok", "failed"};

// The label values of reason(): the names of all kinds of error; "none" for the first.
constexpr std::size_t kReasons = static_cast<std::size_t>(ErrorKind::internal) + 1;
std::array<std::string_view, kReasons> reasons() {
  std::array<std::string_view, kReasons> out;
  out[0] = "none";
  for (std::size_t i = 1; i < kReasons; ++i) out[i] = name_of(static_cast<ErrorKind>(i));
  return out;
}

// The label values of http2_violations_total.
constexpr std::size_t kViolations = 1 + http::h2::kBudgets;
std::array<std::string_view, kViolations> violations() {
  std::array<std::string_view, kViolations> out;
  out[0] = "protocol";
  for (std::size_t i = 1; i < kViolations; ++i)
    out[i] = http::h2::name_of(static_cast<http::h2::Budget>(i - 1));
  return out;
}

RouteMetrics define_route(Registry& r) {
  RouteMetrics m;
  m.group = r.group({"listener", "route"});
  m.requests = r.counter(m.group, {.name = "requests_total",
                                   .help = "Requests by the class of the status that was sent.",
                                   .variant_label = "status_class",
                                   .variants = kStatusClasses});
  m.grpc_requests = r.counter(m.group, {.name = "grpc_requests_total",
                                        .help = "gRPC calls by whom their status blames.",
                                        .variant_label = "grpc_status_class",
                                        .variants = kGrpcClasses});
  m.duration =
      r.histogram(m.group, {.name = "request_duration_seconds",
                            .help = "From the first byte of a request to the last of its response."});
  m.request_bytes =
      r.counter(m.group, {.name = "request_body_bytes_total", .help = "Bytes of request bodies."});
  m.response_bytes =
      r.counter(m.group, {.name = "response_body_bytes_total", .help = "Bytes of response bodies."});
  m.retries = r.counter(m.group, {.name = "retries_total", .help = "Attempts after the first."});
  m.tunnels = r.gauge(m.group, {.name = "active_tunnels",
                                .help = "WebSockets and other upgraded connections that are open."});
  m.budget_exhausted = r.counter(m.group, {.name = "retry_budget_exhausted_total",
                                           .help = "Retries that the retry budget did not allow."});
  return m;
}

ListenerMetrics define_listener(Registry& r) {
  const auto names = reasons();
  ListenerMetrics m;
  m.group = r.group({"listener"});
  m.connections = r.counter(m.group, {.name = "connections_total", .help = "Connections accepted."});
  m.active_connections = r.gauge(m.group, {.name = "active_connections", .help = "Connections open now."});
  m.active_requests = r.gauge(m.group, {.name = "active_requests", .help = "Requests in progress now."});
  m.refused = r.counter(m.group, {.name = "connections_refused_total",
                                  .help = "Connections closed before a request, by reason.",
                                  .variant_label = "reason",
                                  .variants = names});
  m.responses =
      r.counter(m.group, {.name = "gateway_responses_total",
                          .help = "Responses made by the gateway itself, by reason (response_flags).",
                          .variant_label = "reason",
                          .variants = names});
  m.received_bytes =
      r.counter(m.group, {.name = "received_bytes_total", .help = "Bytes received from clients."});
  m.sent_bytes = r.counter(m.group, {.name = "sent_bytes_total", .help = "Bytes sent to clients."});
  m.handshakes = r.counter(m.group, {.name = "tls_handshakes_total",
                                     .help = "TLS handshakes with clients, by how they ended.",
                                     .variant_label = "result",
                                     .variants = kHandshakes});
  m.http2_streams = r.counter(
      m.group, {.name = "http2_streams_total", .help = "Streams that clients opened on HTTP/2 connections."});
  m.http2_active_streams =
      r.gauge(m.group, {.name = "http2_active_streams", .help = "Streams that are open now."});
  m.http2_resets = r.counter(m.group, {.name = "http2_resets_total",
                                       .help = "Streams that were cut off, by whom.",
                                       .variant_label = "by",
                                       .variants = kResets});
  m.http2_violations =
      r.counter(m.group, {.name = "http2_violations_total",
                          .help = "HTTP/2 connections ended for a fault: the protocol, or the budget that "
                                  "a flood of frames spent.",
                          .variant_label = "rule",
                          .variants = violations()});
  return m;
}

L4Metrics define_l4(Registry& r) {
  const auto names = reasons();
  L4Metrics m;
  m.group = r.group({"listener", "route"});
  m.sessions = r.counter(m.group, {.name = "l4_sessions_total",
                                   .help = "Connections and UDP sessions that have ended, by reason.",
                                   .variant_label = "reason",
                                   .variants = names});
  m.active_sessions =
      r.gauge(m.group, {.name = "l4_active_sessions", .help = "Connections and UDP sessions open now."});
  m.duration = r.histogram(m.group, {.name = "l4_session_duration_seconds",
                                     .help = "From the beginning of a connection or session to its end."});
  m.received_bytes = r.counter(m.group, {.name = "l4_received_bytes_total",
                                         .help = "Bytes received from clients, of ended sessions."});
  m.sent_bytes = r.counter(
      m.group, {.name = "l4_sent_bytes_total", .help = "Bytes sent to clients, of ended sessions."});
  m.retries = r.counter(m.group,
                        {.name = "l4_connect_retries_total", .help = "Attempts to connect after the first."});
  m.datagrams = r.counter(m.group, {.name = "l4_datagrams_total",
                                    .help = "Datagrams from clients, to clients, and dropped.",
                                    .variant_label = "what",
                                    .variants = kDatagrams});
  m.sessions_displaced =
      r.counter(m.group, {.name = "l4_sessions_displaced_total",
                          .help = "UDP sessions that made room for newer ones before their time."});
  return m;
}

EndpointMetrics define_endpoint(Registry& r) {
  const auto names = reasons();
  EndpointMetrics m;
  m.group = r.group({"upstream", "endpoint"});
  m.requests = r.counter(m.group, {.name = "upstream_requests_total",
                                   .help = "Attempts by the class of the status that was received.",
                                   .variant_label = "status_class",
                                   .variants = kStatusClasses});
  m.failures = r.counter(m.group, {.name = "upstream_failures_total",
                                   .help = "Attempts that ended without a response, by reason.",
                                   .variant_label = "reason",
                                   .variants = names});
  m.duration = r.histogram(m.group, {.name = "upstream_request_duration_seconds",
                                     .help = "From the start of an attempt to the head of its response."});
  m.connects = r.counter(m.group, {.name = "upstream_connects_total", .help = "Connections made."});
  m.connect_duration = r.histogram(m.group, {.name = "upstream_connect_duration_seconds",
                                             .help = "Time to connect, with the TLS handshake."});
  m.active_connections = r.gauge(
      m.group, {.name = "upstream_active_connections", .help = "Connections in use by a request now."});
  m.idle_connections =
      r.gauge(m.group, {.name = "upstream_idle_connections", .help = "Connections in the pool now."});
  m.active_requests =
      r.gauge(m.group, {.name = "upstream_active_requests", .help = "Attempts in progress now."});
  m.ejections = r.counter(m.group, {.name = "upstream_ejections_total",
                                    .help = "Times that the endpoint was taken out, by cause.",
                                    .variant_label = "cause",
                                    .variants = kEjections});
  return m;
}

ProcessMetrics define_process(Registry& r) {
  ProcessMetrics m;
  m.group = r.group({});
  m.access_log_records =
      r.counter(m.group, {.name = "access_log_records_total", .help = "Lines for the access log."});
  m.access_log_dropped = r.counter(m.group, {.name = "access_log_dropped_total",
                                             .help = "Lines left out because the writer did not keep up."});
  m.access_log_failures = r.counter(
      m.group,
      {.name = "access_log_failures_total", .help = "Writes and reopenings of the access log that failed."});
  m.reloads = r.counter(m.group, {.name = "config_reloads_total",
                                  .help = "Configurations read, by result.",
                                  .variant_label = "result",
                                  .variants = kReloads});
  m.reload_time = r.gauge(m.group, {.name = "config_last_reload_success_timestamp_seconds",
                                    .help = "When the running configuration was loaded, unix time."});
  m.configuration_ok = r.gauge(
      m.group,
      {.name = "config_ok", .help = "1 while the running configuration is the latest one that was read."});
  m.series = r.permanent(m.group, {});
  return m;
}

// What the operating system knows of the process. The names are those that Prometheus's own libraries use.
struct SystemMetrics {
  Series series;
  Counter cpu;
  Gauge memory, virtual_memory, descriptors, most_descriptors, threads, start;
  std::int64_t started_ms = 0;
};

// Resident and virtual size in pages.
std::pair<std::int64_t, std::int64_t> memory_pages() {
  std::pair<long, long> pages{};
  if (std::FILE* f = std::fopen("/proc/self/statm", "re"); f != nullptr) {
    if (std::fscanf(f, "%ld %ld", &pages.second, &pages.first) != 2) pages = {};
    std::fclose(f);
  }
  return pages;
}

std::int64_t entries_of(const char* directory) {
  DIR* dir = ::opendir(directory);
  if (dir == nullptr) return 0;
  std::int64_t count = 0;
  while (const dirent* entry = ::readdir(dir)) count += entry->d_name[0] != '.';
  ::closedir(dir);
  return count;
}

void collect_system(Block block, const SystemMetrics& m) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec * 1'000'000 + t.tv_usec);
  };
  block.set(m.cpu, us(usage.ru_utime) + us(usage.ru_stime));
  const auto [resident, size] = memory_pages();
  const std::int64_t page = ::sysconf(_SC_PAGESIZE);
  block.set(m.memory, resident * page);
  block.set(m.virtual_memory, size * page);
  // One of them is the directory that is being read.
  block.set(m.descriptors, std::max<std::int64_t>(entries_of("/proc/self/fd") - 1, 0));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    block.set(m.most_descriptors, static_cast<std::int64_t>(limit.rlim_cur));
  block.set(m.threads, entries_of("/proc/self/task"));
  block.set(m.start, m.started_ms);
}

void define_system(Registry& r) {
  const Group group = r.group({});
  SystemMetrics m;
  m.cpu = r.counter(
      group, {.name = "process_cpu_seconds_total", .help = "User and system CPU time.", .decimals = 6});
  m.memory = r.gauge(group, {.name = "process_resident_memory_bytes", .help = "Resident memory."});
  m.virtual_memory = r.gauge(group, {.name = "process_virtual_memory_bytes", .help = "Virtual memory."});
  m.descriptors = r.gauge(group, {.name = "process_open_fds", .help = "Open file descriptors."});
  m.most_descriptors =
      r.gauge(group, {.name = "process_max_fds", .help = "How many descriptors may be open."});
  m.threads = r.gauge(group, {.name = "process_threads", .help = "Threads."});
  m.start = r.gauge(
      group,
      {.name = "process_start_time_seconds", .help = "Start of the process, unix time.", .decimals = 3});
  m.series = r.permanent(group, {});
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  m.started_ms = std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  r.before_render([&r, m] { collect_system(r.control().block(m.series), m); });

  const Group build = r.group({"version", "compiler"});
  const Gauge info =
      r.gauge(build, {.name = "build_info", .help = "Always 1; the labels say what is running."});
  r.control().block(r.permanent(build, {TURNPIKE_VERSION, "clang " __clang_version__})).set(info, 1);
}

}  // namespace

Families define_families(Registry& registry) {
  Families families;
  families.route = define_route(registry);
  families.listener = define_listener(registry);
  families.l4 = define_l4(registry);
  families.endpoint = define_endpoint(registry);
  families.process = define_process(registry);
  families.certificate.group = registry.group({"secret"});
  families.certificate.expiry = registry.gauge(
      families.certificate.group, {.name = "certificate_expiry_timestamp_seconds",
                                   .help = "When the certificate stops being valid, unix time."});
  define_system(registry);
  return families;
}

}  // namespace turnpike::observe
