// Asking for the addresses of a name. The interface that tests replace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/address.h"

namespace turnpike::upstream {

enum class DnsKind : std::uint8_t {
  address,  // A and AAAA
  srv,      // SRV (RFC 2782), and A and AAAA of its targets
};

struct DnsRecord {
  io::Address address;       // with the port of SRV, else port 0
  std::uint32_t weight = 1;  // of SRV, at least 1
  bool operator==(const DnsRecord&) const = default;
};

struct DnsAnswer {
  enum class Status : std::uint8_t {
    ok,         // there is at least one record
    not_found,  // the name does not exist, or has no address: a definite answer
    failed,     // no answer, or a broken one: says nothing of the name
  };
  Status status = Status::failed;
  std::vector<DnsRecord> records;
  Duration ttl{};             // the shortest of the records', as received; 0 for /etc/hosts
  std::string_view detail{};  // of a failure; a literal
};

// One thread's. Never blocks, never calls back from within resolve().
class Resolver {
 public:
  virtual ~Resolver() = default;
  using Id = std::uint64_t;
  using Done = std::function<void(const DnsAnswer&)>;

  // Calls `done` once, in the future, unless cancelled.
  virtual Id resolve(const std::string& name, DnsKind kind, Done done) = 0;
  // `done` of this query is not called any more. An unknown id is ignored.
  virtual void cancel(Id id) noexcept = 0;
};

}  // namespace turnpike::upstream
