// Which certificates a client sees: by the name that it asks for. Internal to tls/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "tls/context.h"

namespace turnpike::tls {

// Pure selection: works on indices, knows nothing of OpenSSL. A *set* is a sorted list of certificates of one
// ServerName that are shown together (at most one per type of key).
class ServerNames {
 public:
  using Set = std::vector<std::size_t>;
  struct SetRef {
    std::size_t name;  // index into ServerConfig::names
    Set certificates;  // indices into ServerName::certificates
  };

  explicit ServerNames(const std::vector<ServerName>& names);

  // All sets that find() may answer, the default first.
  const std::vector<SetRef>& sets() const noexcept { return sets_; }
  // The index of the set for the SNI in lower case ("" if none was sent); nothing if no ServerName serves it.
  std::optional<std::size_t> find(std::string_view sni) const noexcept;

 private:
  using Index = std::unordered_map<std::string, std::size_t, StringHash, std::equal_to<>>;
  struct Entry {
    std::size_t fallback = 0;
    Index exact;     // names of certificates
    Index wildcard;  // of "*.example.com": "example.com"
  };
  std::size_t intern(std::size_t name, Set set);
  void add(std::size_t index, const ServerName& name);

  std::vector<SetRef> sets_;
  std::map<std::pair<std::size_t, Set>, std::size_t> interned_;
  std::vector<Entry> entries_;
  Index exact_;     // hostnames of ServerNames
  Index wildcard_;  // of "*.example.com": "example.com"
  std::optional<std::size_t> any_;
};

}  // namespace turnpike::tls
