// Where the access log goes: the command line decides, else a TelemetryPolicy, else JSON lines on standard
// output.
#pragma once

#include <expected>
#include <string>

#include "observe/access_log.h"
#include "resource/turnpike_kinds.h"

namespace turnpike::control {

// `policy` may be null. The error is for people and names what is wrong with the format.
std::expected<observe::AccessLogConfig, std::string> access_log_config(
    const std::string& option, const resource::TelemetryPolicy* policy);

}  // namespace turnpike::control
