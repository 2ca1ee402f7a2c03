#include "control/program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "control/handover_channel.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

class Program : public testing::Test {
 protected:
  Program() : folder(testing::TempDir() + "program_test_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder);
  }
  ~Program() override { std::filesystem::remove_all(folder); }
  std::string script(const std::string& name, const std::string& text) {
    const std::string path = folder + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    ::chmod(path.c_str(), 0755);
    return path;
  }
  std::string folder;
};

TEST_F(Program, IsFoundAsAShellWouldFindItNow) {
  const std::string path = script("gate", "");
  const CommandLine by_name{.arguments = {"gate"}, .executable = "/gone"};
  EXPECT_EQ(resolve_program(by_name, "/nowhere:" + folder), path);
  const CommandLine by_path{.arguments = {path}, .executable = "/gone"};
  EXPECT_EQ(resolve_program(by_path, ""), path);
}

TEST_F(Program, ElseWhereItWasAtTheStart) {
  const std::string path = script("gate", "");
  EXPECT_EQ(resolve_program({.arguments = {"other"}, .executable = path}, folder), path);
  EXPECT_EQ(resolve_program({.arguments = {folder + "/other"}, .executable = path}, ""), path);
  std::ofstream(folder + "/text") << "no program";  // is not executable
  const auto none = resolve_program({.arguments = {folder + "/text"}, .executable = folder + "/gone"}, "");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error(), AllOf(HasSubstr("/text"), HasSubstr("/gone")));
}

TEST(ProgramEnvironment, KeepsAllButWhatWasForThisProcessAlone) {
  const char* const environment[] = {"PATH=/bin",          "LISTEN_FDS=2",   "LISTEN_PID=7",
                                     "LISTEN_FDNAMES=a:b", "WATCHDOG_PID=7", "TURNPIKE_UPGRADE=3",
                                     "WATCHDOG_USEC=1000", nullptr};
  EXPECT_THAT(successor_environment(environment),
              testing::ElementsAre("PATH=/bin", "WATCHDOG_USEC=1000", "TURNPIKE_UPGRADE=3"));
}

TEST_F(Program, TheSuccessorHasTheHandoverAndNoOtherDescriptor) {
  auto ends = handover::Channel::make();
  ASSERT_TRUE(ends);
  const std::string out = folder + "/out";
  const int leak = ::fcntl(0, F_DUPFD, 200);  // not close-on-exec
  ASSERT_GE(leak, 200);
  const std::string path = script(
      "gate", "exec >" + out +
                  "\necho $1 $TURNPIKE_UPGRADE\n[ -e /proc/$$/fd/3 ] && echo three\n[ -e /proc/$$/fd/" +
                  std::to_string(leak) + " ] && echo leak\nexit 4");
  const auto child = spawn(path, {.arguments = {"gate", "run"}, .executable = {}}, ends->second.fd());
  ASSERT_TRUE(child) << child.error();
  int status = 0;
  ASSERT_EQ(::waitpid(*child, &status, 0), *child);
  ::close(leak);
  EXPECT_EQ(end_text(status), "exit code 4");
  std::stringstream text;
  text << std::ifstream(out).rdbuf();
  EXPECT_EQ(text.str(), "run 3\nthree\n");
}

TEST_F(Program, SaysWhyItCannotStart) {
  const std::string path = folder + "/broken";
  std::ofstream(path) << "\x7f"
                         "ELF, but not whole";
  ::chmod(path.c_str(), 0755);
  const auto child = spawn(path, {.arguments = {path}, .executable = {}}, 0);
  ASSERT_FALSE(child);
  EXPECT_THAT(child.error(), AllOf(HasSubstr(path), HasSubstr("ormat")));
}

TEST_F(Program, DescriptorsArriveByTheChannel) {
  auto ends = handover::Channel::make();
  ASSERT_TRUE(ends);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  using Sent = handover::Channel::Sent;
  using Status = handover::Channel::Received::Status;
  EXPECT_EQ(ends->first.send("hello", std::array{pipe[1]}), Sent::all);
  ::close(pipe[1]);
  const auto got = ends->second.receive_within(1s);
  EXPECT_EQ(got.status, Status::packet);
  EXPECT_EQ(got.packet, "hello");
  ASSERT_EQ(got.fds.size(), 1U);
  EXPECT_EQ(::write(got.fds[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
  ::close(pipe[0]);
  EXPECT_EQ(ends->second.receive().status, Status::nothing);
  ends->first = handover::Channel();
  EXPECT_EQ(ends->second.receive_within(1s).status, Status::closed);
  EXPECT_EQ(ends->second.send("into the void"), Sent::gone);
}

}  // namespace
}  // namespace turnpike::control
