// Request heads (RFC 9112 §3, §5, §6).
#include <algorithm>
#include <cstring>

#include "base/strings.h"
#include "http/h1/head.h"
#include "http/path.h"

namespace turnpike::http::h1 {
namespace {

constexpr std::ptrdiff_t kLongestMethod = 32;
constexpr int kEmptyLines =
    2;  // that are passed over in front of a request (RFC 9112 §2.2): what old clients send

Error bad(std::string_view detail) noexcept { return client_error(ErrorKind::bad_request, detail); }
StartLine refuse(std::string_view detail) noexcept { return {StartLine::State::error, nullptr, bad(detail)}; }

// The line reaches to the end of what may be seen without being complete.
StartLine unfinished(const char* stop, const char* end) noexcept {
  if (stop == end) return {};
  return {StartLine::State::error, nullptr, client_error(ErrorKind::request_line_too_long)};
}

std::string_view why_not_target(const char* target, const char* at) noexcept {
  const auto byte = static_cast<unsigned char>(*at);
  if (byte == '#') return "fragment in the request target";
  if (byte == '\r' || byte == '\n') return "request line without a version";
  if (byte >= 0x80) return "byte outside of ASCII in the request target";
  if (byte != ' ') return "control byte in the request target";
  return at == target ? "more than one space in the request line" : "malformed request line";
}

// "HTTP/1.1\r\n" from `at`.
StartLine read_version(const char* at, const char* stop, const char* end, RequestHead& out) noexcept {
  if (stop - at >= 10 && std::memcmp(at, "HTTP/1.1\r\n", 10) == 0) [[likely]] {
    out.version = Version::http11;
    return {StartLine::State::complete, at + 10, {}};
  }
  const std::string_view text(at, static_cast<std::size_t>(std::min<std::ptrdiff_t>(stop - at, 10)));
  if (version_mismatch(text) != std::string_view::npos) return refuse("malformed HTTP version");
  if (text.size() > 8 && text[8] != '\r') return refuse("malformed end of the request line");
  if (text.size() < 10) return unfinished(stop, end);
  if (text[9] != '\n') return refuse("CR without LF in the request line");
  if (text[5] != '1' || (text[7] != '0' && text[7] != '1')) {
    return {StartLine::State::error, nullptr,
            client_error(ErrorKind::bad_version, "not HTTP/1.0 or HTTP/1.1")};
  }
  out.version = text[7] == '1' ? Version::http11 : Version::http10;
  return {StartLine::State::complete, at + 10, {}};
}

// RFC 9112 §3.2.2. An empty path is "/", or "*" where OPTIONS asks about the whole server (§3.2.4).
std::string_view take_absolute(std::string_view target, RequestHead& out) noexcept {
  const std::size_t colon = target.find(':');
  const std::string_view scheme = target.substr(0, colon);
  if (colon == std::string_view::npos) return "request target of no known form";
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return "request target of no known form";
  }
  if (!target.substr(colon).starts_with("://")) return "malformed absolute request target";
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  out.scheme = scheme;
  out.authority = rest.substr(0, path);
  const Result<Authority> authority = split_authority(out.authority);
  if (!authority) return authority.error().detail;
  split_query(rest.substr(path), out);
  if (out.path.empty()) out.path = out.method == Method::options && !out.has_query ? "*" : "/";
  return {};
}

// The four forms of RFC 9112 §3.2; what is wrong, or "".
std::string_view take_target(RequestHead& out) noexcept {
  if (out.method == Method::connect) {
    const Result<Authority> authority = split_authority(out.target);
    if (!authority) return authority.error().detail;
    if (authority->port == 0) return "CONNECT without a port";
    out.authority = out.target;
    return {};
  }
  if (out.target.front() == '/') {
    split_query(out.target, out);
    return {};
  }
  if (out.target == "*") {
    out.path = out.target;
    return out.method == Method::options ? "" : "asterisk-form without OPTIONS";
  }
  return take_absolute(out.target, out);
}

StartLine read_request_line(Span span, const Limits& limits, RequestHead& out, const Scan& scan) noexcept {
  const char* at = span.begin;
  for (int lines = 0; lines < kEmptyLines && at != span.end && *at == '\r'; ++lines) {
    if (span.end - at < 2) return {};
    if (at[1] != '\n') return refuse("CR without LF before the request line");
    at += 2;
  }
  const auto longest = static_cast<std::ptrdiff_t>(limits.request_line) + 2;
  const char* const stop = span.end - at > longest ? at + longest : span.end;
  const char* const method_stop = stop - at >= kLongestMethod + 1 ? at + kLongestMethod + 1 : stop;
  const char* const method_end = scan.token(span.begin, at, method_stop);
  if (method_end - at > kLongestMethod) return refuse("method too long");
  if (method_end == stop) return unfinished(stop, span.end);
  if (method_end == at || *method_end != ' ') return refuse("malformed method");
  const char* const target = method_end + 1;
  const char* const target_end = scan.target(span.begin, target, stop);
  if (target_end == stop) return unfinished(stop, span.end);
  if (*target_end != ' ' || target_end == target) return refuse(why_not_target(target, target_end));
  StartLine line = read_version(target_end + 1, stop, span.end, out);
  if (line.state != StartLine::State::complete) return line;
  out.method_text = {at, static_cast<std::size_t>(method_end - at)};
  out.method = method_from(out.method_text);
  out.target = {target, static_cast<std::size_t>(target_end - target)};
  const std::string_view reason = take_target(out);
  return reason.empty() ? line : refuse(reason);
}

// RFC 9112 §3.2, RFC 9110 §7.2.
Error judge_host(const Survey& seen, RequestHead& out) noexcept {
  if (seen.host == nullptr) {
    return out.version == Version::http11 ? bad("no Host field") : Error{};
  }
  const std::string_view host = seen.host->value;
  const bool named = !out.authority.empty();  // by the target, which wins
  if (host.empty() && named) return {};
  const Result<Authority> authority = split_authority(host);
  if (!authority) return authority.error();
  if (!named) out.authority = host;
  return {};
}

// RFC 9112 §6.
Error judge_framing(const Survey& seen, RequestHead& out) noexcept {
  if (seen.transfer_encoding != nullptr) {
    if (seen.content_length != nullptr) return bad("Transfer-Encoding with Content-Length");
    if (out.version == Version::http10) return bad("Transfer-Encoding in HTTP/1.0");
    switch (read_transfer_encoding(seen.transfer_encoding->value)) {
      case Coding::chunked:
        out.framing = Framing::chunked;
        break;
      case Coding::unknown:
        return client_error(ErrorKind::unknown_transfer_coding);
      case Coding::malformed:
        return bad("malformed Transfer-Encoding");
    }
  } else if (seen.content_length != nullptr) {
    if (!read_content_length(seen.content_length->value, out.content_length))
      return bad("malformed Content-Length");
    out.framing = Framing::length;
  }
  const bool content = out.framing == Framing::chunked || out.content_length > 0;
  if (content && (out.method == Method::trace || out.method == Method::connect)) {
    return bad("content in a request that has none");  // RFC 9110 §9.3.6, §9.3.8
  }
  return {};
}

Error judge(RequestHead& out) noexcept {
  const Survey seen = survey(out.fields);
  if (seen.repeated) return bad("Host, Content-Length or Transfer-Encoding repeated");
  if (const Error error = judge_host(seen, out); error.kind != ErrorKind::none) return error;
  if (const Error error = judge_framing(seen, out); error.kind != ErrorKind::none) return error;
  if (seen.expect_other) return client_error(ErrorKind::expectation_failed);
  const bool modern = out.version == Version::http11;
  out.keep_alive = !seen.close && (modern || seen.keep_alive);
  out.expect_continue = seen.expect_continue && modern;  // RFC 9110 §10.1.1: ignored in HTTP/1.0
  out.upgrade = seen.upgrade_option && seen.upgrade && modern;
  return {};
}

ParseResult failed(std::size_t& scanned, const Error& error) noexcept {
  scanned = 0;
  return {Parse::error, 0, error};
}

}  // namespace

ParseResult parse_request(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                          RequestHead& out, const Scan& scan) {
  if (!worth_parsing(bytes, scanned, limits.request_line, limits, scan)) return {};
  Fields fields = scanned == 0 ? Fields() : out.fields;  // whose memory serves again while the head grows
  fields.clear();
  out = RequestHead();
  const char* const begin = bytes.data();
  const Span span{begin, begin + std::min(bytes.size(), limits.head)};
  const bool cut = bytes.size() >= limits.head;
  const char* line = span.begin;
  const StartLine start = read_request_line(span, limits, out, scan);
  if (start.state == StartLine::State::error) return failed(scanned, start.error);
  Lines lines;
  if (start.state == StartLine::State::complete) {
    lines = scan.fields(span.begin, start.at, span.end, limits, arena, fields);
    line = lines.at;
  }
  out.fields = fields;
  switch (lines.state) {
    case Lines::State::malformed:
      return failed(scanned, bad(lines.reason));
    case Lines::State::too_large:
      return failed(scanned, client_error(ErrorKind::head_too_large, lines.reason));
    case Lines::State::incomplete:
      if (cut) return failed(scanned, client_error(ErrorKind::head_too_large, "head too large"));
      scanned = remember(bytes, line);
      return {};
    case Lines::State::complete:
      break;
  }
  const Error error = judge(out);
  if (error.kind != ErrorKind::none) return failed(scanned, error);
  scanned = 0;
  return {Parse::complete, static_cast<std::size_t>(lines.at - begin), {}};
}

}  // namespace turnpike::http::h1
