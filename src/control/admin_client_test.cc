#include "control/admin_client.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "io/socket.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Answers one connection with `text`.
class Once {
 public:
  explicit Once(std::string text)
      : fd_(*io::listen_on(*io::Address::parse("127.0.0.1:0"), false)), text_(std::move(text)) {
    ::fcntl(fd_, F_SETFL, 0);  // blocking
    thread_ = std::thread([this] {
      const int client = ::accept(fd_, nullptr, nullptr);
      std::array<char, 1024> request{};
      seen_.assign(request.data(),
                   static_cast<std::size_t>(::recv(client, request.data(), request.size(), 0)));
      ::send(client, text_.data(), text_.size(), MSG_NOSIGNAL);
      ::close(client);
    });
  }
  ~Once() {
    thread_.join();
    ::close(fd_);
  }
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  io::Address address() const { return io::local_address(fd_); }

 private:
  int fd_;
  std::string text_;
  std::string seen_;
  std::thread thread_;
};

TEST(AdminClient, GivesTheContent) {
  const Once server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(admin_get(server.address(), "/upgrade", 5s), "hello");
}

TEST(AdminClient, SaysWhatIsWrong) {
  const Once missing("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(admin_get(missing.address(), "/x", 5s).error(), HasSubstr("404 Not Found"));
  const Once other("SSH-2.0-OpenSSH\r\n");
  EXPECT_THAT(admin_get(other.address(), "/x", 5s).error(), HasSubstr("no Turnpike"));
  EXPECT_THAT(admin_get(*io::Address::parse("unix:/nonexistent/admin"), "/x", 5s).error(),
              HasSubstr("/nonexistent/admin"));
}

TEST(UpgradeReport, IsReadFromItsLines) {
  const auto report = parse_upgrade_report(
      "pid 4711\nversion 0.1.0\ngeneration 2\nrunning 1\nattempts 3\nerror gw.yaml:1:1: error: no\nand "
      "more\n");
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(report->pid, 4711);
  EXPECT_EQ(report->version, "0.1.0");
  EXPECT_EQ(report->generation, 2U);
  EXPECT_EQ(report->attempts, 3U);
  EXPECT_TRUE(report->running);
  EXPECT_EQ(report->error, "gw.yaml:1:1: error: no\nand more");
  const auto quiet = parse_upgrade_report("pid 1\nversion x\ngeneration 0\nrunning 0\nattempts 0\nerror \n");
  ASSERT_TRUE(quiet);
  EXPECT_EQ(quiet->error, "");
  EXPECT_FALSE(quiet->running);
}

TEST(UpgradeReport, OthersAreRefused) {
  EXPECT_FALSE(parse_upgrade_report(""));
  EXPECT_FALSE(parse_upgrade_report("pid 0\ngeneration 0\nrunning 0\nattempts 0\n"));
  EXPECT_FALSE(parse_upgrade_report("pid -1\ngeneration 0\nrunning 0\nattempts 0\n"));
  EXPECT_FALSE(parse_upgrade_report("pid 12\ngeneration x\nrunning 0\nattempts 0\n"));
  EXPECT_FALSE(parse_upgrade_report("{\"pid\": 12}"));
}

}  // namespace
}  // namespace turnpike::control
