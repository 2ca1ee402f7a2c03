// Requests and matches in one line, for the tests of this folder.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "http/message.h"
#include "route/match.h"
#include "route/table.h"

namespace turnpike::route {

using Pairs = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// A request as the proxy would hand it to the table: "GET", "/path?query".
struct TestRequest {
  Arena arena;
  http::RequestHead head;

  TestRequest(std::string_view method, std::string_view target, Pairs fields = {}) {
    head.method = http::method_from(method);
    head.method_text = method;
    head.target = target;
    const std::size_t mark = target.find('?');
    head.path = target.substr(0, mark);
    head.has_query = mark != std::string_view::npos;
    if (head.has_query) head.query = target.substr(mark + 1);
    for (const auto& [name, value] : fields) head.fields.add(arena, name, value);
  }
};

inline Match match_of(std::string_view host, PathMatch::Kind kind, std::string_view path,
                      std::uint32_t target) {
  Match match;
  match.host = HostPattern::parse(host).value();
  match.path = {kind, path};
  match.target = target;
  match.precedence = {0, "default/route", target, 0};
  return match;
}
inline Match prefix(std::string_view path, std::uint32_t target, std::string_view host = "") {
  return match_of(host, PathMatch::Kind::prefix, path, target);
}
inline Match exact(std::string_view path, std::uint32_t target, std::string_view host = "") {
  return match_of(host, PathMatch::Kind::exact, path, target);
}
inline Match regex(std::string_view path, std::uint32_t target, std::string_view host = "") {
  return match_of(host, PathMatch::Kind::regex, path, target);
}
inline Match with_method(Match match, http::Method method) {
  match.method = method;
  return match;
}
inline Match with_header(Match match, std::string_view name, std::string_view value,
                         ValueMatch::Kind kind = ValueMatch::Kind::exact) {
  match.headers.push_back({name, kind, value});
  return match;
}
inline Match with_query(Match match, std::string_view name, std::string_view value,
                        ValueMatch::Kind kind = ValueMatch::Kind::exact) {
  match.query.push_back({name, kind, value});
  return match;
}

}  // namespace turnpike::route
