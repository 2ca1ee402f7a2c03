// Keys of session tickets (RFC 8446 §4.6.1, RFC 5077): stateless resumption that all workers and listeners
// share.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>

namespace turnpike::tls {

struct TicketKey {
  std::array<std::uint8_t, 16> name;  // stands in the ticket, in the clear
  std::array<std::uint8_t, 32> cipher;
  std::array<std::uint8_t, 32> mac;
};

// Made once per process and kept over changes of configuration. Tickets are made with the current key; those
// of the previous one are still taken, so a ticket is good for one to two intervals of rotation. Thread-safe:
// one lock of a few instructions per handshake.
class TicketKeys {
 public:
  // How often the control thread is to call rotate().
  static constexpr int kRotateHours = 12;

  // Random keys. Throws std::runtime_error when the system has no randomness.
  TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  // Wipes the keys.
  ~TicketKeys();

  // A new current key; the one before stays as the previous.
  void rotate();
  // The same with a key that the caller chose: several machines behind one address share theirs so.
  void rotate(const TicketKey& next);

  TicketKey current() const;
  // For a successor of this process: both, and what it then does with them.
  std::optional<TicketKey> previous() const;
  void restore(const TicketKey& current, const std::optional<TicketKey>& previous);
  struct Found {
    TicketKey key;
    bool is_current;
  };
  std::optional<Found> find(const std::uint8_t* name) const;

 private:
  mutable std::mutex mutex_;
  TicketKey current_;
  std::optional<TicketKey> previous_;
};

}  // namespace turnpike::tls
