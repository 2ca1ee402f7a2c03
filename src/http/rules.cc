#include "http/rules.h"

namespace turnpike::http {

bool read_content_length(std::string_view value, std::uint64_t& length) noexcept {
  if (value.empty() || value.size() > 19 || (value.front() == '0' && value.size() > 1)) return false;
  std::uint64_t sum = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
    sum = sum * 10 + static_cast<std::uint64_t>(c - '0');
  }
  length = sum;
  return sum <= INT64_MAX;
}

void split_query(std::string_view text, RequestHead& out) noexcept {
  const std::size_t mark = text.find('?');
  out.path = text.substr(0, mark);
  out.has_query = mark != std::string_view::npos;
  if (out.has_query) out.query = text.substr(mark + 1);
}

}  // namespace turnpike::http
