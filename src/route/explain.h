// Why a request met the match it met, and why the others did not: for `turnpike explain` and the admin API.
// Slow.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "route/match.h"

namespace turnpike::route {

enum class Verdict : std::uint8_t {
  matched,           // this one
  lower_precedence,  // it would have matched, but another one goes before it
  host,
  path,
  method,
  header,
  query,
};
std::string_view name_of(Verdict verdict) noexcept;  // "matched", "lower_precedence", "host", …

struct Candidate {
  std::uint32_t match = 0;  // index in `matches`
  Verdict verdict = Verdict::host;
  // In words, with the value that decided: "header 'x-tenant' is 'b', not 'a'", "the path is longer in match
  // 3 …".
  std::string reason;
};

// One candidate for each match, in order of precedence for this request: first the one that matched (if any),
// then those that it beat, then the others, those that came closest first. The host is as in Table::find;
// regular expressions that do not compile match nothing.
std::vector<Candidate> explain(std::span<const Match> matches, std::string_view host,
                               const http::RequestHead& head);

}  // namespace turnpike::route
