// SocketStream::peek(): looking without taking.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "io/socket.h"
#include "io/testing.h"

namespace turnpike::io {
namespace {

struct Ends {
  Ends() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
    far = fds[0];
    near = std::make_unique<SocketStream>(loop, fds[1]);
  }
  ~Ends() { ::close(far); }
  void send(std::string_view text) {
    ASSERT_EQ(::write(far, text.data(), text.size()), ssize_t(text.size()));
  }

  Loop loop;
  int far = -1;
  std::unique_ptr<SocketStream> near;
};

Task<void> look_for(SocketStream& stream, std::size_t wanted, std::string& seen, IoStatus& end) {
  char bytes[64];
  for (std::size_t have = 0; have < wanted;) {
    const IoResult got = stream.peek(bytes, have);
    if (got.status == IoStatus::ok) {
      have = got.bytes;
      seen.assign(bytes, have);
    } else if (got.status == IoStatus::would_block) {
      if (co_await stream.readable(kNever) != Wait::ready) co_return;
    } else {
      end = got.status;
      co_return;
    }
  }
  end = IoStatus::ok;
}

TEST(Peek, SeesWhatComesBitByBitAndLeavesItThere) {
  Ends ends;
  std::string seen;
  IoStatus end = IoStatus::would_block;
  spawn(look_for(*ends.near, 6, seen, end));
  ends.send("ab");
  ASSERT_TRUE(run_until(ends.loop, [&] { return seen == "ab"; }));
  EXPECT_EQ(end, IoStatus::would_block);
  ends.send("cd");
  ASSERT_TRUE(run_until(ends.loop, [&] { return seen == "abcd"; }));
  ends.send("efgh");
  ASSERT_TRUE(run_until(ends.loop, [&] { return end == IoStatus::ok; }));
  EXPECT_EQ(seen, "abcdefgh");
  // Whoever reads afterwards need not wait.
  EXPECT_TRUE(ends.near->ready(Direction::read));
  char bytes[64];
  const IoResult all = ends.near->read(bytes);
  EXPECT_EQ(std::string(bytes, all.bytes), "abcdefgh");
}

TEST(Peek, KnowsThatNoMoreWillCome) {
  Ends ends;
  std::string seen;
  IoStatus end = IoStatus::would_block;
  spawn(look_for(*ends.near, 6, seen, end));
  ends.send("abc");
  ::shutdown(ends.far, SHUT_WR);
  ASSERT_TRUE(run_until(ends.loop, [&] { return end == IoStatus::eof; }));
  EXPECT_EQ(seen, "abc");
}

}  // namespace
}  // namespace turnpike::io
