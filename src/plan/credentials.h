// Certificates and trust anchors from Secrets and ConfigMaps, parsed once and kept from one compilation to
// the next.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crypto/certificate.h"
#include "plan/reference_grants.h"
#include "resource/store.h"

namespace turnpike::plan {

// Why a reference to a credential cannot be used.
struct CredentialProblem {
  enum class Kind : std::uint8_t {
    not_permitted,  // across namespaces without a ReferenceGrant
    unsupported,    // a kind that holds no such thing
    invalid,        // missing, or its content is not what it should be
  };
  Kind kind = Kind::invalid;
  std::string message;
};
template <class T>
using Credential = std::expected<T, CredentialProblem>;

// Parsed contents by the identity of the resource that holds them. Not thread-safe: belongs to one Compiler.
class CredentialCache {
 public:
  // Secret of type kubernetes.io/tls (or with its keys): tls.crt and tls.key.
  const crypto::Parsed<crypto::KeyPair>& key_pair(const std::shared_ptr<const resource::Secret>& secret);
  // ca.crt of a ConfigMap or a Secret.
  const crypto::Parsed<crypto::TrustBundle>& trust(const std::shared_ptr<const resource::ConfigMap>& map);
  const crypto::Parsed<crypto::TrustBundle>& trust(const std::shared_ptr<const resource::Secret>& secret);
  // What the machine trusts, read once.
  const crypto::Parsed<crypto::TrustBundle>& system();

  // Forgets what was not asked for since the last call.
  void end_of_compilation();

 private:
  template <class T>
  struct Kept {
    std::shared_ptr<const resource::Object> holder;  // keeps its address from being used again
    crypto::Parsed<T> value;
    bool used = true;
  };
  template <class T>
  using Table = std::unordered_map<const resource::Object*, Kept<T>>;
  template <class T, class Parse>
  static const crypto::Parsed<T>& get(Table<T>& table, std::shared_ptr<const resource::Object> holder,
                                      Parse parse);

  Table<crypto::KeyPair> key_pairs_;
  Table<crypto::TrustBundle> trusts_;
  std::optional<crypto::Parsed<crypto::TrustBundle>> system_;
};

// Resolves references of one store.
class Credentials {
 public:
  Credentials(const resource::Store& store, const ReferenceGrants& grants, CredentialCache& cache)
      : store_(store), grants_(grants), cache_(cache) {}

  // `from` is who refers. Never null where it succeeds; valid as long as the cache keeps it.
  Credential<const crypto::KeyPair*> key_pair(const ReferenceEnd& from,
                                              const resource::SecretObjectReference& reference) const;
  // ConfigMap or Secret with ca.crt.
  Credential<const crypto::TrustBundle*> trust(const ReferenceEnd& from, std::string_view group,
                                               std::string_view kind, std::string_view namespace_,
                                               std::string_view name) const;
  Credential<const crypto::TrustBundle*> system_trust() const;

 private:
  const resource::Store& store_;
  const ReferenceGrants& grants_;
  CredentialCache& cache_;
};

}  // namespace turnpike::plan
