#include "tls/tickets.h"

#include <cstring>

#include "crypto/digest.h"
#include "crypto/secure_random.h"

namespace turnpike::tls {
namespace {

TicketKey random_key() {
  TicketKey key;
  crypto::random_bytes(key.name);
  crypto::random_bytes(key.cipher);
  crypto::random_bytes(key.mac);
  return key;
}

}  // namespace

TicketKeys::TicketKeys() : current_(random_key()) {}

TicketKeys::~TicketKeys() {
  crypto::wipe(&current_, sizeof current_);
  if (previous_) crypto::wipe(&*previous_, sizeof *previous_);
}

void TicketKeys::rotate() { rotate(random_key()); }

void TicketKeys::rotate(const TicketKey& next) {
  const std::scoped_lock lock(mutex_);
  previous_ = current_;
  current_ = next;
}

TicketKey TicketKeys::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

std::optional<TicketKey> TicketKeys::previous() const {
  const std::scoped_lock lock(mutex_);
  return previous_;
}

void TicketKeys::restore(const TicketKey& current, const std::optional<TicketKey>& previous) {
  const std::scoped_lock lock(mutex_);
  current_ = current;
  previous_ = previous;
}

std::optional<TicketKeys::Found> TicketKeys::find(const std::uint8_t* name) const {
  const std::scoped_lock lock(mutex_);
  if (std::memcmp(name, current_.name.data(), current_.name.size()) == 0) return Found{current_, true};
  if (previous_ && std::memcmp(name, previous_->name.data(), previous_->name.size()) == 0) {
    return Found{*previous_, false};
  }
  return std::nullopt;
}

}  // namespace turnpike::tls
