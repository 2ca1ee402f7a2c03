#include "plan/credentials.h"

#include "resource/say.h"

namespace turnpike::plan {
namespace {

using resource::say;

CredentialProblem problem(CredentialProblem::Kind kind, std::string message) {
  return {kind, std::move(message)};
}

crypto::Parsed<crypto::TrustBundle> trust_of(const resource::StringMap& data) {
  const std::string* pem = data.find("ca.crt");
  if (pem == nullptr) return std::unexpected(std::string("it has no key 'ca.crt'"));
  return crypto::TrustBundle::from_pem(*pem);
}

crypto::Parsed<crypto::KeyPair> key_pair_of(const resource::Secret& secret) {
  const std::string* chain = secret.data.find("tls.crt");
  const std::string* key = secret.data.find("tls.key");
  if (chain == nullptr || key == nullptr)
    return std::unexpected(say("it has no key '{}'", chain == nullptr ? "tls.crt" : "tls.key"));
  return crypto::KeyPair::from_pem(*chain, *key);
}

}  // namespace

template <class T, class Parse>
const crypto::Parsed<T>& CredentialCache::get(Table<T>& table, std::shared_ptr<const resource::Object> holder,
                                              Parse parse) {
  const resource::Object* const id = holder.get();
  auto found = table.find(id);
  if (found == table.end()) found = table.emplace(id, Kept<T>{std::move(holder), parse()}).first;
  found->second.used = true;
  return found->second.value;
}

const crypto::Parsed<crypto::KeyPair>& CredentialCache::key_pair(
    const std::shared_ptr<const resource::Secret>& secret) {
  return get(key_pairs_, secret, [&] { return key_pair_of(*secret); });
}

const crypto::Parsed<crypto::TrustBundle>& CredentialCache::trust(
    const std::shared_ptr<const resource::ConfigMap>& map) {
  return get(trusts_, map, [&] { return trust_of(map->data); });
}

const crypto::Parsed<crypto::TrustBundle>& CredentialCache::trust(
    const std::shared_ptr<const resource::Secret>& secret) {
  return get(trusts_, secret, [&] { return trust_of(secret->data); });
}

const crypto::Parsed<crypto::TrustBundle>& CredentialCache::system() {
  if (!system_) system_ = crypto::TrustBundle::system();
  return *system_;
}

void CredentialCache::end_of_compilation() {
  const auto sweep = [](auto& table) {
    for (auto entry = table.begin(); entry != table.end();)
      entry = std::exchange(entry->second.used, false) ? std::next(entry) : table.erase(entry);
  };
  sweep(key_pairs_);
  sweep(trusts_);
}

Credential<const crypto::KeyPair*> Credentials::key_pair(
    const ReferenceEnd& from, const resource::SecretObjectReference& reference) const {
  using enum CredentialProblem::Kind;
  if (!reference.group.empty() || reference.kind != "Secret") {
    return std::unexpected(problem(
        unsupported, say("a certificate cannot be taken from a {} of the group '{}', only from a Secret",
                         reference.kind, reference.group)));
  }
  const std::string_view namespace_ =
      reference.namespace_ ? std::string_view(*reference.namespace_) : from.namespace_;
  if (!grants_.allow(from, {"", "Secret", namespace_}, reference.name)) {
    return std::unexpected(problem(
        not_permitted, say("no ReferenceGrant in the namespace '{}' lets a {} of '{}' use Secret '{}'",
                           namespace_, from.kind, from.namespace_, reference.name)));
  }
  const auto* secret = store_.find<resource::Secret>(namespace_, reference.name);
  if (secret == nullptr)
    return std::unexpected(problem(invalid, say("there is no Secret {}/{}", namespace_, reference.name)));
  const auto& pair = cache_.key_pair(secret->object);
  if (!pair)
    return std::unexpected(
        problem(invalid, say("Secret {}/{}: {}", namespace_, reference.name, pair.error())));
  return &*pair;
}

Credential<const crypto::TrustBundle*> Credentials::trust(const ReferenceEnd& from, std::string_view group,
                                                          std::string_view kind, std::string_view namespace_,
                                                          std::string_view name) const {
  using enum CredentialProblem::Kind;
  if (!group.empty() || (kind != "ConfigMap" && kind != "Secret")) {
    return std::unexpected(problem(
        unsupported,
        say("CA certificates cannot be taken from a {} of the group '{}', only from a ConfigMap or a Secret",
            kind, group)));
  }
  if (!grants_.allow(from, {"", kind, namespace_}, name)) {
    return std::unexpected(
        problem(not_permitted, say("no ReferenceGrant in the namespace '{}' lets a {} of '{}' use {} '{}'",
                                   namespace_, from.kind, from.namespace_, kind, name)));
  }
  const crypto::Parsed<crypto::TrustBundle>* bundle = nullptr;
  if (kind == "ConfigMap") {
    if (const auto* map = store_.find<resource::ConfigMap>(namespace_, name))
      bundle = &cache_.trust(map->object);
  } else if (const auto* secret = store_.find<resource::Secret>(namespace_, name)) {
    bundle = &cache_.trust(secret->object);
  }
  if (bundle == nullptr)
    return std::unexpected(problem(invalid, say("there is no {} {}/{}", kind, namespace_, name)));
  if (!*bundle)
    return std::unexpected(problem(invalid, say("{} {}/{}: {}", kind, namespace_, name, bundle->error())));
  return &**bundle;
}

Credential<const crypto::TrustBundle*> Credentials::system_trust() const {
  const auto& bundle = cache_.system();
  if (!bundle) {
    return std::unexpected(problem(CredentialProblem::Kind::invalid,
                                   say("the machine's own CA certificates: {}", bundle.error())));
  }
  return &*bundle;
}

}  // namespace turnpike::plan
