#include "control/activation.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace turnpike::control {
namespace {

using handover::Use;

// Descriptors from here on are free.
constexpr int kFirst = 300;

std::vector<InheritedSocket> given(const char* fds, const char* pid, const char* names, int open) {
  for (int i = 0; i < open; ++i) EXPECT_EQ(::dup2(0, kFirst + i), kFirst + i);
  return activated_sockets({.fds = fds, .pid = pid, .names = names}, 4711, kFirst);
}

void close_all(int open) {
  for (int i = 0; i < open; ++i) ::close(kFirst + i);
}

TEST(Activation, TakesWhatIsMeantForThisProcess) {
  const auto sockets = given("3", "4711", "web:admin", 3);
  ASSERT_EQ(sockets.size(), 3U);
  EXPECT_EQ(sockets[0].entry, (handover::SocketEntry{Use::activated, "web"}));
  EXPECT_EQ(sockets[1].entry, (handover::SocketEntry{Use::admin, "admin"}));
  EXPECT_EQ(sockets[2].entry, (handover::SocketEntry{Use::activated, ""}));
  EXPECT_EQ(sockets[2].fd.get(), kFirst + 2);
  EXPECT_EQ(::fcntl(kFirst, F_GETFD), FD_CLOEXEC);
}

TEST(Activation, NothingForOthersAndNothingWithoutSense) {
  EXPECT_TRUE(given("1", "4712", nullptr, 1).empty());
  EXPECT_TRUE(given("1", nullptr, nullptr, 1).empty());
  EXPECT_TRUE(given(nullptr, "4711", nullptr, 1).empty());
  EXPECT_TRUE(given("-1", "4711", nullptr, 1).empty());
  EXPECT_TRUE(given("x", "4711", nullptr, 1).empty());
  close_all(1);
  EXPECT_TRUE(given("1000000", "4711", nullptr, 0).empty()) << "none of them is open";
}

}  // namespace
}  // namespace turnpike::control
