#include "observe/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <string>

#include "observe/json_check.h"

namespace turnpike::observe {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

class EventLog : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(pipe_.data()), 0); }
  void TearDown() override {
    ::close(pipe_[0]);
    if (pipe_[1] >= 0) ::close(pipe_[1]);
  }
  LogConfig config(bool json = false) const {
    LogConfig config;
    config.fd = pipe_[1];
    config.json = json;
    return config;
  }
  // All that was written; once per test.
  std::string written() {
    ::close(std::exchange(pipe_[1], -1));
    std::string out;
    char block[4096];
    for (ssize_t n; (n = ::read(pipe_[0], block, sizeof block)) > 0;)
      out.append(block, static_cast<std::size_t>(n));
    return out;
  }
  std::array<int, 2> pipe_{-1, -1};
};

TEST_F(EventLog, WritesText) {
  Log log(config());
  log.info("control", "configuration loaded",
           {{"path", std::string_view("shop.yaml")},
            {"routes", std::uint64_t{12}},
            {"took_ms", 1.5},
            {"ok", true},
            {"why", std::string_view("a b=c")},
            {"delta", std::int64_t{-3}},
            {"empty", std::string_view()}});
  const std::string text = written();
  EXPECT_EQ(text[10], 'T');
  EXPECT_THAT(text,
              EndsWith("Z info control: configuration loaded path=shop.yaml routes=12 took_ms=1.5 ok=true "
                       "why=\"a b=c\" delta=-3 empty=\"\"\n"));
}

TEST_F(EventLog, WritesJson) {
  Log log(config(true));
  log.error("tls", "certificate refused",
            {{"why", std::string_view("line\nbreak \"\xff")}, {"share", NAN}, {"n", std::uint64_t{1}}});
  const std::string text = written();
  EXPECT_TRUE(JsonCheck::valid(std::string_view(text).substr(0, text.size() - 1))) << text;
  EXPECT_THAT(text, EndsWith("\"level\":\"error\",\"area\":\"tls\",\"message\":\"certificate refused\","
                             "\"why\":\"line\\nbreak \\\"\\ufffd\",\"share\":null,\"n\":1}\n"));
}

TEST_F(EventLog, IsAlwaysOneLine) {
  Log log(config());
  log.warning("a\nb", "c\rd", {{"e\nf", std::string_view("g\nh\x1b[0m")}});
  const std::string text = written();
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(EventLog, LeavesOutLowerLevels) {
  LogConfig c = config();
  c.level = Level::warning;
  Log log(c);
  log.debug("a", "one");
  log.info("a", "two");
  log.warning("a", "three");
  const std::string text = written();
  EXPECT_THAT(text, HasSubstr("three"));
  EXPECT_EQ(text.find("two"), std::string::npos);
  EXPECT_EQ(level_from("warning"), Level::warning);
  EXPECT_EQ(level_from("loud"), std::nullopt);
}

TEST_F(EventLog, LimitsEachKindByItself) {
  LogConfig c = config();
  c.burst = 3;
  c.per = 1h;
  Log log(c);
  for (int i = 0; i < 10; ++i) log.info("dns", "lookup failed");
  log.info("dns", "another kind");
  const std::string text = written();
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("lookup failed", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 3U);
  EXPECT_THAT(text, HasSubstr("another kind"));
}

TEST_F(EventLog, TellsHowManyWereLeftOut) {
  LogConfig c = config();
  c.burst = 1;
  c.per = 20ms;
  Log log(c);
  log.info("dns", "lookup failed");
  for (int i = 0; i < 5; ++i) log.info("dns", "lookup failed");
  const TimePoint until = std::chrono::steady_clock::now() + 25ms;
  while (std::chrono::steady_clock::now() < until) {
  }
  log.info("dns", "lookup failed");
  EXPECT_THAT(written(), HasSubstr("left_out="));
}

}  // namespace
}  // namespace turnpike::observe
