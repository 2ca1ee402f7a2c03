// Sessions that servers gave us, to resume instead of a whole handshake.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"

struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace turnpike::tls {

struct SessionFree {
  void operator()(ssl_session_st* session) const noexcept;
};
using Session = std::unique_ptr<ssl_session_st, SessionFree>;

// One per worker and ClientContext (a session must not be resumed under another verification), keyed by the
// endpoint's address. Holds the newest session of at most `most` endpoints; the one longest untouched makes
// room. Not thread-safe. Must outlive the streams that use it.
class SessionCache {
 public:
  explicit SessionCache(std::size_t most = 1024) noexcept : most_(most) {}
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  void put(std::string_view key, Session session);
  // The session for one attempt, null if there is none. It leaves the cache: tickets of TLS 1.3 are for one
  // use (RFC 8446 §C.4), and a server sends a new one.
  Session take(std::string_view key);
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    Session session;
  };
  std::size_t most_;
  std::list<Entry> entries_;  // the newest first
  std::unordered_map<std::string_view, std::list<Entry>::iterator, StringHash, std::equal_to<>> index_;
};

}  // namespace turnpike::tls
