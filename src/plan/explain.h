// What would become of a request: which listener, rule, policies and backend it meets, and why the others do
// not. Offline: needs resources only, no running gateway.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "resource/store.h"

namespace turnpike::plan {

struct ExplainRequest {
  std::string method = "GET";
  // "https://shop.example:8443/path?query", or a path alone: then of the only port there is. Also
  // "tls://db.example:5432", "tcp://host:port" and "udp://host:port".
  std::string url;
  std::vector<std::pair<std::string, std::string>>
      headers;  // as they would be sent; Host overrides the URL's
};

struct Explanation {
  // The request as the gateway sees it.
  struct Request {
    std::string method;
    std::string scheme;
    std::string host;
    std::uint16_t port = 0;  // of the listener
    std::string path;        // normalised
    std::string query;       // with "?" before it, or empty
  };
  struct Listener {
    std::string name;
    std::string origin;    // "file:line"
    std::string hostname;  // "*" for any
    std::uint16_t port = 0;
    bool tls = false;
    std::string protocol;  // "HTTPS", "TLS (passthrough)"
    bool chosen = false;
    std::string reason;  // why it was chosen, or why not
  };
  // One match of a rule.
  struct Candidate {
    std::string route;
    std::string rule;
    std::string origin;  // of the match, or of the rule where none was written
    std::string match;   // "PathPrefix /payments, method GET"
    bool matched = false;
    std::string reason;
  };
  struct Policy {
    std::string name;
    std::string what;
  };
  // A policy that is attached to something that the request meets.
  struct Attached {
    std::string policy;  // "TrafficPolicy default/careful"
    std::string origin;
    std::string target;  // "HTTPRoute default/payments pay"
    bool operator==(const Attached&) const = default;
  };
  struct Endpoint {
    std::string address;
    std::string state;  // "ready", "not ready", "weight 0", "a name: resolved while running"
  };
  struct Backend {
    std::string name;   // empty: a reference that does not resolve
    std::string state;  // "2 of 3 endpoints ready", "requests get 500: …"
    std::string origin;
    std::string protocol;  // "HTTP/1.1", "HTTP/1.1 over TLS"
    std::string balancing;
    double share = 0;  // percent of the requests
    std::vector<Endpoint> endpoints;
    std::vector<Policy> policies;  // of this backendRef
  };

  std::string problem;  // the request cannot be understood: nothing else is filled in but perhaps `listeners`
  Request request;
  std::vector<Listener> listeners;    // of the port, the chosen one first
  std::vector<Candidate> candidates;  // of the chosen listener, the one that matched first
  std::string rule_origin;
  std::vector<Policy> on_request;   // in the order in which they act
  std::vector<Policy> on_response;  // likewise
  std::vector<Backend> backends;
  std::vector<Backend> mirrors;    // share: of the requests that are copied
  std::vector<Attached> attached;  // the nearest first
  std::vector<std::string> timeouts;
  std::string retries;
  std::string session;
  // What comes of it: "forwarded as GET http://payments/x", "302 to https://…", "404: no route takes it".
  std::string outcome;
  std::uint16_t status = 0;  // of an answer that the gateway makes itself; 0: forwarded
};

// Never fails: what is wrong with the request stands in `problem` or in `outcome`.
Explanation explain(const std::shared_ptr<const resource::Store>& store, const ExplainRequest& request);

// For people: aligned lines, with ANSI colours if asked for.
std::string to_text(const Explanation& explanation, bool colour = false);
// One object.
void write_json(JsonWriter& json, const Explanation& explanation);

}  // namespace turnpike::plan
