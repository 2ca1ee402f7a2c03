#include "observe/access_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "observe/json_check.h"

namespace turnpike::observe {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

AccessRecord example() {
  AccessRecord r;
  r.start = TimePoint(100s + 5ms);
  r.duration = 12'345'678ns;
  r.upstream_duration = 999'999ns;
  r.method = "GET";
  r.authority = "shop.example";
  r.path = "/pay";
  r.query = "a=1";
  r.protocol = "HTTP/1.1";
  r.status = 200;
  r.attempts = 2;
  r.bytes_in = 0;
  r.bytes_out = 18'446'744'073'709'551'615U;
  r.listener = "default/shop/http";
  r.route = "default/pay";
  r.client = "192.0.2.1:5000";
  r.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return r;
}

std::string line(const AccessFormat& format, const AccessRecord& record) {
  FormatClock clock;
  clock.anchor(TimePoint(100s), 1'795'239'420'000'000'000);
  std::vector<char> room(AccessFormat::kMaxLine);
  return {room.data(), format.write(room.data(), record, clock)};
}

TEST(AccessFormat, WritesJson) {
  EXPECT_EQ(
      line(AccessFormat::parse("json: time, method, path, query, status, duration_ms, upstream_ms, attempts, "
                               "bytes_out, upstream, response_flags, trace_id")
               .value(),
           example()),
      "{\"time\":\"2026-11-21T05:37:00.005Z\",\"method\":\"GET\",\"path\":\"/"
      "pay\",\"query\":\"a=1\",\"status\":200,"
      "\"duration_ms\":12.345,\"upstream_ms\":0.999,\"attempts\":2,\"bytes_out\":18446744073709551615,"
      "\"upstream\":null,\"response_flags\":null,\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"}\n");
}

TEST(AccessFormat, WritesText) {
  const auto format = AccessFormat::parse(
      "%client% [%time%] \"%method% %path% %protocol%\" %status% 100%% %upstream% %upstream_ms%");
  ASSERT_TRUE(format);
  AccessRecord r = example();
  r.upstream_duration = -1ns;
  EXPECT_EQ(line(*format, r),
            "192.0.2.1:5000 [2026-11-21T05:37:00.005Z] \"GET /pay HTTP/1.1\" 200 100% - -\n");
}

TEST(AccessFormat, EveryFieldHasAPlaceInAllFormats) {
  for (const char* text : {"json", "json: *"}) {
    const std::string out = line(AccessFormat::parse(text).value(), example());
    EXPECT_TRUE(JsonCheck::valid(std::string_view(out).substr(0, out.size() - 1))) << out;
  }
#define X(name) EXPECT_TRUE(AccessFormat::parse("%" #name "%")) << #name;
#include "observe/access_fields.def"
#undef X
}

TEST(AccessFormat, RefusesWhatItDoesNotKnow) {
  const auto fault = [](std::string_view text) {
    const auto format = AccessFormat::parse(text);
    return format ? std::string() : format.error();
  };
  EXPECT_THAT(fault("%statsu%"), HasSubstr("did you mean 'status'"));
  EXPECT_THAT(fault("json: methd"), HasSubstr("did you mean 'method'"));
  EXPECT_THAT(fault("json: status, status"), HasSubstr("twice"));
  EXPECT_NE(fault("json:"), "");
  EXPECT_NE(fault("100%"), "");
  EXPECT_NE(fault("%status"), "");
  EXPECT_NE(fault("a\nb"), "");
  EXPECT_NE(fault(std::string(3000, 'a')), "");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "%sni%";
  EXPECT_NE(fault(many), "");
}

TEST(AccessFormat, NothingInATextEndsTheLineOrTheString) {
  AccessRecord r = example();
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  for (std::string_view* text :
       {&r.method, &r.authority, &r.path, &r.query, &r.user_agent, &r.request_id, &r.client})
    *text = every;
  for (const char* text : {"json", "json: *", "%path% \"%user_agent%\""}) {
    const std::string out = line(AccessFormat::parse(text).value(), r);
    EXPECT_EQ(out.find('\n'), out.size() - 1);
    for (char c : out.substr(0, out.size() - 1)) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
    if (text[0] == 'j') {
      EXPECT_TRUE(JsonCheck::valid(std::string_view(out).substr(0, out.size() - 1)));
    }
  }
}

TEST(AccessFormat, LongTextsAreCutAndTheLineStaysWhole) {
  AccessRecord r = example();
  for (char c : {'a', '\x01', '\xff'}) {
    const std::string huge(100'000, c);
    for (std::string_view* text :
         {&r.method, &r.authority, &r.path, &r.query, &r.user_agent, &r.request_id, &r.client, &r.route,
          &r.rule, &r.upstream, &r.endpoint, &r.sni, &r.referer, &r.tls_version, &r.traceparent}) {
      *text = huge;
    }
    for (const char* text :
         {"json: *", "%path%%query%%user_agent%%sni%%referer%%rule%%route%%client%%method%%authority%"}) {
      const std::string out = line(AccessFormat::parse(text).value(), r);
      EXPECT_LE(out.size(), AccessFormat::kMaxLine);
      EXPECT_EQ(out.find('\n'), out.size() - 1);
      EXPECT_THAT(out, HasSubstr("..."));
      if (text[0] == 'j') {
        EXPECT_TRUE(JsonCheck::valid(std::string_view(out).substr(0, out.size() - 1)));
      }
    }
  }
}

TEST(FormatClock, FollowsTheWallClockAcrossSeconds) {
  FormatClock clock;
  clock.anchor(TimePoint(50s), 1'000'000'000LL * 1'000'000'000);
  const auto at = [&](TimePoint t) {
    char text[24];
    return std::string(text, clock.write(text, t));
  };
  EXPECT_EQ(at(TimePoint(50s)), "2001-09-09T01:46:40.000Z");
  EXPECT_EQ(at(TimePoint(50s + 999'999'999ns)), "2001-09-09T01:46:40.999Z");
  EXPECT_EQ(at(TimePoint(49s + 999ms)), "2001-09-09T01:46:39.999Z");
  EXPECT_EQ(at(TimePoint(40s)), "2001-09-09T01:46:30.000Z");
}

TEST(Ring, KeepsBytesInOrderAcrossItsEnd) {
  Ring ring(64);
  std::string written;
  std::string read;
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i) + std::string(static_cast<std::size_t>(i % 13), 'x') + "\n";
    ASSERT_TRUE(ring.push(text));
    written += text;
    if (i % 3 == 2) {
      const auto parts = ring.readable();
      read.append(parts.first).append(parts.second);
      ring.consume(parts.size());
    }
  }
  const auto parts = ring.readable();
  read.append(parts.first).append(parts.second);
  EXPECT_EQ(read, written);
}

TEST(Ring, RefusesWhatDoesNotFit) {
  Ring ring(64);
  EXPECT_EQ(ring.reserve(65), nullptr);
  EXPECT_FALSE(ring.push(std::string(65, 'a')));
  EXPECT_TRUE(ring.push(std::string(60, 'a')));
  EXPECT_FALSE(ring.push("12345"));
  EXPECT_TRUE(ring.push("1234"));
  EXPECT_TRUE(ring.full(1));
  ring.consume(10);
  EXPECT_NE(ring.reserve(10), nullptr);
  EXPECT_EQ(ring.reserve(11), nullptr);
}

TEST(Ring, PassesBytesBetweenThreads) {
  Ring ring(1024);
  constexpr int kLines = 20'000;
  std::thread producer([&] {
    for (int i = 0; i < kLines; ++i) {
      const std::string text = std::to_string(i) + "\n";
      while (!ring.push(text)) std::this_thread::yield();
    }
  });
  std::string rest;
  int next = 0;
  while (next < kLines) {
    const auto parts = ring.readable();
    rest.append(parts.first).append(parts.second);
    ring.consume(parts.size());
    std::size_t from = 0;
    for (std::size_t end; (end = rest.find('\n', from)) != std::string::npos; from = end + 1, ++next) {
      ASSERT_EQ(rest.substr(from, end - from), std::to_string(next));
    }
    rest.erase(0, from);
    if (parts.size() == 0) std::this_thread::yield();
  }
  producer.join();
}

class AccessLogFile : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("access_log_test." + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    path_ = directory_ / "access.log";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  AccessLogConfig config() const {
    AccessLogConfig config;
    config.sink = AccessLogConfig::Sink::file;
    config.path = path_;
    config.format = AccessFormat::parse("%method% %path%").value();
    return config;
  }
  static std::string contents(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  static std::uint64_t value(Registry& registry, const Families& families, Counter counter) {
    return registry.worker(0).block(families.process.series).value(counter);
  }

  Registry registry_{2};
  Families families_ = define_families(registry_);
  std::filesystem::path directory_;
  std::filesystem::path path_;
};

TEST_F(AccessLogFile, WritesWhatAllWorkersRecord) {
  {
    auto log = AccessLog::open(config(), 2, registry_, families_);
    ASSERT_TRUE(log) << log.error();
    EXPECT_EQ((*log)->writer(2), nullptr);
    AccessRecord r = example();
    (*log)->writer(0)->record(r);
    r.method = "PUT";
    (*log)->writer(1)->record(r);
  }
  const std::string text = contents(path_);
  EXPECT_THAT(text, HasSubstr("GET /pay\n"));
  EXPECT_THAT(text, HasSubstr("PUT /pay\n"));
  EXPECT_EQ(value(registry_, families_, families_.process.access_log_records), 1U);
  EXPECT_EQ(std::filesystem::status(path_).permissions() & std::filesystem::perms::others_all,
            std::filesystem::perms::none);
}

TEST_F(AccessLogFile, ReopensAfterRotation) {
  auto log = AccessLog::open(config(), 1, registry_, families_);
  ASSERT_TRUE(log);
  AccessRecord r = example();
  (*log)->writer(0)->record(r);
  (*log)->flush();
  std::filesystem::rename(path_, directory_ / "access.log.1");
  r.method = "PUT";
  (*log)->writer(0)->record(r);
  bool there = false;
  (*log)->reopen([&](int error) { there = error == 0 && std::filesystem::exists(path_); });
  (*log)->flush();
  EXPECT_TRUE(there) << "said before it was so";
  r.method = "POST";
  (*log)->writer(0)->record(r);
  (*log)->flush();
  EXPECT_EQ(contents(directory_ / "access.log.1"), "GET /pay\nPUT /pay\n");
  EXPECT_EQ(contents(path_), "POST /pay\n");
}

TEST_F(AccessLogFile, KeepsTheOldFileWhereItCannotReopen) {
  auto log = AccessLog::open(config(), 1, registry_, families_);
  ASSERT_TRUE(log);
  const std::filesystem::path moved = directory_.string() + ".moved";
  std::filesystem::rename(directory_, moved);
  int why = 0;
  (*log)->reopen([&](int error) { why = error; });
  (*log)->flush();
  EXPECT_EQ(why, ENOENT);
  (*log)->writer(0)->record(example());
  (*log)->flush();
  EXPECT_EQ(contents(moved / "access.log"), "GET /pay\n");
  EXPECT_THAT(registry_.render(), HasSubstr("turnpike_access_log_failures_total 1\n"));
  std::filesystem::rename(moved, directory_);
}

TEST_F(AccessLogFile, SaysWhyItCannotOpen) {
  AccessLogConfig c = config();
  c.path = directory_ / "nowhere" / "access.log";
  const auto log = AccessLog::open(c, 1, registry_, families_);
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error(), HasSubstr("No such file"));
}

TEST_F(AccessLogFile, OffMeansNoWriters) {
  AccessLogConfig c = config();
  c.sink = AccessLogConfig::Sink::off;
  const auto log = AccessLog::open(c, 1, registry_, families_);
  ASSERT_TRUE(log);
  EXPECT_EQ((*log)->writer(0), nullptr);
  (*log)->flush();
}

// A reader that stands still (a pipe that nobody empties) costs lines, never a worker's time.
TEST_F(AccessLogFile, AStuckReaderDropsLinesAndDoesNotBlock) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  constexpr int kRecords = 20'000;
  {
    AccessLogConfig c = config();
    c.ring_bytes = 1;
    auto log = AccessLog::open(c, 1, registry_, families_);
    ASSERT_TRUE(log);
    for (int i = 0; i < kRecords; ++i) (*log)->writer(0)->record(example());
    EXPECT_GT(value(registry_, families_, families_.process.access_log_dropped), 0U);
    EXPECT_EQ(value(registry_, families_, families_.process.access_log_records), std::uint64_t{kRecords});
    ::close(reader);  // the writer sees EPIPE and goes on
  }
}

TEST_F(AccessLogFile, LinesAreWholeHoweverTheRingWraps) {
  constexpr int kRecords = 30'000;
  {
    AccessLogConfig c = config();
    c.ring_bytes = 1;  // 64 KiB
    auto log = AccessLog::open(c, 1, registry_, families_);
    ASSERT_TRUE(log);
    for (int i = 0; i < kRecords; ++i) {
      const std::string path = "/" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), 'p');
      AccessRecord r = example();
      r.path = path;
      (*log)->writer(0)->record(r);
      if (i % 1000 == 999) (*log)->flush();
    }
  }
  std::ifstream in(path_);
  std::string text;
  int count = 0;
  int last = -1;
  while (std::getline(in, text)) {
    ASSERT_TRUE(text.starts_with("GET /")) << text;
    const int i = std::stoi(text.substr(5));
    ASSERT_GT(i, last);
    ASSERT_EQ(text, "GET /" + std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), 'p'));
    last = i;
    ++count;
  }
  const auto dropped = value(registry_, families_, families_.process.access_log_dropped);
  EXPECT_EQ(count + static_cast<int>(dropped), kRecords);
}

}  // namespace
}  // namespace turnpike::observe
