// From resources to the plan that the workers run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "observe/families.h"
#include "observe/metrics.h"
#include "plan/backend_tls.h"
#include "plan/clusters.h"
#include "plan/credentials.h"
#include "plan/plan.h"
#include "plan/prepared_route.h"
#include "resource/diagnostic.h"
#include "resource/status.h"
#include "resource/store.h"
#include "tls/tickets.h"

namespace turnpike::plan {

struct CompileOptions {
  std::string bind;  // an IP address that all listeners bind, whatever Gateways say; empty: as they say
  // Whether this machine can listen on an address that a Gateway asks for; empty: every address is taken for
  // usable, as offline, where the machine is not the one that will serve.
  std::function<bool(const io::Address&)> address_usable;
  bool ephemeral_ports = false;                    // bind free ports instead of those that are written
  unsigned workers = 1;                            // how many threads will look up routes
  std::uint64_t generation = 0;                    // of the plan
  std::shared_ptr<const tls::TicketKeys> tickets;  // null: no resumption
  // Where the plan's metrics live; null in offline use.
  observe::Registry* metrics = nullptr;
  const observe::Families* families = nullptr;
  // Whether the status of each resource is made as well: about 1 KB for each route. Whoever serves them on
  // demand may leave them out when reloading and compile once more when asked.
  bool statuses = true;
};

// What one listener of a plan was made from: for explain().
struct ListenerSource {
  std::uint32_t port = 0;      // index in Plan::ports
  std::uint32_t listener = 0;  // index in Port::listeners
  std::vector<route::Match> matches;
};

struct Compiled {
  std::shared_ptr<const Plan> plan;  // never null
  // In the order of kinds, then of namespaces and names.
  std::vector<resource::ResourceStatus> statuses;
  // Errors: what cannot be served as it is written; the configuration should not replace another one.
  // Warnings: what is served otherwise than its author may think (a reference that leads nowhere, a Service
  // without endpoints).
  std::vector<resource::Diagnostic> diagnostics;
  // What is to be logged and measured (TelemetryPolicy); null: the defaults.
  std::shared_ptr<const resource::TelemetryPolicy> telemetry;
};

// What is kept from one compilation to the next, by the identity of resources and the digests of credentials.
struct Memory {
  CredentialCache credentials;
  TlsContexts contexts;
  PreparedRoutes routes;
  BackendCache backends;
};

// Compiles one store after the other and keeps what does not change. Not
// thread-safe; plans do not depend on it.
class Compiler {
 public:
  // Never fails and never throws for what users write: what cannot be served is left out, or answered with an
  // error, and told. `sources`, if given, receives what the listeners were made from; its texts are views
  // into the store.
  Compiled compile(const std::shared_ptr<const resource::Store>& store, const CompileOptions& options,
                   std::vector<ListenerSource>* sources = nullptr);

 private:
  Memory memory_;
};

// With a Compiler of its own, for offline use.
Compiled compile(const std::shared_ptr<const resource::Store>& store, const CompileOptions& options = {});

}  // namespace turnpike::plan
