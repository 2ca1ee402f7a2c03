// What came of one check, in the words of Gateway API's conditions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resource/status.h"

namespace turnpike::plan {

// A condition in the making: true with its usual reason until something is found that makes it false. The
// first finding counts: checks run in the order of their weight.
class Finding {
 public:
  bool ok() const noexcept { return reason_.empty(); }
  // `reason` is a CamelCase name of Gateway API and a literal; `message` a sentence without a full stop.
  void fail(std::string_view reason, std::string message) {
    if (!ok()) return;
    reason_ = reason;
    message_ = std::move(message);
  }
  std::string_view reason() const noexcept { return reason_; }
  const std::string& message() const noexcept { return message_; }

 private:
  std::string_view reason_;
  std::string message_;
};

// Sets the condition `type`: true with `true_reason`, or false with what was found.
inline void set_condition(std::vector<resource::Condition>& conditions, std::string_view type,
                          std::string_view true_reason, const Finding& finding, std::int64_t generation) {
  using enum resource::ConditionStatus;
  resource::set_condition(conditions, {std::string(type), finding.ok() ? true_ : false_,
                                       std::string(finding.ok() ? true_reason : finding.reason()),
                                       finding.message(), generation});
}
inline void set_condition(std::vector<resource::Condition>& conditions, std::string_view type,
                          resource::ConditionStatus status, std::string_view reason, std::string message,
                          std::int64_t generation) {
  resource::set_condition(conditions,
                          {std::string(type), status, std::string(reason), std::move(message), generation});
}

}  // namespace turnpike::plan
