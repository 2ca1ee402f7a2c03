#include "upstream/cares_resolver.h"

#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <optional>

#include "io/socket.h"
#include "io/testing.h"
#include "upstream/dns_message.h"

#include <gtest/gtest.h>

namespace turnpike::upstream {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kAaaa = 28;
constexpr std::uint16_t kSrv = 33;

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 255);
  out += static_cast<char>(value & 255);
}
void put_name(std::string& out, std::string name) {
  while (!name.empty()) {
    const std::size_t dot = name.find('.');
    const std::string label = name.substr(0, dot);
    out += static_cast<char>(label.size());
    out += label;
    name = dot == std::string::npos ? "" : name.substr(dot + 1);
  }
  out += '\0';
}

// A DNS server on loopback that knows what the test put into it.
class TestDns final : public io::Source {
 public:
  struct Record {
    std::uint32_t ttl;
    std::string data;
  };
  explicit TestDns(io::Loop& loop) : loop_(loop) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const io::Address any = *io::Address::from_ip("127.0.0.1", 0);
    if (::bind(fd_, any.data(), any.size()) != 0) throw std::runtime_error("bind");
    loop_.add(fd_, *this, true);
  }
  ~TestDns() {
    loop_.remove(fd_, *this);
    ::close(fd_);
  }
  std::string address() const { return io::local_address(fd_).text(); }

  void a(const std::string& name, std::initializer_list<unsigned char> ip, std::uint32_t ttl) {
    records[{name, kA}].push_back({ttl, std::string(ip.begin(), ip.end())});
  }
  void aaaa(const std::string& name, const char* ip, std::uint32_t ttl) {
    std::uint8_t bytes[16];
    io::Address::from_ip(ip, 0)->ip_bytes(bytes);
    records[{name, kAaaa}].push_back({ttl, std::string(reinterpret_cast<const char*>(bytes), 16)});
  }
  void srv(const std::string& name, unsigned priority, unsigned weight, unsigned port,
           const std::string& target, std::uint32_t ttl) {
    std::string data;
    put16(data, priority);
    put16(data, weight);
    put16(data, port);
    put_name(data, target);
    records[{name, kSrv}].push_back({ttl, data});
  }

  std::map<std::pair<std::string, std::uint16_t>, std::vector<Record>> records;
  unsigned rcode = 0;  // for all: 2 is SERVFAIL
  bool silent = false;
  int queries = 0;

 private:
  void on_ready(std::uint32_t) override {
    char bytes[1500];
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 12) return;
    ++queries;
    if (silent) return;
    const std::string query(bytes, static_cast<std::size_t>(n));
    std::string name;
    std::size_t at = 12;
    while (query[at] != 0) {
      const auto length = static_cast<std::size_t>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
      at += length + 1;
    }
    const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(query[at + 2]));
    const std::string reply = reply_to(query, name, type, at + 5);
    ::sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
  std::string reply_to(const std::string& query, const std::string& name, std::uint16_t type,
                       std::size_t end) {
    const auto found = records.find({name, type});
    bool exists = false;
    for (const auto& [key, list] : records) exists |= key.first == name;
    std::string reply = query.substr(0, 2);
    reply += '\x81';
    reply += static_cast<char>(0x80 | (rcode != 0 ? rcode : exists ? 0 : 3));
    const std::size_t answers = found == records.end() || rcode != 0 ? 0 : found->second.size();
    for (const std::size_t count : {std::size_t{1}, answers, std::size_t{0}, std::size_t{0}}) {
      put16(reply, static_cast<unsigned>(count));
    }
    reply += query.substr(12, end - 12);
    for (std::size_t i = 0; i < answers; ++i) {
      const Record& record = found->second[i];
      put16(reply, 0xc00c);
      put16(reply, type);
      put16(reply, 1);
      put16(reply, record.ttl >> 16);
      put16(reply, record.ttl & 0xffff);
      put16(reply, static_cast<unsigned>(record.data.size()));
      reply += record.data;
    }
    return reply;
  }
  io::Loop& loop_;
  int fd_;
};

class CaresTest : public testing::Test {
 protected:
  DnsAnswer ask(const std::string& name, DnsKind kind = DnsKind::address) {
    std::optional<DnsAnswer> got;
    resolver->resolve(name, kind, [&](const DnsAnswer& answer) { got = answer; });
    EXPECT_FALSE(got) << "called back from within resolve()";
    EXPECT_TRUE(io::run_until(loop, [&] { return got.has_value(); }));
    return got.value_or(DnsAnswer{});
  }
  static std::vector<std::string> texts(const DnsAnswer& answer) {
    std::vector<std::string> all;
    for (const DnsRecord& record : answer.records) all.push_back(record.address.text());
    return all;
  }
  io::Loop loop;
  TestDns server{loop};
  std::unique_ptr<Resolver> resolver =
      make_cares_resolver(loop, {.servers = server.address(), .timeout = 200ms, .tries = 2});
};

TEST_F(CaresTest, AddressesWithTheShortestTtl) {
  server.a("a.test", {10, 0, 0, 1}, 60);
  server.a("a.test", {10, 0, 0, 2}, 20);
  const DnsAnswer answer = ask("a.test");
  EXPECT_EQ(answer.status, DnsAnswer::Status::ok);
  EXPECT_EQ(answer.ttl, 20s);
  EXPECT_EQ(texts(answer), (std::vector<std::string>{"10.0.0.1:0", "10.0.0.2:0"}));
}

TEST_F(CaresTest, Ipv6AloneIsTakenAndBothKindsBecomeOne) {
  server.aaaa("six.test", "fd00::1", 30);
  EXPECT_EQ(texts(ask("six.test")), std::vector<std::string>{"[fd00::1]:0"});
  server.a("both.test", {127, 0, 0, 1}, 30);
  server.aaaa("both.test", "::1", 30);
  EXPECT_EQ(texts(ask("both.test")), std::vector<std::string>{"127.0.0.1:0"});
}

TEST_F(CaresTest, NoSuchNameAndNoSuchRecordAreDefinite) {
  EXPECT_EQ(ask("nothing.test").status, DnsAnswer::Status::not_found);
  server.srv("empty.test", 1, 1, 1, "x.test", 5);
  EXPECT_EQ(ask("empty.test").status, DnsAnswer::Status::not_found);
}

TEST_F(CaresTest, AServerThatFailsOrIsSilentIsAFailure) {
  server.rcode = 2;
  EXPECT_EQ(ask("a.test").status, DnsAnswer::Status::failed);
  server.rcode = 0;
  server.silent = true;
  const DnsAnswer answer = ask("a.test");
  EXPECT_EQ(answer.status, DnsAnswer::Status::failed);
  EXPECT_FALSE(answer.detail.empty());
  EXPECT_EQ(ask("not a name..").status, DnsAnswer::Status::failed);
}

TEST_F(CaresTest, EtcHosts) {
  const DnsAnswer answer = ask("localhost");
  EXPECT_EQ(answer.status, DnsAnswer::Status::ok);
  EXPECT_FALSE(answer.records.empty());
  EXPECT_EQ(server.queries, 0);
}

TEST_F(CaresTest, SrvTakesTheBestPriorityAndResolvesItsTargets) {
  server.srv("_http._tcp.shop.test", 10, 60, 8080, "one.test", 40);
  server.srv("_http._tcp.shop.test", 10, 0, 8081, "two.test", 40);
  server.srv("_http._tcp.shop.test", 20, 50, 8082, "backup.test", 40);
  server.a("one.test", {10, 0, 0, 1}, 15);
  server.a("two.test", {10, 0, 0, 2}, 90);
  const DnsAnswer answer = ask("_http._tcp.shop.test", DnsKind::srv);
  EXPECT_EQ(answer.status, DnsAnswer::Status::ok);
  EXPECT_EQ(answer.ttl, 15s);
  EXPECT_EQ(texts(answer), (std::vector<std::string>{"10.0.0.1:8080", "10.0.0.2:8081"}));
  EXPECT_EQ(answer.records[0].weight, 60U);
  EXPECT_EQ(answer.records[1].weight, 1U);
}

TEST_F(CaresTest, SrvWeightIsSharedByTheAddressesOfATarget) {
  server.srv("_x._tcp.test", 1, 10, 80, "pair.test", 40);
  server.srv("_x._tcp.test", 1, 10, 80, "one.test", 40);
  server.a("pair.test", {10, 0, 0, 1}, 15);
  server.a("pair.test", {10, 0, 0, 2}, 15);
  server.a("one.test", {10, 0, 0, 3}, 15);
  const DnsAnswer answer = ask("_x._tcp.test", DnsKind::srv);
  ASSERT_EQ(answer.records.size(), 3U);
  EXPECT_EQ(answer.records[0].weight + answer.records[1].weight, answer.records[2].weight);
}

TEST_F(CaresTest, SrvThatSaysThereIsNoService) {
  server.srv("_x._tcp.test", 0, 0, 0, "", 40);
  EXPECT_EQ(ask("_x._tcp.test", DnsKind::srv).status, DnsAnswer::Status::not_found);
  EXPECT_EQ(ask("_y._tcp.test", DnsKind::srv).status, DnsAnswer::Status::not_found);
  // Targets that cannot be resolved.
  server.srv("_z._tcp.test", 0, 0, 80, "gone.test", 40);
  EXPECT_EQ(ask("_z._tcp.test", DnsKind::srv).status, DnsAnswer::Status::not_found);
}

TEST_F(CaresTest, CancelledQueriesAndTheEndCallNobody) {
  server.silent = true;
  int called = 0;
  const Resolver::Id id = resolver->resolve("a.test", DnsKind::address, [&](const DnsAnswer&) { ++called; });
  resolver->resolve("b.test", DnsKind::srv, [&](const DnsAnswer&) { ++called; });
  resolver->resolve("localhost", DnsKind::address, [&](const DnsAnswer&) { ++called; });
  resolver->cancel(id);
  resolver->cancel(12345);
  resolver.reset();
  loop.turn(loop.now());
  EXPECT_EQ(called, 0);
}

TEST(DnsMessage, ShortestTtlOfBrokenMessages) {
  std::string message("\0\0\x81\x80\0\1\0\2\0\0\0\0", 12);
  put_name(message, "a.test");
  message += std::string("\0\1\0\1", 4);
  for (const char ttl : {'\x20', '\x10'}) {
    message += std::string("\xc0\x0c\0\1\0\1\0\0\0", 9) + ttl + std::string("\0\4\1\2\3\4", 6);
  }
  const auto bytes = [&](std::size_t size) {
    return std::span(reinterpret_cast<const unsigned char*>(message.data()), size);
  };
  EXPECT_EQ(shortest_ttl(bytes(message.size())), 16U);
  for (std::size_t cut = 0; cut < message.size(); ++cut)
    EXPECT_EQ(shortest_ttl(bytes(cut)), std::nullopt) << cut;
  message[message.size() - 10] = '\xff';  // the highest bit of the last TTL
  EXPECT_EQ(shortest_ttl(bytes(message.size())), 0U);
}

}  // namespace
}  // namespace turnpike::upstream
