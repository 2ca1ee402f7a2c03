#include "control/handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace turnpike::control::handover {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

tls::TicketKey key_of(std::uint8_t fill) {
  tls::TicketKey key;
  key.name.fill(fill);
  key.cipher.fill(static_cast<std::uint8_t>(fill + 1));
  key.mac.fill(static_cast<std::uint8_t>(fill + 2));
  return key;
}

Message again(const Message& message) {
  const auto read = decode(encode(message));
  EXPECT_TRUE(read) << read.error();
  return read.value_or(Message{});
}

TEST(Handover, StateComesBackAsItWas) {
  const Message read = again({.type = Type::state,
                              .state = {.process_generation = 7,
                                        .configuration_generation = 1'000'000'000'000,
                                        .rotate_tickets_in = 11h + 5ms,
                                        .current = key_of(1),
                                        .previous = key_of(9),
                                        .sockets = 130}});
  EXPECT_EQ(read.type, Type::state);
  EXPECT_EQ(read.state.process_generation, 7U);
  EXPECT_EQ(read.state.configuration_generation, 1'000'000'000'000U);
  EXPECT_EQ(read.state.rotate_tickets_in, 11h + 5ms);
  EXPECT_EQ(read.state.current.name, key_of(1).name);
  EXPECT_EQ(read.state.current.mac, key_of(1).mac);
  ASSERT_TRUE(read.state.previous);
  EXPECT_EQ(read.state.previous->cipher, key_of(9).cipher);
  EXPECT_EQ(read.state.sockets, 130U);
  EXPECT_FALSE(again({.type = Type::state}).state.previous);
}

TEST(Handover, SocketsAndWhatIsTakenOfThem) {
  const Message sockets =
      again({.type = Type::sockets,
             .sockets = {{Use::listener, "127.0.0.1:80/http"}, {Use::activated, ""}, {Use::admin, ""}}});
  EXPECT_THAT(sockets.sockets, ElementsAre(SocketEntry{Use::listener, "127.0.0.1:80/http"},
                                           SocketEntry{Use::activated, ""}, SocketEntry{Use::admin, ""}));
  EXPECT_THAT(again({.type = Type::ready, .taken = {0, 3, 4}}).taken, ElementsAre(0, 3, 4));
  EXPECT_EQ(again({.type = Type::failed, .text = "gw.yaml:7:3: no"}).text, "gw.yaml:7:3: no");
  EXPECT_EQ(again({.type = Type::serving}).type, Type::serving);
}

TEST(Handover, ALongTextIsCut) {
  EXPECT_EQ(again({.type = Type::failed, .text = std::string(kMostText + 10, 'x')}).text.size(), kMostText);
}

TEST(Handover, EachPacketFitsThatItsSenderMayMake) {
  Message full{.type = Type::sockets};
  full.sockets.assign(kSocketsPerPacket, {Use::listener, std::string(kMostKey, 'k')});
  EXPECT_EQ(again(full).sockets.size(), kSocketsPerPacket);
  Message ready{.type = Type::ready};
  for (std::uint32_t i = 0; i < kMostSockets; ++i) ready.taken.push_back(i);
  EXPECT_EQ(again(ready).taken.size(), kMostSockets);
}

TEST(Handover, WhatALaterReleaseAddsIsPassedOver) {
  std::string packet = encode({.type = Type::failed, .text = "why"});
  packet += std::string("\xe7\x03\x02\x00\x00\x00zz", 8);
  const auto read = decode(packet);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->text, "why");
}

std::string error_of(std::string_view packet) {
  const auto read = decode(packet);
  return read ? "" : read.error();
}

TEST(Handover, AnotherVersionIsRefusedWithWhatToDo) {
  std::string packet = encode({.type = Type::go});
  packet[2] = 9;
  EXPECT_THAT(error_of(packet), HasSubstr("version 9"));
}

TEST(Handover, RefusesWhatIsNoMessage) {
  EXPECT_NE(error_of(""), "");
  EXPECT_NE(error_of("TP\x01"), "");
  EXPECT_NE(error_of("XX\x01\x04"), "");
  EXPECT_NE(error_of(std::string_view("TP\x01\x00", 4)), "");
  EXPECT_NE(error_of("TP\x01\x07"), "");
  EXPECT_NE(error_of(std::string(kMostPacket + 1, 'T')), "");
  const std::string whole = encode({.type = Type::failed, .text = "text"});
  for (std::size_t size = 5; size < whole.size(); ++size) EXPECT_NE(error_of(whole.substr(0, size)), "");
}

TEST(Handover, RefusesWhatIsOutOfBounds) {
  const auto with = [](Message message) { return error_of(encode(message)); };
  EXPECT_NE(with({.type = Type::state, .state = {.sockets = kMostSockets + 1}}), "");
  EXPECT_NE(with({.type = Type::state, .state = {.rotate_tickets_in = 24h * 400}}), "");
  EXPECT_NE(with({.type = Type::sockets, .sockets = {{Use::listener, std::string(kMostKey + 1, 'k')}}}), "");
  EXPECT_NE(with({.type = Type::sockets, .sockets = {{static_cast<Use>(0), ""}}}), "");
  EXPECT_NE(with({.type = Type::sockets, .sockets = {{static_cast<Use>(4), ""}}}), "");
  EXPECT_NE(with({.type = Type::ready, .taken = {3, 3}}), "") << "not ascending";
  EXPECT_NE(with({.type = Type::ready, .taken = {kMostSockets}}), "");
  Message many{.type = Type::sockets};
  many.sockets.assign(kSocketsPerPacket + 1, {});
  EXPECT_NE(with(many), "");
}

}  // namespace
}  // namespace turnpike::control::handover
