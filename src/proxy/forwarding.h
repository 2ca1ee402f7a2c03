// The fields by which a proxy speaks about itself and the client: hop-by-hop removal (RFC 9110 §7.6.1), Via
// (§7.6.3), Forwarded (RFC 7239) and X-Forwarded-*.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "http/message.h"
#include "plan/plan.h"

namespace turnpike::proxy {

struct ClientFacts {
  std::string_view ip;
  std::uint16_t port = 0;
  bool tls = false;
  bool trusted = false;  // the peer is one of the listener's trusted proxies
  http::Version version = http::Version::http11;
};

struct Forwarding {
  std::string_view client_ip;  // the client's, as far as trusted proxies tell
  std::string_view scheme;     // how the client reached the first trusted proxy
};

bool is_trusted(const plan::ClientSettings& settings, std::string_view ip) noexcept;

// Removes what a client must not send: internal fields (settings.internal_prefixes; without case, '_' counts
// as '-'), fields with underscores unless allowed, and unless `trusted` (a proxy of ours) those by which
// proxies tell of a client and of the target that it asked for (X-Forwarded-Client-Cert, X-Original-URL, …).
// To be called before anything looks at the fields, and for trailers.
void remove_untrusted_fields(http::Fields& fields, const plan::ClientSettings& settings, bool trusted);

// Removes hop-by-hop fields, and writes Via, X-Forwarded-For, -Proto, -Host and Forwarded: appended to what a
// trusted proxy sent, anew for everybody else.
Forwarding write_forwarding_fields(http::RequestHead& request, const ClientFacts& client,
                                   const plan::ClientSettings& settings, Arena& arena);

// Of a message that is passed on: the fixed hop-by-hop fields and those that Connection names. Fields with a
// meaning end to end (Host, Authorization, Cookie, Content-Length, …) are kept even if Connection names them:
// removing them on the client's word would hide them from the upstream but not from us. `upgrade`: Connection
// and Upgrade are written anew by the one who sends the head.
void remove_hop_by_hop(http::Fields& fields);

}  // namespace turnpike::proxy
