#include "upstream/health_check.h"

#include <algorithm>
#include <set>

#include "upstream/testing.h"

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;

// Answers each connection with the same text at once, then closes.
class HealthServer final : public io::Acceptor::Handler {
 public:
  explicit HealthServer(io::Loop& loop) {
    const auto fd = io::listen_on(*io::Address::from_ip("127.0.0.1", 0), false);
    if (!fd) throw std::runtime_error(fd.error().message);
    address = io::local_address(*fd);
    acceptor_ = std::make_unique<io::Acceptor>(loop, *fd, *this);
  }
  ~HealthServer() {
    for (const int fd : connections_) ::close(fd);
  }
  io::Address address;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  bool silent = false;
  int asked = 0;
  // Of the last connection.
  std::string request() const {
    char bytes[1024];
    const ssize_t n = ::recv(connections_.back(), bytes, sizeof bytes, MSG_DONTWAIT);
    return {bytes, n > 0 ? static_cast<std::size_t>(n) : 0};
  }

 private:
  void on_accept(int fd, const io::Address&) override {
    ++asked;
    if (silent) {
      connections_.push_back(fd);
      return;
    }
    (void)!::write(fd, answer.data(), answer.size());
    ::shutdown(fd, SHUT_WR);
    connections_.push_back(fd);
  }
  std::unique_ptr<io::Acceptor> acceptor_;
  std::vector<int> connections_;
};

class HealthTest : public UpstreamTest {
 protected:
  ClusterConfig checked(ActiveHealthCheck::Kind kind = ActiveHealthCheck::Kind::http) {
    ClusterConfig config;
    config.name = "checked";
    config.panic_percent = 0;
    for (const HealthServer* const server : {&one, &two}) {
      config.endpoints.push_back({"127.0.0.1", server->address.port(), 1, true, ""});
    }
    config.health.kind = kind;
    config.health.interval = 5s;
    config.health.timeout = 1s;
    config.health.healthy_threshold = 2;
    config.health.unhealthy_threshold = 3;
    return config;
  }
  // Lets time pass until the server has been asked once more, and the answer has been seen.
  void one_more_check(HealthServer& server) {
    const int before = server.asked;
    for (int i = 0; i < 200 && server.asked == before; ++i) pass(50ms);
    ASSERT_EQ(server.asked, before + 1);
    for (int i = 0; i < 20; ++i) settle();
  }
  bool used(const HealthServer& server) {
    std::set<std::string> names;
    for (int i = 0; i < 100; ++i) names.insert(choose_name(plan[0]));
    return names.contains(server.address.text());
  }
  HealthServer one{loop};
  HealthServer two{loop};
};

TEST_F(HealthTest, ThresholdsBothWays) {
  use(checked());
  one_more_check(one);
  EXPECT_TRUE(one.request().starts_with("GET / HTTP/1.1\r\nHost: " + one.address.text() + "\r\n"));
  EXPECT_TRUE(used(one));
  one.answer = "HTTP/1.1 503 Service Unavailable\r\n\r\n";
  one_more_check(one);
  one_more_check(one);
  EXPECT_TRUE(used(one));
  one_more_check(one);
  EXPECT_FALSE(used(one));
  EXPECT_TRUE(used(two));
  one.answer = "HTTP/1.1 204 No Content\r\n\r\n";
  one_more_check(one);
  EXPECT_FALSE(used(one));
  one_more_check(one);
  EXPECT_TRUE(used(one));
  EXPECT_EQ(events.all, (std::vector<std::string>{"endpoint unhealthy " + one.address.text(),
                                                  "endpoint healthy again " + one.address.text()}));
  EXPECT_EQ(registry.status()[0].endpoints[0].checks_failed, 1U);
}

TEST_F(HealthTest, TheFirstAnswerDecides) {
  one.answer = "HTTP/1.1 500 Oops\r\n\r\n";
  use(checked());
  EXPECT_TRUE(used(one));  // innocent until asked
  one_more_check(one);
  EXPECT_FALSE(used(one));
}

TEST_F(HealthTest, WhatIsExpectedIsSaidByTheUser) {
  ClusterConfig config = checked();
  config.health.path = "/ready?deep=1";
  config.health.host = "shop.test";
  config.health.expected_statuses = {{200, 200}, {404, 410}};
  one.answer = "HTTP/1.1 404 Not Found\r\n\r\n";
  two.answer = "HTTP/1.1 201 Created\r\n\r\n";
  use(config);
  one_more_check(one);
  EXPECT_TRUE(one.request().starts_with("GET /ready?deep=1 HTTP/1.1\r\nHost: shop.test\r\n"));
  pass(1s);
  EXPECT_TRUE(used(one));
  EXPECT_FALSE(used(two));
}

TEST_F(HealthTest, SilenceRubbishAndRefusalAreFailures) {
  one.silent = true;
  two.answer = "SSH-2.0-OpenSSH_9.2\r\n";
  ClusterConfig config = checked();
  {
    const HealthServer gone(loop);
    config.endpoints.push_back({"127.0.0.1", gone.address.port(), 1, true, ""});
  }
  use(config);
  for (int i = 0; i < 40; ++i) pass(50ms);  // the timeout is a second
  const auto status = registry.status()[0].endpoints;
  EXPECT_TRUE(status[0].unhealthy);
  EXPECT_TRUE(status[1].unhealthy);
  EXPECT_TRUE(status[2].unhealthy);
  EXPECT_EQ(choose_name(plan[0]), "no_healthy_endpoint");
}

TEST_F(HealthTest, TcpIsContentWithAConnection) {
  one.silent = true;
  use(checked(ActiveHealthCheck::Kind::tcp));
  one_more_check(one);
  EXPECT_TRUE(used(one));
}

TEST_F(HealthTest, OncePerEndpointHoweverManyPlans) {
  const ClusterConfig config = checked();
  use(config);
  one_more_check(one);
  for (int i = 0; i < 20; ++i) use(config);
  const int before = one.asked;
  for (int i = 0; i < 500; ++i) pass(100ms);  // ten intervals
  EXPECT_NEAR(one.asked - before, 10, 2);
}

TEST_F(HealthTest, EndsWithItsEndpointAndWithTheUsersWish) {
  ClusterConfig config = checked();
  one.answer = "HTTP/1.1 500 Oops\r\n\r\n";
  use(config);
  one_more_check(one);
  EXPECT_FALSE(used(one));
  config.health.kind = ActiveHealthCheck::Kind::none;
  use(config);
  EXPECT_TRUE(used(one));
  const int asked = one.asked + two.asked;
  pass(1min);
  EXPECT_EQ(one.asked + two.asked, asked);
  // ... also in the middle of one (a leak would show).
  one.silent = true;
  config.health.kind = ActiveHealthCheck::Kind::http;
  use(config);
  for (int i = 0; i < 11; ++i) pass(50ms);
  EXPECT_GT(*registry.checks_running(), 0U);
  registry.update({});
  EXPECT_EQ(*registry.checks_running(), 0U);
}

TEST_F(HealthTest, ARecoveredEndpointStartsSlowly) {
  ClusterConfig config = checked();
  config.balancing = Balancing::random;
  config.slow_start = 100s;
  one.answer = "HTTP/1.1 500 Oops\r\n\r\n";
  use(config);
  one_more_check(one);
  one.answer = "HTTP/1.1 200 OK\r\n\r\n";
  one_more_check(one);
  one_more_check(one);
  int count = 0;
  for (int i = 0; i < 10'000; ++i) count += choose_name(plan[0]) == one.address.text();
  EXPECT_NEAR(count, 10'000 * 0.1 / 1.1, 150);
}

}  // namespace
}  // namespace turnpike::upstream
