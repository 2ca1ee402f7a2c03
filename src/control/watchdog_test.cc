#include "control/watchdog.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;

TEST(Watchdog, IsFedOnlyWhileEveryWorkerTurns) {
  const std::string name = "@turnpike-watchdog-test-" + std::to_string(::getpid());
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  const auto address = *io::Address::from_unix(name);
  ASSERT_EQ(::bind(manager, address.data(), address.size()), 0);
  const auto fed = [&] {
    int count = 0;
    for (char buffer[64]; ::recv(manager, buffer, sizeof buffer, MSG_DONTWAIT) > 0;) ++count;
    return count;
  };
  io::Loop control;
  control.use_virtual_time();
  io::Loop one;
  io::Loop two;
  const Notify notify(name.c_str());
  observe::Log log({.fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC)});
  const Watchdog watchdog(control, {&one, &two}, notify, log, 1s);
  EXPECT_EQ(fed(), 1);
  one.turn(one.now());
  two.turn(two.now());
  control.advance(1010ms);
  EXPECT_EQ(fed(), 1);
  one.turn(one.now());  // the other one does not
  control.advance(3030ms);
  EXPECT_EQ(fed(), 0);
  two.turn(two.now());
  one.turn(one.now());
  control.advance(1010ms);
  EXPECT_EQ(fed(), 1);
  ::close(manager);
}

}  // namespace
}  // namespace turnpike::control
