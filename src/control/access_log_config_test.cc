#include "control/access_log_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace turnpike::control {
namespace {

using Sink = observe::AccessLogConfig::Sink;

resource::TelemetryPolicy policy(resource::AccessLogSettings settings) {
  resource::TelemetryPolicy out;
  out.meta.name = "logs";
  out.access_log = std::move(settings);
  return out;
}

TEST(AccessLogConfig, StandardOutputUnlessSomebodySaysOtherwise) {
  EXPECT_EQ(access_log_config("", nullptr)->sink, Sink::standard_output);
  EXPECT_EQ(access_log_config("off", nullptr)->sink, Sink::off);
  EXPECT_EQ(access_log_config("/var/log/x", nullptr)->path, "/var/log/x");
}

TEST(AccessLogConfig, TheOptionWinsOverThePolicyInWhereNotInWhat) {
  const auto with =
      policy({.format = resource::AccessLogSettings::Format::text, .text = "%status%", .path = "off"});
  EXPECT_EQ(access_log_config("", &with)->sink, Sink::off);
  EXPECT_EQ(access_log_config("stdout", &with)->sink, Sink::standard_output);
  const resource::TelemetryPolicy without;
  EXPECT_EQ(access_log_config("", &without)->sink, Sink::standard_output);
}

TEST(AccessLogConfig, FieldsAndTextsAreChecked) {
  const auto fields = policy({.fields = {"time", "status"}});
  EXPECT_TRUE(access_log_config("", &fields));
  const auto wrong = policy({.fields = {"time", "statsu"}});
  const auto config = access_log_config("", &wrong);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(), testing::AllOf(testing::HasSubstr("TelemetryPolicy default/logs"),
                                             testing::HasSubstr("statsu")));
}

}  // namespace
}  // namespace turnpike::control
