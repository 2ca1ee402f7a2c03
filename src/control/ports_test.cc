#include "control/ports.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "control/ports_file.h"

namespace turnpike::control {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A plan with one listener on each address. "127.0.0.1:0" has a free port, and is told apart by the port as
// written.
struct Wanted {
  std::string address;
  std::uint16_t port;
};
plan::Plan plan_of(const std::vector<Wanted>& wanted) {
  plan::Plan plan;
  plan.generation = 7;
  for (const Wanted& one : wanted) {
    auto port = std::make_unique<plan::Port>();
    port->address = *io::Address::parse(one.address);
    port->port = one.port;
    auto& listener = port->listeners.emplace_back();
    listener.name = "default/shop/http-" + std::to_string(one.port);
    listener.origin = "gw.yaml:7";
    plan.ports.push_back(std::move(port));
  }
  return plan;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Ports, EachWorkerHasItsSocketOnTheSamePort) {
  Ports ports({.workers = 3});
  const plan::Plan plan = plan_of({{"127.0.0.1:0", 80}});
  auto opened = ports.open(plan);
  ASSERT_TRUE(opened) << opened.error();
  ASSERT_EQ(opened->count(), 3U);
  ports.adopt(plan);
  const io::Address bound = ports.bound(*plan.ports[0]);
  EXPECT_NE(bound.port(), 0);
  for (unsigned worker = 0; worker < 3; ++worker) {
    const auto sockets = opened->take(worker);
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets[0].key, plan.ports[0]->key());
    EXPECT_EQ(io::local_address(sockets[0].fd), bound);
    ::close(sockets[0].fd);
  }
}

TEST(Ports, WhatStaysIsNotOpenedAgain) {
  Ports ports({.workers = 1});
  const plan::Plan one = plan_of({{"127.0.0.1:0", 80}});
  auto first = ports.open(one);
  ASSERT_TRUE(first);
  ports.adopt(one);
  const io::Address bound = ports.bound(*one.ports[0]);
  const plan::Plan two = plan_of({{"127.0.0.1:0", 80}, {"127.0.0.1:0", 81}});
  auto second = ports.open(two);
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(second->count(), 1U);
  ports.adopt(two);
  EXPECT_EQ(ports.bound(*two.ports[0]), bound);
  EXPECT_FALSE(ports.bound(*two.ports[1]) == bound);
}

TEST(Ports, ATakenPortIsAnErrorThatTeachesAndLeavesNothingOpen) {
  const auto other =
      io::listen_on(*io::Address::parse("127.0.0.1:0"), true);  // SO_REUSEPORT: would let us in
  ASSERT_TRUE(other);
  const std::string taken = io::local_address(*other).text();
  Ports ports({.workers = 2});
  const plan::Plan plan = plan_of({{"127.0.0.1:0", 80}, {taken, 8080}});
  const int next = ::dup(0);  // the number that the first socket would get
  ::close(next);
  const auto opened = ports.open(plan);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), AllOf(HasSubstr("default/shop/http-8080"), HasSubstr("gw.yaml:7"),
                                    HasSubstr(taken), HasSubstr("in use")));
  EXPECT_FALSE(is_open(next));
  // What is refused once may be asked for again.
  ::close(*other);
  EXPECT_TRUE(ports.open(plan));
}

TEST(Ports, SharingIsAllowedWhereAskedFor) {
  const auto other = io::listen_on(*io::Address::parse("127.0.0.1:0"), true);
  ASSERT_TRUE(other);
  Ports ports({.workers = 1, .share = true});
  EXPECT_TRUE(ports.open(plan_of({{io::local_address(*other).text(), 80}})));
  ::close(*other);
}

// The workers close the old sockets only when they get the plan: the port is still ours then.
TEST(Ports, APortThatWasJustGivenUpCanBeTakenAgain) {
  Ports ports({.workers = 1});
  const plan::Plan http = plan_of({{"127.0.0.1:0", 80}});
  auto first = ports.open(http);
  ASSERT_TRUE(first);
  ports.adopt(http);
  const std::string address = ports.bound(*http.ports[0]).text();
  plan::Plan https = plan_of({{address, 80}});
  https.ports[0]->tls = true;
  auto second = ports.open(https);
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(second->count(), 1U);
  ports.adopt(https);
  EXPECT_TRUE(ports.open(plan_of({{address, 80}})));
}

// --- sockets of a predecessor and of the service manager

InheritedSocket copy_of(int fd, handover::Use use, std::string key) {
  return {{use, std::move(key)}, Descriptor(::dup(fd))};
}

ino_t inode(int fd) {
  struct stat status{};
  ::fstat(fd, &status);
  return status.st_ino;
}

// The inodes of the sockets that each worker got, closed at once.
std::vector<std::vector<ino_t>> take_all(OpenedPorts& opened, unsigned workers) {
  std::vector<std::vector<ino_t>> out(workers);
  for (unsigned i = 0; i < workers; ++i) {
    for (const proxy::PortSocket& socket : opened.take(i)) {
      out[i].push_back(inode(socket.fd));
      ::close(socket.fd);
    }
  }
  return out;
}

class PortsUpgrade : public testing::Test {
 protected:
  // What a process with `workers` workers offers for `plan`; its sockets stay open until the test ends.
  std::vector<OfferedSocket> offer_of(unsigned workers, const plan::Plan& plan) {
    old = std::make_unique<Ports>(PortOptions{.workers = workers});
    auto result = old->open(plan);
    EXPECT_TRUE(result) << result.error();
    opened.push_back(std::move(*result));
    old->adopt(plan);
    return old->offer();
  }
  static void inherit(Ports& ports, const std::vector<OfferedSocket>& offer) {
    for (std::uint32_t i = 0; i < offer.size(); ++i)
      ASSERT_TRUE(ports.spares().add({offer[i].entry, Descriptor(::dup(offer[i].fd))}, i));
  }
  std::unique_ptr<Ports> old;
  std::vector<OpenedPorts> opened;
};

TEST_F(PortsUpgrade, TheVerySocketsAreUsed) {
  const plan::Plan plan = plan_of({{"127.0.0.1:0", 80}});
  const auto offer = offer_of(2, plan);
  ASSERT_EQ(offer.size(), 2U);
  Ports next({.workers = 2});
  inherit(next, offer);
  auto result = next.open(plan);
  ASSERT_TRUE(result) << result.error();
  EXPECT_THAT(next.spares().taken(), ElementsAre(0, 1));
  next.adopt(plan);
  EXPECT_EQ(next.bound(*plan.ports[0]), old->bound(*plan.ports[0]));
  EXPECT_THAT(take_all(*result, 2),
              ElementsAre(ElementsAre(inode(offer[0].fd)), ElementsAre(inode(offer[1].fd))));
  EXPECT_TRUE(next.spares().all().empty()) << "the copies that came with the hand-over are closed";
  EXPECT_THAT(old->kept_elsewhere(std::vector<std::uint32_t>{0, 1}), ElementsAre(plan.ports[0]->key()));
  EXPECT_THAT(old->kept_elsewhere(std::vector<std::uint32_t>{0}), IsEmpty());
}

TEST_F(PortsUpgrade, FewerWorkersServeAllSockets) {
  const plan::Plan plan = plan_of({{"127.0.0.1:0", 80}});
  const auto offer = offer_of(3, plan);
  Ports next({.workers = 2});
  inherit(next, offer);
  auto result = next.open(plan);
  ASSERT_TRUE(result) << result.error();
  next.adopt(plan);
  EXPECT_EQ(next.offer().size(), 3U) << "and hand all of them on";
  const auto sockets = take_all(*result, 2);
  EXPECT_THAT(sockets[0], ElementsAre(inode(offer[0].fd), inode(offer[2].fd)));
  EXPECT_THAT(sockets[1], ElementsAre(inode(offer[1].fd)));
}

TEST_F(PortsUpgrade, MoreWorkersJoinThePort) {
  const plan::Plan plan = plan_of({{"127.0.0.1:0", 80}});
  const auto offer = offer_of(1, plan);
  Ports next({.workers = 3});
  inherit(next, offer);
  auto result = next.open(plan);
  ASSERT_TRUE(result) << result.error();
  next.adopt(plan);
  std::set<ino_t> all;
  for (const OfferedSocket& socket : next.offer()) {
    EXPECT_EQ(io::local_address(socket.fd), old->bound(*plan.ports[0]));
    all.insert(inode(socket.fd));
  }
  EXPECT_EQ(all.size(), 3U);
  EXPECT_TRUE(all.contains(inode(offer[0].fd)));
}

TEST_F(PortsUpgrade, APortThatSpeaksAnotherProtocolNowKeepsItsSockets) {
  const plan::Plan some = plan_of({{"127.0.0.1:0", 80}});
  offer_of(1, some);
  const plan::Plan http = plan_of({{old->bound(*some.ports[0]).text(), 80}});
  opened.clear();  // frees the port
  const auto offer = offer_of(1, http);
  plan::Plan https = plan_of({{http.ports[0]->address.text(), 80}});
  https.ports[0]->tls = true;
  Ports next({.workers = 1});
  inherit(next, offer);
  auto result = next.open(https);
  ASSERT_TRUE(result) << result.error();
  EXPECT_THAT(next.spares().taken(), ElementsAre(0));
}

TEST_F(PortsUpgrade, WhatTheNewPlanDoesNotHaveIsNotTaken) {
  const auto offer = offer_of(1, plan_of({{"127.0.0.1:0", 80}, {"127.0.0.1:0", 81}}));
  ASSERT_EQ(offer.size(), 2U);
  Ports next({.workers = 1});
  inherit(next, offer);
  auto result = next.open(plan_of({{"127.0.0.1:0", 81}, {"127.0.0.1:0", 82}}));
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(result->count(), 2U) << "one taken, one new";
  EXPECT_EQ(next.spares().taken().size(), 1U);
  EXPECT_EQ(old->kept_elsewhere(next.spares().taken()).size(), 1U);
}

// One socket without SO_REUSEPORT, which is how a service manager opens it.
TEST(PortsActivation, WorkersShareASocketOfTheServiceManager) {
  const auto given = io::listen_on(*io::Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(given);
  const plan::Plan plan = plan_of({{io::local_address(*given).text(), 80}});
  Ports ports({.workers = 3});
  ASSERT_TRUE(ports.spares().add(copy_of(*given, handover::Use::activated, "web"), 0));
  auto result = ports.open(plan);
  ASSERT_TRUE(result) << result.error();
  ports.adopt(plan);
  for (const auto& sockets : take_all(*result, 3)) EXPECT_THAT(sockets, ElementsAre(inode(*given)));
  EXPECT_THAT(ports.kept_elsewhere({}), ElementsAre(plan.ports[0]->key()));
  const auto offer = ports.offer();
  ASSERT_EQ(offer.size(), 1U);
  EXPECT_EQ(offer[0].entry, (handover::SocketEntry{handover::Use::activated, "web"}));
  // The port goes and comes back.
  ASSERT_TRUE(ports.open(plan_of({})));
  ports.adopt(plan_of({}));
  auto again = ports.open(plan);
  ASSERT_TRUE(again) << again.error();
  EXPECT_THAT(take_all(*again, 3)[2], ElementsAre(inode(*given)));
  ::close(*given);
}

TEST(PortsActivation, AllAddressesAreTheSameWhicheverTheFamily) {
  const auto given = io::listen_on(*io::Address::parse("0.0.0.0:0"), false);
  ASSERT_TRUE(given);
  SpareSockets spares;
  ASSERT_TRUE(spares.add(copy_of(*given, handover::Use::activated, ""), 0));
  const std::uint16_t port = io::local_address(*given).port();
  EXPECT_EQ(spares.use("", *io::Address::from_ip("::", port)).size(), 1U);
  EXPECT_EQ(spares.use("", *io::Address::from_ip("127.0.0.1", port)).size(), 0U);
  EXPECT_EQ(spares.use("", *io::Address::from_ip("::", 0)).size(), 0U);
  ::close(*given);
}

TEST(PortsActivation, DatagramsAndStreamsOfOneAddressAreToldApart) {
  const auto given = io::listen_on(*io::Address::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(given);
  const io::Address address = io::local_address(*given);
  const int datagrams = ::socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_EQ(::bind(datagrams, address.data(), address.size()), 0);
  SpareSockets spares;
  ASSERT_TRUE(spares.add(copy_of(*given, handover::Use::activated, ""), 0));
  ASSERT_TRUE(spares.add(copy_of(datagrams, handover::Use::activated, ""), 1));
  ASSERT_EQ(spares.use("", address).size(), 1U);
  EXPECT_EQ(spares.use("", address)[0]->number, 0U);
  ASSERT_EQ(spares.use("", address, true).size(), 1U);
  EXPECT_EQ(spares.use("", address, true)[0]->number, 1U);
  ::close(datagrams);
  ::close(*given);
}

TEST(PortsActivation, WhatIsNoListeningSocketIsRefused) {
  SpareSockets spares;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_FALSE(spares.add({{handover::Use::activated, ""}, Descriptor(pair[0])}, 0));
  EXPECT_FALSE(spares.add({{handover::Use::activated, ""}, Descriptor(::dup(0))}, 0));
  EXPECT_FALSE(is_open(pair[0]));
  ::close(pair[1]);
}

TEST(PortsFile, ListsListenersAndAdmin) {
  Ports ports({.workers = 1});
  plan::Plan plan = plan_of({{"127.0.0.1:0", 8080}, {":0", 8443}});
  plan.ports[1]->tls = true;
  plan.ports[1]->listeners[0].hostname = "*.shop.example";
  const auto opened = ports.open(plan);
  ASSERT_TRUE(opened) << opened.error();
  ports.adopt(plan);
  const auto json = nlohmann::json::parse(ports_text(plan, ports, "127.0.0.1:9901"));
  EXPECT_EQ(json["generation"], 7);
  EXPECT_EQ(json["admin"], "127.0.0.1:9901");
  ASSERT_EQ(json["listeners"].size(), 2U);
  EXPECT_EQ(json["listeners"][0]["gateway"], "default/shop");
  EXPECT_EQ(json["listeners"][0]["listener"], "http-8080");
  EXPECT_EQ(json["listeners"][0]["port"], 8080);
  EXPECT_EQ(json["listeners"][0]["address"], ports.bound(*plan.ports[0]).text());
  EXPECT_EQ(json["listeners"][1]["hostname"], "*.shop.example");
  EXPECT_THAT(json["listeners"][1]["address"].get<std::string>(), testing::StartsWith("127.0.0.1:"));
  EXPECT_TRUE(nlohmann::json::parse(ports_text(plan, ports, ""))["admin"].is_null());
}

TEST(PortsFile, IsReplacedWhole) {
  char folder[] = "/tmp/turnpike_ports_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/ports.json";
  const auto content = [&] {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  };
  ASSERT_TRUE(write_atomically(path, "one, and longer"));
  std::ifstream open_before(path);
  ASSERT_TRUE(write_atomically(path, "two"));
  EXPECT_EQ(content(), "two");
  std::string old;
  std::getline(open_before, old);
  EXPECT_EQ(old, "one, and longer");
  // Somebody who guessed the name beside it must not lead us to another file.
  const std::string victim = std::string(folder) + "/victim";
  std::ofstream(victim) << "precious";
  ASSERT_EQ(::symlink(victim.c_str(), (path + ".tmp" + std::to_string(::getpid())).c_str()), 0);
  ASSERT_TRUE(write_atomically(path, "three"));
  EXPECT_EQ(content(), "three");
  std::string untouched;
  std::ifstream left(victim);
  std::getline(left, untouched);
  EXPECT_EQ(untouched, "precious");
  ::unlink(victim.c_str());
  const auto failed = write_atomically("/nonexistent/ports.json", "x");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error(), HasSubstr("/nonexistent/ports.json"));
  ::unlink(path.c_str());
  EXPECT_EQ(::rmdir(folder), 0) << "something was left behind";
}

}  // namespace
}  // namespace turnpike::control
