// The endpoints of a cluster at one time: immutable, shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "upstream/shared_endpoint.h"

namespace turnpike::upstream {

struct EndpointSet {
  static constexpr std::size_t kMost = 65'535;  // endpoints of one cluster; further ones are left out

  struct Member {
    std::shared_ptr<SharedEndpoint> endpoint;
    std::uint32_t weight = 1;
    bool ready = true;
    std::string zone;

    // May get traffic, healthy or not.
    bool eligible() const noexcept { return ready && weight > 0; }
    bool operator==(const Member&) const = default;
  };
  std::vector<Member> members;
  // By SharedEndpoint::token_hash, sorted; second is an index into members.
  std::vector<std::pair<std::uint64_t, std::uint16_t>> tokens;
  // Slots of the maglev table: indices into members. Empty unless the cluster balances by consistent hash.
  std::vector<std::uint16_t> maglev;
  // A DNS name of the cluster has no address (any more, or yet): the reason where `members` is empty.
  bool dns_failed = false;
};

}  // namespace turnpike::upstream
