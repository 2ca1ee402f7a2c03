#include "control/notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using testing::ContainsRegex;

// The service manager's end.
class Manager {
 public:
  explicit Manager(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    const auto address = *io::Address::from_unix(name);
    EXPECT_EQ(::bind(fd_, address.data(), address.size()), 0);
  }
  ~Manager() { ::close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  std::string hear() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

TEST(Notify, SpeaksAsTheManagerUnderstands) {
  const std::string name = "@turnpike-notify-test-" + std::to_string(::getpid());
  const Manager manager(name);
  const Notify notify(name.c_str());
  EXPECT_TRUE(notify);
  notify.ready("serving");
  EXPECT_EQ(manager.hear(), "READY=1\nSTATUS=serving\n");
  notify.reloading("reads");
  EXPECT_THAT(manager.hear(), ContainsRegex("^RELOADING=1\nMONOTONIC_USEC=[0-9]+\nSTATUS=reads\n$"));
  notify.main_process(4711, "serving");
  EXPECT_EQ(manager.hear(), "MAINPID=4711\nREADY=1\nSTATUS=serving\n");
  notify.stopping("drains");
  EXPECT_EQ(manager.hear(), "STOPPING=1\nSTATUS=drains\n");
  notify.alive();
  EXPECT_EQ(manager.hear(), "WATCHDOG=1\n");
}

TEST(Notify, AStatusStaysOneLine) {
  const std::string name = testing::TempDir() + "notify-" + std::to_string(::getpid());
  const Manager manager(name);
  Notify(name.c_str()).ready("a.yaml:1: no\nMAINPID=1");
  EXPECT_EQ(manager.hear(), "READY=1\nSTATUS=a.yaml:1: no MAINPID=1\n");
  ::unlink(name.c_str());
}

TEST(Notify, WithoutAManagerNothingHappens) {
  EXPECT_FALSE(Notify(nullptr));
  EXPECT_FALSE(Notify(""));
  EXPECT_FALSE(Notify("relative"));
  Notify("/nonexistent/socket").ready("nobody hears it");
}

TEST(Watchdog, IsAnsweredTwiceAsOftenAsAskedFor) {
  EXPECT_EQ(watchdog_interval("2000000", nullptr, 7), 1s);
  EXPECT_EQ(watchdog_interval("2000000", "7", 7), 1s);
  EXPECT_EQ(watchdog_interval("2000000", "8", 7), std::nullopt) << "meant for another process";
  EXPECT_EQ(watchdog_interval(nullptr, nullptr, 7), std::nullopt);
  for (const char* bad : {"", "0", "9999", "-5", "1s", "99999999999999999999"})
    EXPECT_EQ(watchdog_interval(bad, nullptr, 7), std::nullopt) << bad;
  EXPECT_EQ(watchdog_interval("10000000000000", nullptr, 7), 12h) << "bounded";
}

}  // namespace
}  // namespace turnpike::control
