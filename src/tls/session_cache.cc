#include "tls/session_cache.h"

#include <openssl/ssl.h>

#include <utility>

namespace turnpike::tls {

void SessionFree::operator()(ssl_session_st* session) const noexcept { SSL_SESSION_free(session); }

void SessionCache::put(std::string_view key, Session session) {
  if (most_ == 0) return;
  if (const auto found = index_.find(key); found != index_.end()) {
    found->second->session = std::move(session);
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  if (entries_.size() >= most_) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({std::string(key), std::move(session)});
  index_.emplace(entries_.front().key, entries_.begin());
}

Session SessionCache::take(std::string_view key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  const auto entry = found->second;
  index_.erase(found);
  Session session = std::move(entry->session);
  entries_.erase(entry);
  return session;
}

}  // namespace turnpike::tls
