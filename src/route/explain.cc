#include "route/explain.h"

#include <algorithm>
#include <optional>

#include "route/compiled.h"
#include "route/condition.h"
#include "route/precedence.h"

namespace turnpike::route {
namespace {

// For people: cut, and nothing that a terminal would act on.
std::string quote(std::string_view text) {
  constexpr std::size_t kMost = 100;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "'";
  for (char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      ((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    }
  }
  return out + (text.size() > kMost ? "…'" : "'");
}

bool regex_matches(std::string_view pattern, std::string_view text) {
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()),
                  regex_options(CompileOptions{}.regex_memory));
  return regex.ok() && matches_whole(regex, text);
}

// "header 'x-tenant' is 'b', not 'a'"; empty if the condition holds.
std::string fault(std::string_view what, const ValueMatch& condition, std::optional<std::string_view> value) {
  const std::string subject = std::string(what) + " " + quote(condition.name);
  if (!value) return subject + " is missing";
  if (condition.kind == ValueMatch::Kind::exact) {
    if (*value == condition.value) return {};
    return subject + " is " + quote(*value) + ", not " + quote(condition.value);
  }
  if (regex_matches(condition.value, *value)) return {};
  return subject + " is " + quote(*value) + ", which does not match " + quote(condition.value);
}

std::string fault_of_path(const PathMatch& wanted, std::string_view path) {
  switch (wanted.kind) {
    case PathMatch::Kind::exact:
      if (path == wanted.value) return {};
      return "the path is " + quote(path) + ", not exactly " + quote(wanted.value);
    case PathMatch::Kind::prefix: {
      const std::string_view prefix = bare_prefix(wanted.value);
      if (prefix.empty()) return {};
      if (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/')) return {};
      return "the path " + quote(path) + " is not " + quote(prefix) + " or below it";
    }
    case PathMatch::Kind::regex:
    case PathMatch::Kind::late_regex:
      if (regex_matches(wanted.value, path)) return {};
      return "the path " + quote(path) + " does not match " + quote(wanted.value);
  }
  return {};
}

Candidate judge(const Match& match, std::string_view host, const http::RequestHead& head) {
  Candidate out;
  if (!match.host.matches(host)) {
    out.reason = "the host is " + quote(host) + ", not " + quote(match.host.text());
    return out;
  }
  out.verdict = Verdict::path;
  if (out.reason = fault_of_path(match.path, head.path); !out.reason.empty()) return out;
  out.verdict = Verdict::method;
  if (match.method && *match.method != head.method) {
    out.reason = "the method is " + quote(head.method_text) + ", not " + quote(http::name_of(*match.method));
    return out;
  }
  if (match.grpc && !is_grpc(head)) {
    out.reason = "it is no gRPC call (POST with the content-type application/grpc)";
    return out;
  }
  std::string text;
  out.verdict = Verdict::header;
  for_each_header(match, [&](const ValueMatch& header) {
    if (!out.reason.empty()) return;
    out.reason = fault("header", header, field_value(head, http::field_id(header.name), header.name, text));
  });
  if (!out.reason.empty()) return out;
  out.verdict = Verdict::query;
  for_each_parameter(match, [&](const ValueMatch& parameter) {
    if (!out.reason.empty()) return;
    out.reason = fault("query parameter", parameter, query_value(head.query, parameter.name, text));
  });
  if (out.reason.empty()) out.verdict = Verdict::lower_precedence;  // until it turns out to be the first
  return out;
}

bool precedes(const Match& a, const Match& b) {
  if (a.host.more_specific_than(b.host)) return true;
  if (b.host.more_specific_than(a.host)) return false;
  if (path_order(a.path) != path_order(b.path)) return path_order(a.path) < path_order(b.path);
  if (path_weight(a.path) != path_weight(b.path)) return path_weight(a.path) > path_weight(b.path);
  return goes_before(rank_of(a), a.precedence, rank_of(b), b.precedence);
}

// Why `winner` goes before `loser`, both of which would match.
std::string why_behind(const Match& loser, const Match& winner) {
  const Precedence& w = winner.precedence;
  const std::string name =
      std::string(w.route) + " rule " + std::to_string(w.rule) + " match " + std::to_string(w.match);
  const Rank ours = rank_of(loser);
  const Rank theirs = rank_of(winner);
  if (winner.host.more_specific_than(loser.host))
    return name + " has the more specific host " + quote(winner.host.text());
  if (path_order(winner.path) != path_order(loser.path) && winner.path.kind != PathMatch::Kind::prefix) {
    return name +
           (winner.path.kind == PathMatch::Kind::exact ? " has an exact path" : " has a regular expression");
  }
  if (path_order(winner.path) != path_order(loser.path) ||
      path_weight(winner.path) != path_weight(loser.path))
    return name + " has the longer path " + quote(winner.path.value);
  if (ours.method != theirs.method) return name + " asks for a method";
  if (ours.headers != theirs.headers) return name + " asks for more headers";
  if (ours.query != theirs.query) return name + " asks for more query parameters";
  if (w.created != loser.precedence.created) return name + " is of the older route";
  if (w.route != loser.precedence.route) return name + " is of the route that is first by name";
  return name + " stands before it";
}

int closeness(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::matched:
      return 0;
    case Verdict::lower_precedence:
      return 1;
    case Verdict::query:
      return 2;
    case Verdict::header:
      return 3;
    case Verdict::method:
      return 4;
    case Verdict::path:
      return 5;
    case Verdict::host:
      return 6;
  }
  return 7;
}

}  // namespace

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::matched:
      return "matched";
    case Verdict::lower_precedence:
      return "lower_precedence";
    case Verdict::host:
      return "host";
    case Verdict::path:
      return "path";
    case Verdict::method:
      return "method";
    case Verdict::header:
      return "header";
    case Verdict::query:
      return "query";
  }
  return "";
}

std::vector<Candidate> explain(std::span<const Match> matches, std::string_view host,
                               const http::RequestHead& head) {
  std::vector<Candidate> out;
  out.reserve(matches.size());
  for (std::size_t i = 0; i < matches.size(); ++i) {
    out.push_back(judge(matches[i], host, head));
    out.back().match = static_cast<std::uint32_t>(i);
  }
  std::ranges::sort(out, [&](const Candidate& a, const Candidate& b) {
    const int one = closeness(a.verdict);
    const int two = closeness(b.verdict);
    if (one != two) return one < two;
    if (precedes(matches[a.match], matches[b.match])) return true;
    return !precedes(matches[b.match], matches[a.match]) && a.match < b.match;
  });
  for (Candidate& candidate : out) {
    if (candidate.verdict != Verdict::lower_precedence) break;
    if (&candidate == &out.front()) {
      candidate.verdict = Verdict::matched;
    } else {
      candidate.reason = why_behind(matches[candidate.match], matches[out.front().match]);
    }
  }
  return out;
}

}  // namespace turnpike::route
