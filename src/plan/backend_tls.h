// BackendTLSPolicy (Gateway API v1): which upstreams are spoken to over TLS, and how they are verified.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plan/credentials.h"
#include "plan/finding.h"
#include "plan/policy_index.h"
#include "tls/context.h"
#include "upstream/config.h"

namespace turnpike::plan {

// TLS contexts by the digest of all that went into them: the same settings give the same context in the next
// plan, so that pools and sessions go on. Not thread-safe: belongs to one Compiler.
class TlsContexts {
 public:
  struct Client {
    std::shared_ptr<const tls::ClientContext> context;
    std::string identity;  // the digest
  };
  // The error is a sentence for the user.
  crypto::Parsed<Client> client(const tls::ClientConfig& config);
  crypto::Parsed<std::shared_ptr<const tls::ServerContext>> server(const tls::ServerConfig& config);

 private:
  std::unordered_map<std::string, std::weak_ptr<const tls::ClientContext>> clients_;
  std::unordered_map<std::string, std::weak_ptr<const tls::ServerContext>> servers_;
};

// The policies of one store and what they make of an upstream.
class BackendTls {
 public:
  // What a request meets at an upstream.
  struct Choice {
    bool wanted = false;  // a policy is attached
    std::string problem;  // it cannot be met: requests must fail
    TlsContexts::Client client;
  };

  BackendTls(const resource::Store& store, const Credentials& credentials, TlsContexts& contexts);

  // For a port of a Service (by its name, which may be empty) or a Backend; `certificate` is what the Gateway
  // shows to upstreams (null: none); `protocol` decides what ALPN offers.
  const Choice& choose(std::string_view kind, std::string_view namespace_, std::string_view name,
                       std::string_view port_name, upstream::Protocol protocol,
                       const crypto::KeyPair* certificate);
  // Notes that a route of this Gateway leads to the target: the Gateway is then an ancestor of the policy.
  void note_ancestor(std::string_view kind, std::string_view namespace_, std::string_view name,
                     std::uint32_t gateway);

  struct Status {
    const resource::Entry<resource::BackendTlsPolicy>* policy = nullptr;
    Finding accepted;
    Finding resolved;
    std::vector<std::uint32_t> gateways;  // indices in Topology::gateways, ascending
  };
  const std::vector<Status>& statuses() const noexcept { return statuses_; }
  bool empty() const noexcept { return statuses_.empty(); }

 private:
  struct Validation {
    std::vector<const crypto::TrustBundle*> trust;
  };
  void validate(const resource::Entry<resource::BackendTlsPolicy>& policy, Status& status,
                Validation& validation);
  // Index in statuses_; SIZE_MAX if no policy is attached.
  std::size_t find(std::string_view kind, std::string_view namespace_, std::string_view name,
                   std::string_view port_name) const;
  Choice make(std::size_t index, upstream::Protocol protocol, const crypto::KeyPair* certificate);

  const Credentials& credentials_;
  TlsContexts& contexts_;
  PolicyIndex<resource::BackendTlsPolicy> index_;
  std::vector<Status> statuses_;         // in the order of the store
  std::vector<Validation> validations_;  // likewise
  std::unordered_map<std::string, Choice> choices_;
};

// All of them as one bundle; `bundles` is not empty.
crypto::Parsed<crypto::TrustBundle> join_trust(const std::vector<const crypto::TrustBundle*>& bundles);

}  // namespace turnpike::plan
