#include "faults.h"

#include <charconv>
#include <cstdio>

#include "base/strings.h"
#include "form.h"

namespace turnpike::demo {

std::optional<std::string> Faults::change(std::string_view query) {
  if (std::string_view text = form_value(query, "latency"); !text.empty()) {
    if (!text.ends_with("ms")) return "latency is written as 200ms";
    const auto ms = parse_decimal<unsigned>(text.substr(0, text.size() - 2));
    if (!ms || *ms > 60'000) return "latency is written as 200ms, at most 60000ms";
    latency_ = std::chrono::milliseconds(*ms);
  }
  if (const std::string_view text = form_value(query, "errors"); !text.empty()) {
    double share = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
    if (error != std::errc{} || end != text.data() + text.size() || !(share >= 0 && share <= 1)) {
      return "errors is a share from 0 to 1";
    }
    errors_ = share;
  }
  return std::nullopt;
}

bool Faults::strikes() noexcept { return errors_ > 0 && random_.unit() < errors_; }

std::string Faults::text() const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(latency_).count();
  char text[96];
  std::snprintf(text, sizeof(text), "{\"latency_ms\":%lld,\"errors\":%g}\n", static_cast<long long>(ms),
                errors_);
  return text;
}

}  // namespace turnpike::demo
