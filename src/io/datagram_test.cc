#include "io/datagram.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "io/testing.h"

namespace turnpike::io {
namespace {

struct Receiver final : UdpSocket::Handler {
  void on_datagrams(UdpSocket& socket) override {
    while (const std::size_t count = socket.receive(batch, error)) {
      largest = std::max(largest, count);
      for (const Datagram& datagram : batch.received()) {
        texts.emplace_back(datagram.data.data(), datagram.data.size());
        peer = datagram.peer;
        local = datagram.local;
      }
    }
    if (error != 0) last_error = error;
  }
  DatagramBatch batch;
  std::vector<std::string> texts;
  std::size_t largest = 0;
  Address peer;
  LocalEnd local;
  int error = 0;
  int last_error = 0;
};

struct Pair {
  explicit Pair(std::string_view bind, std::string_view to) {
    const int listening = *listen_for_datagrams(*Address::parse(bind), true);
    address = *Address::from_ip(to, local_address(listening).port());
    server.emplace(loop, listening, at_server);
    client.emplace(loop, connect_for_datagrams(address), at_client);
  }
  Loop loop;
  Address address;
  Receiver at_server, at_client;
  std::optional<UdpSocket> server, client;
};

TEST(Datagram, ComesAndIsAnsweredFromWhereItWasSent) {
  for (const auto& [bind, to] : {std::pair{"127.0.0.1:0", "127.0.0.1"}, std::pair{":0", "127.0.0.1"},
                                 std::pair{":0", "127.0.0.5"}, std::pair{"[::1]:0", "::1"}}) {
    Pair pair(bind, to);
    EXPECT_EQ(pair.client->send("question"), 0);
    ASSERT_TRUE(run_until(pair.loop, [&] { return !pair.at_server.texts.empty(); })) << to;
    EXPECT_EQ(pair.at_server.texts[0], "question");
    EXPECT_EQ(pair.at_server.peer, local_address(pair.client->fd()));
    std::string first = "answer", second;
    const Datagram answers[] = {{.data = first}, {.data = second}};
    // The client is connected: it would not see an answer from another address.
    EXPECT_EQ(pair.server->send_to(pair.at_server.peer, pair.at_server.local, answers), 2U);
    ASSERT_TRUE(run_until(pair.loop, [&] { return pair.at_client.texts.size() == 2; })) << to;
    EXPECT_EQ(pair.at_client.texts[0], "answer");
    EXPECT_EQ(pair.at_client.texts[1], "");
  }
}

TEST(Datagram, SeveralMoveAtOnce) {
  Pair pair("127.0.0.1:0", "127.0.0.1");
  for (int i = 0; i < 40; ++i) EXPECT_EQ(pair.client->send(std::to_string(i)), 0);
  EXPECT_EQ(pair.client->send(std::string(60'000, 'x')), 0);
  ASSERT_TRUE(run_until(pair.loop, [&] { return pair.at_server.texts.size() == 41; }));
  EXPECT_EQ(pair.at_server.largest, DatagramBatch::kMost);
  EXPECT_EQ(pair.at_server.texts[39], "39");
  EXPECT_EQ(pair.at_server.texts[40].size(), 60'000U);
}

TEST(Datagram, ToldThatNobodyListens) {
  Pair pair("127.0.0.1:0", "127.0.0.1");
  pair.server.reset();
  pair.client->send("anyone?");
  ASSERT_TRUE(run_until(pair.loop, [&] { return pair.at_client.last_error != 0; }));
  EXPECT_EQ(pair.at_client.last_error, ECONNREFUSED);
}

TEST(Datagram, PortsThatCannotBeHadAreExplained) {
  const int taken = *listen_for_datagrams(*Address::parse("127.0.0.1:0"), false);
  const auto again = listen_for_datagrams(local_address(taken), false);
  ASSERT_FALSE(again.has_value());
  EXPECT_NE(again.error().message.find("in use by another program (see which: ss -lunp"), std::string::npos)
      << again.error().message;
  ::close(taken);
}

}  // namespace
}  // namespace turnpike::io
