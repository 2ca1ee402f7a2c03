#include "http/h2/priority.h"

#include "base/strings.h"

namespace turnpike::http::h2 {

Priority parse_priority(std::string_view value) noexcept {
  Priority priority{3, false};
  for_each_element(value, [&priority](std::string_view member) {
    member = trim(member.substr(0, member.find(';')));  // parameters say nothing that is defined
    if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' && member[2] <= '7') {
      priority.urgency = static_cast<std::uint8_t>(member[2] - '0');
    } else if (member == "i" || member == "i=?1") {
      priority.incremental = true;
    } else if (member == "i=?0") {
      priority.incremental = false;
    }
    return true;
  });
  return priority;
}

}  // namespace turnpike::http::h2
