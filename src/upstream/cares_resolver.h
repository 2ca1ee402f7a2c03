// DNS by c-ares: /etc/resolv.conf with its search domains, /etc/hosts, A and AAAA, SRV.
#pragma once

#include <memory>
#include <string>

#include "io/loop.h"
#include "upstream/resolver.h"

namespace turnpike::upstream {

struct CaresOptions {
  std::string servers;  // "10.0.0.2,[::1]:5353": instead of those of /etc/resolv.conf; empty: those
  Duration timeout = std::chrono::seconds(2);  // of one try
  unsigned tries = 3;                          // per server
};

// `loop` must outlive it. Throws std::runtime_error when c-ares cannot be set up. A changed /etc/resolv.conf
// is seen within a minute.
std::unique_ptr<Resolver> make_cares_resolver(io::Loop& loop, const CaresOptions& options = {});

}  // namespace turnpike::upstream
