// The words of HTTPRouteRule (Gateway API v1.6), written down without any thought of speed and without
// anything from the compiled table. For tests and the fuzzer only.
#pragma once

#include <re2/re2.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "http/message.h"
#include "route/match.h"

namespace turnpike::route::naive {

inline std::string lower(std::string_view text) {
  std::string out;
  for (char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out(1);
  for (char c : text) {
    if (c == separator) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

inline std::string decode(std::string_view text) {
  const auto digit = [](char c) { return std::string_view("0123456789abcdef").find(lower({&c, 1})); };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) < 16 && digit(text[i + 2]) < 16) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

inline bool whole(std::string_view pattern, std::string_view text) {
  RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  const RE2 regex(std::string(pattern), options);
  return regex.ok() && RE2::FullMatch(re2::StringPiece(text.data(), text.size()), regex);
}

inline bool host_matches(const HostPattern& pattern, std::string_view host) {
  if (pattern.kind == HostPattern::Kind::any) return true;
  if (pattern.kind == HostPattern::Kind::exact) return pattern.name == host;
  const std::string suffix = "." + std::string(pattern.name);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

// "Matches based on a URL path prefix split by `/` … done on a path element by element basis."
inline bool path_matches(const PathMatch& wanted, std::string_view path) {
  if (wanted.kind == PathMatch::Kind::exact) return wanted.value == path;
  if (wanted.kind == PathMatch::Kind::regex || wanted.kind == PathMatch::Kind::late_regex)
    return whole(wanted.value, path);
  std::vector<std::string> prefix = split(wanted.value, '/');
  while (prefix.size() > 1 && prefix.back().empty()) prefix.pop_back();  // "the trailing / is ignored"
  if (prefix.size() == 1) return true;
  const std::vector<std::string> elements = split(path, '/');
  if (elements.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (prefix[i] != elements[i]) return false;
  }
  return true;
}

// "Only the first entry with an equivalent name MUST be considered."
inline std::vector<ValueMatch> counted(const std::vector<ValueMatch>& conditions, bool ignore_case) {
  std::vector<ValueMatch> out;
  for (const ValueMatch& condition : conditions) {
    bool seen = false;
    for (const ValueMatch& earlier : out) {
      seen |= ignore_case ? lower(earlier.name) == lower(condition.name) : earlier.name == condition.name;
    }
    if (!seen) out.push_back(condition);
  }
  return out;
}

inline bool holds(const ValueMatch& condition, const std::optional<std::string>& value) {
  if (!value) return false;
  return condition.kind == ValueMatch::Kind::exact ? condition.value == *value
                                                   : whole(condition.value, *value);
}

inline std::optional<std::string> header(const http::RequestHead& head, std::string_view name) {
  std::optional<std::string> out;
  for (const http::Field& field : head.fields) {
    if (lower(field.name) != lower(name)) continue;
    out = (out ? *out + (lower(name) == "cookie" ? "; " : ",") : std::string()) + std::string(field.value);
  }
  if (!out && lower(name) == "host" && !head.authority.empty()) return std::string(head.authority);
  return out;
}

inline std::optional<std::string> parameter(std::string_view query, std::string_view name) {
  if (query.empty()) return std::nullopt;
  for (const std::string& pair : split(query, '&')) {
    const std::size_t equals = pair.find('=');
    if (decode(std::string_view(pair).substr(0, equals)) != name) continue;
    return equals == std::string::npos ? std::string() : decode(std::string_view(pair).substr(equals + 1));
  }
  return std::nullopt;
}

// A call of gRPC over HTTP/2, or what a browser sends for one of gRPC-Web.
inline bool grpc_call(const http::RequestHead& head) {
  const auto first = [&](std::string_view name) {
    for (const http::Field& field : head.fields) {
      if (lower(field.name) == name) return std::string(field.value);
    }
    return std::string();
  };
  const std::string type = lower(first("content-type"));
  const bool preflight = head.method_text == "OPTIONS" && header(head, "origin") &&
                         first("access-control-request-method") == "POST";
  return preflight ||
         (head.method_text == "POST" && whole("application/grpc(-web(-text)?)?([+; \\t].*)?", type));
}

inline bool matches(const Match& match, std::string_view host, const http::RequestHead& head) {
  if (!host_matches(match.host, host) || !path_matches(match.path, head.path)) return false;
  if (match.method && *match.method != head.method) return false;
  if (match.grpc && !grpc_call(head)) return false;
  for (const ValueMatch& h : counted(match.headers, true)) {
    if (!holds(h, header(head, h.name))) return false;
  }
  for (const ValueMatch& q : counted(match.query, false)) {
    if (!holds(q, parameter(head.query, q.name))) return false;
  }
  return true;
}

// Smaller goes first.
inline auto order(const Match& match, std::size_t index) {
  std::string_view prefix = match.path.value;
  if (match.path.kind == PathMatch::Kind::prefix) {
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
  }
  const int kind = match.path.kind == PathMatch::Kind::exact        ? 0
                   : match.path.kind == PathMatch::Kind::regex      ? 1
                   : match.path.kind == PathMatch::Kind::late_regex ? 3
                   : prefix.empty()                                 ? 4
                                                                    : 2;
  const auto weight = match.path.is_regex() && match.path.weight != 0 ? static_cast<long>(match.path.weight)
                                                                      : static_cast<long>(prefix.size());
  return std::tuple(-static_cast<int>(match.host.kind), -static_cast<long>(match.host.name.size()), kind,
                    kind == 0 ? 0 : -weight, match.method || match.grpc ? 0 : 1,
                    -static_cast<long>(counted(match.headers, true).size()),
                    -static_cast<long>(counted(match.query, false).size()), match.precedence.created,
                    std::string(match.precedence.route), match.precedence.rule, match.precedence.match,
                    index);
}

// The index of the match that the request belongs to.
inline std::optional<std::size_t> find(std::span<const Match> all, std::string_view host,
                                       const http::RequestHead& head) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!matches(all[i], host, head)) continue;
    if (!best || order(all[i], i) < order(all[*best], *best)) best = i;
  }
  return best;
}

}  // namespace turnpike::route::naive
