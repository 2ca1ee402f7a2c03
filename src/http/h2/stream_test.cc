#include "http/h2/stream.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "http/h2/output.h"

namespace turnpike::http::h2 {
namespace {

TEST(StreamTable, AgreesWithAMap) {
  std::mt19937 random(3);
  StreamTable table;
  std::map<StreamId, Stream*> expected;
  for (int i = 0; i < 20'000; ++i) {
    const StreamId id = 1 + 2 * (random() % 300);
    if (random() % 2 == 0) {
      if (!expected.contains(id)) expected[id] = &table.add(id);
    } else if (const auto found = expected.find(id); found != expected.end()) {
      table.remove(*found->second);
      expected.erase(found);
    }
    ASSERT_EQ(table.size(), expected.size());
    const StreamId other = 1 + 2 * (random() % 300);
    ASSERT_EQ(table.find(other), expected.contains(other) ? expected[other] : nullptr);
  }
  std::size_t seen = 0;
  table.for_each([&](Stream& stream) { seen += expected.at(stream.id) == &stream; });
  EXPECT_EQ(seen, expected.size());
  while (Stream* const stream = table.any()) table.remove(*stream);
  EXPECT_EQ(table.bytes_held(), 0u);
  EXPECT_EQ(table.find(1), nullptr);
}

TEST(StreamTable, FindsWhatIsAbove) {
  StreamTable table;
  for (const StreamId id : {1u, 3u, 5u}) table.add(id);
  EXPECT_EQ(table.find_above(3)->id, 5u);
  EXPECT_EQ(table.find_above(5), nullptr);
}

std::string order(WriteQueue& queue) {
  std::string text;
  while (Stream* const first = queue.first()) {
    text += std::to_string(first->id) + " ";
    queue.remove(*first);
  }
  return text;
}

TEST(WriteQueue, UrgencyThenOneAfterTheOtherThenInTurn) {
  Stream streams[7];
  const Priority priorities[7] = {{3, true},  {3, false}, {1, true}, {3, true},
                                  {3, false}, {7, false}, {0, true}};
  WriteQueue queue;
  for (StreamId i = 0; i < 7; ++i) {
    streams[i].id = i;
    streams[i].priority = priorities[i];
  }
  for (const int i : {3, 5, 4, 0, 1, 2, 6}) queue.add(streams[i]);
  EXPECT_TRUE(queue.has_rival(streams[6]));
  EXPECT_EQ(order(queue), "6 2 1 4 3 0 5 ") << "those that share, in the order in which they came";
  EXPECT_TRUE(queue.empty());
  queue.add(streams[0]);
  EXPECT_FALSE(queue.has_rival(streams[2])) << "who waits is less urgent";
  EXPECT_TRUE(queue.has_rival(streams[5]));
  queue.add(streams[1]);
  queue.remove(streams[0]);
  queue.remove(streams[0]);
  EXPECT_EQ(order(queue), "1 ");
}

TEST(ClosedStreams, RememberTheLatest) {
  using How = ClosedStreams::How;
  ClosedStreams closed;
  EXPECT_EQ(closed.find(1), How::forgotten);
  EXPECT_EQ(closed.bytes_held(), 0u);
  for (StreamId id = 1; id < 400; id += 2) closed.add(id, id == 101 || id % 5 == 0);
  EXPECT_EQ(closed.find(399), How::ended);
  EXPECT_EQ(closed.find(395), How::reset_by_us);
  EXPECT_EQ(closed.find(401), How::forgotten);
  EXPECT_EQ(closed.find(101), How::reset_by_us) << "not kept: it may have been";
  EXPECT_EQ(closed.find(103), How::reset_by_us) << "the same";
  EXPECT_EQ(closed.find(277), How::ended);
  EXPECT_EQ(closed.find(271), How::forgotten) << "not kept, and above those that we reset";
}

TEST(Output, AnyPieces) {
  std::mt19937 random(9);
  Output output;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string bytes(random() % (i % 50 == 0 ? 40'000 : 300), static_cast<char>('a' + i % 26));
    if (random() % 2 == 0) {
      output.append(bytes);
    } else {
      char* const room = output.reserve(bytes.size() + random() % 100);
      std::copy(bytes.begin(), bytes.end(), room);
      output.commit(bytes.size());
    }
    expected += bytes;
    std::string front;
    for (const iovec& piece : output.front())
      front.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    ASSERT_TRUE(expected.starts_with(front));
    const std::size_t count = random() % 3 == 0 ? front.size() : random() % (front.size() + 1);
    output.drop(count);
    expected.erase(0, count);
    ASSERT_EQ(output.size(), expected.size());
  }
  output.drop(output.size());
  EXPECT_EQ(output.bytes_held(), 0u) << "empty, it holds no memory";
  EXPECT_TRUE(output.front().empty());
}

}  // namespace
}  // namespace turnpike::http::h2
