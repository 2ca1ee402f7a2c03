// What the tests of policies share: an exchange with a request and, perhaps, a response.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/policy.h"

namespace turnpike::policy {

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

// A request for http://example.com/path, to a listener on port 80, by a match that covers the whole path.
struct TestExchange {
  explicit TestExchange(std::string_view path = "/", const Headers& headers = {}) {
    request.method = http::Method::get;
    const std::size_t mark = path.find('?');
    request.path = path.substr(0, mark);
    request.has_query = mark != std::string_view::npos;
    if (request.has_query) request.query = path.substr(mark + 1);
    for (const auto& [name, value] : headers) request.fields.add(arena, name, value);
    exchange.scheme = "http";
    exchange.host = "example.com";
    exchange.port = 80;
    exchange.listener_port = 80;
    exchange.matched_prefix = request.path.size();
  }
  void respond(std::uint16_t status, const Headers& headers = {}) {
    response.status = status;
    for (const auto& [name, value] : headers) response.fields.add(arena, name, value);
    exchange.response = &response;
  }

  Arena arena;
  Random random{1};
  http::RequestHead request;
  http::ResponseHead response;
  Exchange exchange{.arena = arena, .request = request, .now = {}, .random = random};
};

// All values of a field joined by "|"; "-" if there is none.
inline std::string values(const http::Fields& fields, std::string_view name) {
  std::string out;
  bool found = false;
  for (const http::Field& field : fields) {
    if (std::string_view(field.name).size() != name.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < name.size(); ++i) same = same && ((field.name[i] | 32) == (name[i] | 32));
    if (!same) continue;
    if (found) out += "|";
    out += field.value;
    found = true;
  }
  return found ? out : "-";
}

}  // namespace turnpike::policy
