// Both sides against each other: the successor is played by a thread, or by a shell script.
#include "control/upgrade.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "control/inheritance.h"
#include "io/socket.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using handover::Use;
using testing::ElementsAre;
using testing::HasSubstr;

// The program's end of a channel, spoken by hand.
struct Predecessor {
  handover::Channel ours;
  Inheritance theirs;
  static Predecessor make() {
    auto ends = handover::Channel::make();
    return {std::move(ends->first), Inheritance(std::move(ends->second))};
  }
  void say(const handover::Message& message, std::vector<int> fds = {}) {
    ours.send(handover::encode(message), fds);
  }
  handover::Message hear() { return handover::decode(ours.receive_within(5s).packet).value(); }
};

TEST(Inheritance, GetsStateAndSocketsAndWaitsForTheWord) {
  Predecessor p = Predecessor::make();
  const int listening = *io::listen_on(*io::Address::parse("127.0.0.1:0"), true);
  const auto address = io::local_address(listening);
  p.say({.type = handover::Type::state, .state = {.process_generation = 3, .sockets = 2}});
  p.say({.type = handover::Type::sockets, .sockets = {{Use::listener, "key"}}}, {listening});
  p.say({.type = handover::Type::sockets, .sockets = {{Use::admin, ""}}}, {listening});
  ::close(listening);
  ASSERT_TRUE(p.theirs.receive());
  EXPECT_EQ(p.theirs.state().process_generation, 3U);
  const auto sockets = p.theirs.take_sockets();
  ASSERT_EQ(sockets.size(), 2U);
  EXPECT_EQ(sockets[0].entry.key, "key");
  EXPECT_EQ(sockets[1].entry.use, Use::admin);
  EXPECT_EQ(io::local_address(sockets[0].fd.get()), address);

  std::thread other([&] {
    EXPECT_THAT(p.hear().taken, ElementsAre(1));
    p.say({.type = handover::Type::go});
    EXPECT_EQ(p.hear().type, handover::Type::serving);
  });
  const auto over = p.theirs.take_over({1});
  EXPECT_TRUE(over) << over.error();
  p.theirs.serving();
  other.join();
}

std::string error_of(const std::expected<void, std::string>& result) { return result ? "" : result.error(); }

TEST(Inheritance, RefusesWhatDoesNotFitTogether) {
  Predecessor more = Predecessor::make();
  more.say({.type = handover::Type::state, .state = {.sockets = 1}});
  more.say({.type = handover::Type::sockets, .sockets = {{Use::listener, "a"}, {Use::listener, "b"}}}, {0});
  EXPECT_THAT(error_of(more.theirs.receive()), HasSubstr("other sockets"));
  Predecessor many = Predecessor::make();
  many.say({.type = handover::Type::state, .state = {.sockets = 1}});
  many.say({.type = handover::Type::sockets, .sockets = {{Use::listener, "a"}, {Use::listener, "b"}}},
           {0, 0});
  EXPECT_THAT(error_of(many.theirs.receive()), HasSubstr("too many"));
  Predecessor order = Predecessor::make();
  order.say({.type = handover::Type::go});
  EXPECT_NE(error_of(order.theirs.receive()), "");
  Predecessor gone = Predecessor::make();
  gone.ours = handover::Channel();
  EXPECT_THAT(error_of(gone.theirs.receive()), HasSubstr("given up"));
  Predecessor later = Predecessor::make();
  later.ours.send("TP\x09\x01");
  EXPECT_THAT(error_of(later.theirs.receive()), HasSubstr("version 9"));
}

class UpgradeTest : public testing::Test, protected Upgrade::Handler {
 protected:
  UpgradeTest() : folder(testing::TempDir() + "upgrade_test_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder);
  }
  ~UpgradeTest() override { std::filesystem::remove_all(folder); }
  void on_upgraded(pid_t pid, std::vector<std::uint32_t>) override { successor = pid; }
  void on_upgrade_failed(const std::string& text) override { why = text; }
  CommandLine program(const std::string& text) {
    const std::string path = folder + "/gate";
    std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
    ::chmod(path.c_str(), 0755);
    return {.arguments = {path, "run"}, .executable = {}};
  }
  // Runs the loop until it has ended. SIGCHLD is not watched here: the closed socket is.
  void finish(Upgrade& upgrade) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (upgrade.running() && std::chrono::steady_clock::now() < end) {
      loop.turn(loop.refresh_now() + 5ms);
      upgrade.on_child();
    }
  }
  io::Loop loop;
  std::string folder;
  std::string why;
  pid_t successor = -1;
};

TEST_F(UpgradeTest, AProgramThatEndsIsAFailureWithItsExitCode) {
  Upgrade upgrade(loop, program("exit 3"), 20s, *this);
  ASSERT_TRUE(upgrade.start({}, {}));
  EXPECT_TRUE(upgrade.running());
  finish(upgrade);
  EXPECT_EQ(why, "the new program ended with exit code 3 before it was ready");
  EXPECT_FALSE(upgrade.running());
}

TEST_F(UpgradeTest, AProgramThatDiesIsAFailureWithItsSignal) {
  Upgrade upgrade(loop, program("kill -SEGV $$"), 20s, *this);
  ASSERT_TRUE(upgrade.start({}, {}));
  finish(upgrade);
  EXPECT_THAT(why, HasSubstr("signal 11"));
}

TEST_F(UpgradeTest, WhatTheProgramSaysOfItsFailureIsTold) {
  // A message `failed`, as handover.h has it, from a shell: 9 is the tag of its text.
  Upgrade upgrade(loop,
                  program("exec python3 -c \"import socket\n"
                          "s = socket.socket(fileno=3)\n"
                          "s.send(b'TP\\x01\\x06\\x09\\x00\\x04\\x00\\x00\\x00oops')\nraise SystemExit(1)\""),
                  20s, *this);
  ASSERT_TRUE(upgrade.start({}, {}));
  finish(upgrade);
  EXPECT_EQ(why, "the new program ended with exit code 1: oops");
}

TEST_F(UpgradeTest, AProgramThatSaysNothingIsEndedInTime) {
  Upgrade upgrade(loop, program("exec sleep 1000"), 20ms, *this);
  ASSERT_TRUE(upgrade.start({}, {}));
  finish(upgrade);
  EXPECT_THAT(why, HasSubstr("was not ready after"));
}

TEST_F(UpgradeTest, AProgramThatSpeaksOtherwiseIsEnded) {
  Upgrade upgrade(loop,
                  program("exec python3 -c \"import socket, time\n"
                          "socket.socket(fileno=3).send(b'TP\\x01\\x05')\ntime.sleep(1000)\""),
                  20s, *this);
  ASSERT_TRUE(upgrade.start({}, {}));
  finish(upgrade);
  EXPECT_THAT(why, HasSubstr("unexpected message")) << "serving before it was told to go";
}

TEST_F(UpgradeTest, AProgramThatTakesOverIsLeftAlone) {
  Upgrade upgrade(loop,
                  program("exec python3 -c \"import socket\n"
                          "s = socket.socket(fileno=3)\n"
                          "s.recv(65536); s.recv(65536)\n"
                          "s.send(b'TP\\x01\\x03')\ns.recv(100)\ns.send(b'TP\\x01\\x05')\""),
                  20s, *this);
  ASSERT_TRUE(upgrade.start({}, {{{Use::listener, "a"}, 0}}));
  finish(upgrade);
  EXPECT_EQ(why, "");
  EXPECT_GT(successor, 0);
}

TEST_F(UpgradeTest, CancellingTellsWhy) {
  Upgrade upgrade(loop, program("exec sleep 1000"), 20s, *this);
  ASSERT_TRUE(upgrade.start({}, {}));
  upgrade.cancel("the process ends");
  EXPECT_EQ(why, "the process ends");
  EXPECT_FALSE(upgrade.running());
}

TEST_F(UpgradeTest, NoProgramNoUpgrade) {
  Upgrade upgrade(loop, {.arguments = {folder + "/nothing"}, .executable = {}}, 20s, *this);
  const auto started = upgrade.start({}, {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr("/nothing"));
  EXPECT_FALSE(upgrade.running());
}

TEST_F(UpgradeTest, MoreSocketsThanOneBufferHoldsAreSentAsThereIsRoom) {
  Upgrade upgrade(loop,
                  program("exec python3 -c \"import socket, time\n"
                          "s = socket.socket(fileno=3)\ntime.sleep(0.2)\n"
                          "n = 0\n"
                          "s.recv(70000)\n"
                          "while n < 1000:\n"
                          "    data, fds, _, _ = socket.recv_fds(s, 70000, 64)\n"
                          "    n += len(fds)\n"
                          "    [__import__('os').close(f) for f in fds]\n"
                          "s.send(b'TP\\x01\\x03')\ns.recv(100)\ns.send(b'TP\\x01\\x05')\""),
                  20s, *this);
  const std::vector<OfferedSocket> sockets(1000, {{Use::listener, std::string(400, 'k')}, 0});
  ASSERT_TRUE(upgrade.start({}, sockets));
  finish(upgrade);
  EXPECT_EQ(why, "");
  EXPECT_GT(successor, 0);
}

}  // namespace
}  // namespace turnpike::control
