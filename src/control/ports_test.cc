#include "control/ports.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "control/ports_file.h"

namespace turnpike::control {
namespace {

using testing::AllOf;
using testing::HasSubstr;

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
  const auto failed = write_atomically("/nonexistent/ports.json", "x");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error(), HasSubstr("/nonexistent/ports.json"));
  ::unlink(path.c_str());
  EXPECT_EQ(::rmdir(folder), 0) << "something was left behind";
}

}  // namespace
}  // namespace turnpike::control
