// A UDP port of one worker: a session for each client, with a socket of its own towards one endpoint. The
// kernel gives all datagrams of a client to the same worker (SO_REUSEPORT hashes addresses and ports), as
// long as the number of workers stays the same.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <unordered_map>

#include "base/hash.h"
#include "io/datagram.h"
#include "plan/plan.h"

namespace turnpike::proxy {

class PortSlot;
class Worker;

class UdpPort final : private io::UdpSocket::Handler {
 public:
  // Sessions of one port and worker, unless ListenerPolicy limits.connections (over all workers) says
  // otherwise. Beyond the bound the session whose client has been silent for longest makes room.
  static constexpr std::size_t kMostSessions = 16'384;

  // Takes the socket.
  UdpPort(Worker& worker, PortSlot& slot, int fd);
  ~UdpPort();
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  // No new sessions; those there are end soon after their clients fall silent. `lives_on`: another process
  // reads the same socket from now on, and this one does so no longer.
  void drain(bool lives_on) noexcept;
  // Ends all sessions.
  void cut() noexcept;

 private:
  friend class UdpSession;

  // The client, and the address of ours that it speaks to.
  struct Key {
    std::array<std::uint8_t, 16> client{};
    std::array<std::uint8_t, 16> local{};
    std::uint16_t port = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::uint64_t seed;  // nobody outside can choose addresses that collide
    std::size_t operator()(const Key& key) const noexcept {
      char bytes[34];
      std::memcpy(bytes, key.client.data(), 16);
      std::memcpy(bytes + 16, key.local.data(), 16);
      std::memcpy(bytes + 32, &key.port, 2);
      return hash_bytes({bytes, sizeof bytes}, seed);
    }
  };

  void on_datagrams(io::UdpSocket& socket) override;
  class UdpSession* session_of(const io::Datagram& datagram);
  class UdpSession* open_session(const Key& key, const io::Datagram& datagram);
  bool make_room();
  void used(class UdpSession& session) noexcept;  // becomes the newest
  void unlink(class UdpSession& session) noexcept;
  void end(class UdpSession& session);
  static Key key_of(const io::Datagram& datagram) noexcept;

  Worker& worker_;
  PortSlot& slot_;
  io::UdpSocket socket_;
  io::DatagramBatch batch_;
  std::unordered_map<Key, std::unique_ptr<class UdpSession>, Hash> sessions_;
  class UdpSession* oldest_ = nullptr;  // by what the client sent last
  class UdpSession* newest_ = nullptr;
  bool draining_ = false;
};

}  // namespace turnpike::proxy
