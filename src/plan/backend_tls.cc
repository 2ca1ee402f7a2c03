#include "plan/backend_tls.h"

#include <algorithm>

#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

// Parts with their lengths, so that no two lists give the same text.
void add(std::string& digest, std::string_view part) {
  digest += std::to_string(part.size());
  digest += ':';
  digest += part;
}

void add(std::string& digest, const crypto::KeyPair& pair) {
  for (const crypto::Certificate& certificate : pair.chain) add(digest, certificate.fingerprint());
}

template <class Context>
void sweep(std::unordered_map<std::string, std::weak_ptr<const Context>>& contexts) {
  std::erase_if(contexts, [](const auto& entry) { return entry.second.expired(); });
}

template <class Context, class Config>
crypto::Parsed<std::shared_ptr<const Context>> get(
    std::unordered_map<std::string, std::weak_ptr<const Context>>& contexts, const std::string& digest,
    const Config& config) {
  if (const auto found = contexts.find(digest); found != contexts.end()) {
    if (auto context = found->second.lock()) return context;
  }
  auto made = Context::make(config);
  if (!made) return std::unexpected(std::move(made.error()));
  sweep(contexts);
  contexts[digest] = *made;
  return *made;
}

}  // namespace

crypto::Parsed<TlsContexts::Client> TlsContexts::client(const tls::ClientConfig& config) {
  std::string digest;
  add(digest, config.server_name);
  add(digest, config.trust ? config.trust->digest() : std::string());
  add(digest, config.verify ? "verify" : "");
  add(digest, std::to_string(config.names.size()));
  for (const tls::ExpectedName& name : config.names) {
    add(digest, name.type == tls::ExpectedName::Type::uri ? "uri" : "dns");
    add(digest, name.value);
  }
  if (config.certificate) add(digest, *config.certificate);
  add(digest, "alpn");
  for (const std::string& protocol : config.alpn) add(digest, protocol);
  add(digest,
      std::to_string(static_cast<int>(config.min_version) * 2 + static_cast<int>(config.max_version)));
  auto context = get(clients_, digest, config);
  if (!context) return std::unexpected(std::move(context.error()));
  return Client{std::move(*context), std::move(digest)};
}

crypto::Parsed<std::shared_ptr<const tls::ServerContext>> TlsContexts::server(
    const tls::ServerConfig& config) {
  std::string digest;
  for (const tls::ServerName& name : config.names) {
    add(digest, name.hostname);
    add(digest, std::to_string(name.certificates.size()));
    for (const crypto::KeyPair& pair : name.certificates) add(digest, pair);
  }
  add(digest, std::to_string(static_cast<int>(config.unknown_name)));
  add(digest,
      std::to_string(static_cast<int>(config.min_version) * 2 + static_cast<int>(config.max_version)));
  for (const std::string& protocol : config.alpn) add(digest, protocol);
  add(digest, std::to_string(static_cast<int>(config.client_validation)));
  if (config.client_trust) add(digest, config.client_trust->digest());
  add(digest, std::to_string(reinterpret_cast<std::uintptr_t>(config.tickets.get())));
  return get(servers_, digest, config);
}

crypto::Parsed<crypto::TrustBundle> join_trust(const std::vector<const crypto::TrustBundle*>& bundles) {
  if (bundles.size() == 1) return *bundles.front();
  std::string pem;
  for (const crypto::TrustBundle* bundle : bundles) {
    for (const crypto::Certificate& certificate : bundle->certificates()) pem += certificate.pem();
  }
  return crypto::TrustBundle::from_pem(pem);
}

BackendTls::BackendTls(const resource::Store& store, const Credentials& credentials, TlsContexts& contexts)
    : credentials_(credentials), contexts_(contexts), index_(store) {
  for (const auto& outcome : index_.outcomes()) {
    Status& status = statuses_.emplace_back();
    status.policy = outcome.policy;
    validate(*outcome.policy, status, validations_.emplace_back());
    for (const Finding& target : outcome.targets) {
      if (!target.ok()) status.accepted.fail(target.reason(), target.message());
    }
  }
}

void BackendTls::validate(const resource::Entry<resource::BackendTlsPolicy>& policy, Status& status,
                          Validation& validation) {
  const ReferenceEnd from{resource::kGatewayGroup, "BackendTLSPolicy", policy->meta.namespace_};
  if (policy->system_ca_certificates) {
    if (const auto system = credentials_.system_trust()) {
      validation.trust.push_back(*system);
    } else {
      status.accepted.fail("Invalid", system.error().message);
    }
  }
  for (const resource::LocalObjectReference& reference : policy->ca_certificate_refs) {
    const auto bundle =
        credentials_.trust(from, reference.group, reference.kind, policy->meta.namespace_, reference.name);
    if (bundle) {
      validation.trust.push_back(*bundle);
    } else {
      const bool kind = bundle.error().kind == CredentialProblem::Kind::unsupported;
      status.resolved.fail(kind ? "InvalidKind" : "InvalidCACertificateRef", bundle.error().message);
    }
  }
  if (validation.trust.empty() && status.accepted.ok()) {
    status.accepted.fail("NoValidCACertificate",
                         status.resolved.ok() ? "it names no CA certificate" : status.resolved.message());
  }
}

std::size_t BackendTls::find(std::string_view kind, std::string_view namespace_, std::string_view name,
                             std::string_view port_name) const {
  const auto* policy = port_name.empty() ? nullptr : index_.find(kind, namespace_, name, port_name);
  if (policy == nullptr) policy = index_.find(kind, namespace_, name);
  if (policy == nullptr) return SIZE_MAX;
  const auto at = std::ranges::find(statuses_, policy, &Status::policy);
  return static_cast<std::size_t>(at - statuses_.begin());
}

void BackendTls::note_ancestor(std::string_view kind, std::string_view namespace_, std::string_view name,
                               std::uint32_t gateway) {
  // Losers of a conflict have the same ancestors as the winner.
  for (Status& status : statuses_) {
    const auto& policy = **status.policy;
    if (policy.meta.namespace_ != namespace_) continue;
    const bool aims =
        std::ranges::any_of(policy.target_refs, [&](const resource::PolicyTargetReference& target) {
          return target.kind == kind && target.name == name;
        });
    if (!aims) continue;
    const auto at = std::ranges::lower_bound(status.gateways, gateway);
    if (at == status.gateways.end() || *at != gateway) status.gateways.insert(at, gateway);
  }
}

BackendTls::Choice BackendTls::make(std::size_t index, upstream::Protocol protocol,
                                    const crypto::KeyPair* certificate) {
  Choice choice;
  choice.wanted = true;
  const Status& status = statuses_[index];
  const resource::BackendTlsPolicy& policy = **status.policy;
  const std::string prefix = say("BackendTLSPolicy {}/{}: ", policy.meta.namespace_, policy.meta.name);
  if (validations_[index].trust.empty()) {
    choice.problem = prefix + status.accepted.message();
    return choice;
  }
  auto trust = join_trust(validations_[index].trust);
  if (!trust) {
    choice.problem = prefix + trust.error();
    return choice;
  }
  tls::ClientConfig config;
  config.server_name = *policy.hostname;
  config.trust = std::move(*trust);
  for (const resource::SubjectAltName& name : policy.subject_alt_names) {
    using Type = tls::ExpectedName::Type;
    const bool uri = name.type == resource::SubjectAltName::Type::uri;
    config.names.push_back({uri ? Type::uri : Type::hostname, name.value});
  }
  if (certificate != nullptr) config.certificate = *certificate;
  if (protocol == upstream::Protocol::h2c) config.alpn = {"h2"};
  if (protocol == upstream::Protocol::h2) config.alpn = {"h2", "http/1.1"};
  if (protocol == upstream::Protocol::tcp) config.alpn.clear();  // we do not know what is in the connection
  auto client = contexts_.client(config);
  if (client) {
    choice.client = std::move(*client);
  } else {
    choice.problem = prefix + client.error();
  }
  return choice;
}

const BackendTls::Choice& BackendTls::choose(std::string_view kind, std::string_view namespace_,
                                             std::string_view name, std::string_view port_name,
                                             upstream::Protocol protocol,
                                             const crypto::KeyPair* certificate) {
  static const Choice none;
  if (statuses_.empty()) return none;
  const std::size_t index = find(kind, namespace_, name, port_name);
  if (index == SIZE_MAX) return none;
  std::string key = std::to_string(index);
  key += static_cast<char>('a' + static_cast<int>(protocol));
  if (certificate != nullptr) add(key, certificate->leaf().fingerprint());
  const auto [at, fresh] = choices_.try_emplace(std::move(key));
  if (fresh) at->second = make(index, protocol, certificate);
  return at->second;
}

}  // namespace turnpike::plan
