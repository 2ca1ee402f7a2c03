#include "control/access_log_config.h"

namespace turnpike::control {
namespace {

using Sink = observe::AccessLogConfig::Sink;

void set_sink(observe::AccessLogConfig& config, const std::string& where) {
  if (where == "off") {
    config.sink = Sink::off;
  } else if (where == "stdout" || where == "-") {
    config.sink = Sink::standard_output;
  } else {
    config.sink = Sink::file;
    config.path = where;
  }
}

std::string format_text(const resource::AccessLogSettings& settings) {
  if (settings.format == resource::AccessLogSettings::Format::text) return settings.text;
  std::string out = "json";
  for (const std::string& field : settings.fields) out += (out == "json" ? ": " : ", ") + field;
  return out;
}

}  // namespace

std::expected<observe::AccessLogConfig, std::string> access_log_config(
    const std::string& option, const resource::TelemetryPolicy* policy) {
  observe::AccessLogConfig config;
  if (policy != nullptr && policy->access_log) {
    const resource::AccessLogSettings& settings = *policy->access_log;
    set_sink(config, settings.path);
    auto format = observe::AccessFormat::parse(format_text(settings));
    if (!format) {
      return std::unexpected("TelemetryPolicy " + policy->meta.namespace_ + "/" + policy->meta.name + ": " +
                             format.error());
    }
    config.format = std::move(*format);
  }
  if (!option.empty()) set_sink(config, option);
  return config;
}

}  // namespace turnpike::control
