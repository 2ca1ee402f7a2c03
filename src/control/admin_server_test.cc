#include "control/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "io/pipe.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Pages final : public AdminPages {
 public:
  AdminResponse get(const AdminRequest& request) override {
    seen.push_back(std::string(request.path) + "?" + std::string(request.query) + " " +
                   std::string(request.accept));
    if (request.path == "/big") return {200, "text/plain", std::string(300'000, 'x')};
    if (request.path != "/") return admin_error(404, "there is no such page");
    return {200, "text/plain", "hello"};
  }
  std::vector<std::string> seen;
};

class AdminServerTest : public testing::Test {
 protected:
  void SetUp() override { loop.use_virtual_time(); }
  void connect(io::PipeOptions options = {}) {
    auto [ours, theirs] = io::make_pipe(loop, options);
    client = std::move(ours);
    server.serve(std::move(theirs));
  }
  void turn(int times = 50) {
    for (int i = 0; i < times; ++i) {
      loop.turn(loop.now());
      take();
    }
  }
  void take() {
    char buffer[4096];
    if (client == nullptr) return;
    for (;;) {
      const io::IoResult got = client->read(buffer);
      if (got.status == io::IoStatus::eof) closed = true;
      if (got.status != io::IoStatus::ok) return;
      received.append(buffer, got.bytes);
    }
  }
  // What comes back for these bytes.
  std::string exchange(std::string_view bytes) {
    connect();
    received.clear();
    client->write(bytes);
    turn();
    return received;
  }

  io::Loop loop;
  Pages pages;
  AdminServer server{loop, pages, AdminLimits{.connections = 2}};
  std::unique_ptr<io::Stream> client;
  std::string received;
  bool closed = false;
};

TEST_F(AdminServerTest, ServesAPageAndKeepsTheConnection) {
  const std::string answer = exchange("GET / HTTP/1.1\r\nHost: localhost:9901\r\nAccept: text/plain\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(pages.seen, testing::ElementsAre("/? text/plain"));
  EXPECT_FALSE(closed);
  client->write("GET /?a=b HTTP/1.1\r\nHost: [::1]\r\n\r\n");
  turn();
  EXPECT_EQ(pages.seen.back(), "/?a=b ");
}

TEST_F(AdminServerTest, PipelinedRequestsAreAnsweredInOrder) {
  const std::string one = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  const std::string answer =
      exchange(one + "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  EXPECT_LT(answer.find("200 OK"), answer.find("404 Not Found"));
  EXPECT_TRUE(closed);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(AdminServerTest, BytesOneByOne) {
  connect({.most_per_call = 1});
  const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const char c : request) {
    client->write(std::string_view(&c, 1));
    turn(2);
  }
  turn(2000);
  EXPECT_THAT(received, EndsWith("hello"));
}

TEST_F(AdminServerTest, HeadHasNoContent) {
  const std::string answer = exchange("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, LargePageThroughASmallPipe) {
  connect({.capacity = 1000});
  client->write("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  turn(2000);
  EXPECT_GT(received.size(), 300'000U);
  EXPECT_THAT(received.substr(received.size() - 10), std::string(10, 'x'));
}

TEST_F(AdminServerTest, OtherMethodsAreRefusedByName) {
  const std::string answer = exchange("DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(answer, HasSubstr("\"error\":{"));
  EXPECT_TRUE(pages.seen.empty());
}

TEST_F(AdminServerTest, ContentIsRefusedAndTheConnectionCloses) {
  const std::string answer = exchange("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(closed);
  EXPECT_THAT(exchange("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(pages.seen.empty());
}

TEST_F(AdminServerTest, DnsRebindingIsRefused) {
  for (const char* host :
       {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]"}) {
    const std::string answer = exchange("GET / HTTP/1.1\r\nHost: " + std::string(host) + ":9901\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 ")) << host;
    client.reset();
    turn(2);
  }
  EXPECT_TRUE(pages.seen.empty());
  const std::string absolute = exchange("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(absolute, Not(StartsWith("HTTP/1.1 200")));
}

TEST_F(AdminServerTest, MalformedRequestsAreRefusedAndTheConnectionCloses) {
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(closed);
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9000, 'a')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(exchange("GET /" + std::string(5000, 'a')), StartsWith("HTTP/1.1 414 "));
}

TEST_F(AdminServerTest, SlowHeadAndIdleConnectionAreClosed) {
  connect();
  client->write("GET / HT");
  turn(2);
  EXPECT_EQ(server.connections(), 1U);
  loop.advance(6s);
  turn(2);
  EXPECT_TRUE(closed);
  EXPECT_EQ(server.connections(), 0U);
  closed = false;
  connect();
  turn(2);
  loop.advance(59s);
  EXPECT_EQ(server.connections(), 1U);
  loop.advance(2s);
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(AdminServerTest, ReaderThatStopsIsCut) {
  connect({.capacity = 1000});
  client->write("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (int i = 0; i < 10; ++i) loop.turn(loop.now());
  EXPECT_EQ(server.connections(), 1U);
  loop.advance(11s);
  EXPECT_EQ(server.connections(), 0U);
}

TEST(AdminAddress, LoopbackAndUnixOnly) {
  for (const char* good :
       {"127.0.0.1:9901", "127.9.9.9:1", "[::1]:9901", "localhost:0", "unix:/tmp/x.sock"}) {
    EXPECT_TRUE(parse_admin_address(good)) << good;
  }
  for (const char* bad : {"0.0.0.0:9901", ":9901", "[::]:9901", "10.1.2.3:9901", "[fe80::1]:1"}) {
    const auto parsed = parse_admin_address(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error(), HasSubstr("no log-in")) << bad;
  }
  EXPECT_FALSE(parse_admin_address("admin.example:9901"));
  EXPECT_FALSE(parse_admin_address(""));
}

TEST(AdminSocket, UnixSocketIsPrivateAndRemovedAtTheEnd) {
  char folder[] = "/tmp/turnpike_admin_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/admin.sock";
  io::Loop loop;
  Pages pages;
  {
    AdminServer server(loop, pages);
    ASSERT_TRUE(server.listen(*parse_admin_address("unix:" + path)));
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_EQ(server.address(), "unix:" + path);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  ::rmdir(folder);
}

TEST(AdminSocket, IsHandedOverWithItsQueueAndItsFile) {
  char folder[] = "/tmp/turnpike_admin_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/admin.sock";
  const auto address = *parse_admin_address("unix:" + path);
  io::Loop loop;
  Pages pages;
  AdminServer next(loop, pages);
  {
    AdminServer old(loop, pages);
    ASSERT_TRUE(old.listen(address));
    next.adopt(::dup(old.fd()));
    old.hand_over();
    EXPECT_EQ(old.fd(), -1);
  }
  EXPECT_EQ(next.address(), "unix:" + path);
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, address.data(), address.size()), 0) << "the file is still there";
  const std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_GT(::send(client, request.data(), request.size(), 0), 0);
  for (int i = 0; i < 20; ++i) loop.turn(loop.now());
  EXPECT_EQ(next.connections(), 0U) << "not before it is told to";
  next.resume();
  for (int i = 0; i < 20; ++i) loop.turn(loop.now());
  EXPECT_EQ(pages.seen.size(), 1U);
  ::close(client);
  ::unlink(path.c_str());
  ::rmdir(folder);
}

TEST_F(AdminServerTest, HandingOverEndsIdleConnectionsAndThoseThatAreAnsweredThen) {
  exchange("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(closed);
  const auto answered = std::move(client);
  connect();  // came before the hand-over, and asks after it
  turn();
  server.hand_over();
  turn();
  EXPECT_EQ(server.connections(), 1U);
  client->write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  received.clear();
  turn();
  EXPECT_THAT(received, HasSubstr("200 OK"));
  EXPECT_EQ(server.connections(), 0U);
}

TEST(AdminSocket, PortZeroIsReportedAndATakenPortTeaches) {
  io::Loop loop;
  Pages pages;
  AdminServer one(loop, pages);
  ASSERT_TRUE(one.listen(*parse_admin_address("127.0.0.1:0")));
  EXPECT_THAT(one.address(), Not(EndsWith(":0")));
  AdminServer two(loop, pages);
  const auto taken = two.listen(*parse_admin_address(one.address()));
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error(), HasSubstr("in use"));
}

}  // namespace
}  // namespace turnpike::control
