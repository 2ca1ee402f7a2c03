// The running process's side of an upgrade: starts the new program, offers it the sockets, and waits until it
// serves or fails. Knows nothing of what a server then does.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "control/alarm.h"
#include "control/handover.h"
#include "control/handover_channel.h"
#include "control/program.h"
#include "io/loop.h"

namespace turnpike::control {

// One socket for the successor; `fd` stays ours and open until the upgrade has ended.
struct OfferedSocket {
  handover::SocketEntry entry;
  int fd = -1;
};

class Upgrade final : private io::Source {
 public:
  class Handler {
   public:
    // The successor serves, and has these of the sockets that were offered (ascending).
    virtual void on_upgraded(pid_t successor, std::vector<std::uint32_t> taken) = 0;
    // There is no successor; `why` is for people, several lines perhaps.
    virtual void on_upgrade_failed(const std::string& why) = 0;

   protected:
    ~Handler() = default;
  };

  // `timeout`: from start() until the successor serves.
  Upgrade(io::Loop& loop, CommandLine command, Duration timeout, Handler& handler);
  // Ends a successor that does not serve yet.
  ~Upgrade();
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

  bool running() const noexcept { return child_ > 0; }
  // Not while one is running. After an error the handler is not called.
  std::expected<void, std::string> start(const handover::State& state,
                                         const std::vector<OfferedSocket>& sockets);
  // SIGCHLD came.
  void on_child();
  // Gives up, as if it had failed; nothing if none is running.
  void cancel(const std::string& why) {
    if (running()) fail(why);
  }

 private:
  void on_ready(std::uint32_t ready) override;
  // Sends as much of the offer as the socket takes.
  void flush();
  void receive();
  void on_message(handover::Message message);
  void fail(const std::string& why);
  // The successor is not ours to end any more, or has been ended.
  void forget();

  struct Packet {
    std::string bytes;
    std::vector<int> fds;
  };
  void offer(handover::State state, const std::vector<OfferedSocket>& sockets);

  io::Loop& loop_;
  const CommandLine command_;
  const Duration timeout_;
  Handler& handler_;
  Alarm alarm_;
  pid_t child_ = -1;
  handover::Channel channel_;
  std::deque<Packet> packets_;  // not yet sent
  std::size_t offered_ = 0;
  std::vector<std::uint32_t> taken_;
  std::string reason_;  // what the successor says of its failure
  bool told_go_ = false;
  bool closed_ = false;  // it has closed its end: its exit is about to be told
};

}  // namespace turnpike::control
