// Response heads (RFC 9112 §4, §5, §6.3).
#include <algorithm>

#include "http/h1/head.h"

namespace turnpike::http::h1 {
namespace {

Error bad(std::string_view detail) noexcept {
  return upstream_error(ErrorKind::upstream_bad_response, Retry::never, detail);
}
StartLine refuse(std::string_view detail) noexcept { return {StartLine::State::error, nullptr, bad(detail)}; }

constexpr std::size_t kFixed = 12;  // "HTTP/1.1 200"

// As much of "HTTP/1.1 200" as is there; what is wrong, or "".
std::string_view check_fixed(std::string_view text) noexcept {
  if (version_mismatch(text) != std::string_view::npos) return "malformed HTTP version";
  if (text.size() > 5 && text[5] != '1') return "not HTTP/1.0 or HTTP/1.1";
  if (text.size() > 7 && text[7] != '0' && text[7] != '1') return "not HTTP/1.0 or HTTP/1.1";
  if (text.size() > 8 && text[8] != ' ') return "malformed status line";
  for (std::size_t i = 9; i < std::min(text.size(), kFixed); ++i) {
    if (text[i] < (i == 9 ? '1' : '0') || text[i] > (i == 9 ? '5' : '9')) return "malformed status code";
  }
  return {};
}

StartLine read_status_line(Span span, const Limits& limits, ResponseHead& out, const Scan& scan) noexcept {
  const auto longest = static_cast<std::ptrdiff_t>(limits.request_line) + 2;
  const char* const stop = span.end - span.begin > longest ? span.begin + longest : span.end;
  const std::string_view text(span.begin, static_cast<std::size_t>(stop - span.begin));
  const std::string_view reason = check_fixed(text);
  if (!reason.empty()) return refuse(reason);
  const StartLine unfinished = stop == span.end ? StartLine{} : refuse("status line too long");
  if (text.size() <= kFixed) return unfinished;
  // The space after the code belongs there even without a reason, but many servers leave it out, and no
  // reader minds.
  if (text[kFixed] != ' ' && text[kFixed] != '\r') return refuse("malformed status line");
  const char* const phrase = span.begin + kFixed + (text[kFixed] == ' ' ? 1 : 0);
  const char* const end = scan.text(span.begin, phrase, stop);
  if (end == stop || (*end == '\r' && end + 1 == stop)) return unfinished;
  if (*end != '\r' || end[1] != '\n') return refuse("control byte in the status line");
  out.version = text[7] == '1' ? Version::http11 : Version::http10;
  out.status = static_cast<std::uint16_t>((text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0'));
  out.reason = {phrase, static_cast<std::size_t>(end - phrase)};
  return {StartLine::State::complete, end + 2, {}};
}

// RFC 9112 §6.3; also where there is no content, for what the fields say is passed on.
Error judge_framing(const Survey& seen, Method request_method, ResponseHead& out) noexcept {
  const bool informational =
      out.status < 200 || out.status == 204;  // neither field may be there, RFC 9110 §8.6
  const bool tunnel = request_method == Method::connect && out.status / 100 == 2;
  out.framing = Framing::until_close;
  if (seen.transfer_encoding != nullptr) {
    if (seen.content_length != nullptr) return bad("Transfer-Encoding with Content-Length");
    if (out.version == Version::http10) return bad("Transfer-Encoding in HTTP/1.0");
    if (informational || tunnel) return bad("Transfer-Encoding in a response without content");
    if (read_transfer_encoding(seen.transfer_encoding->value) != Coding::chunked) {
      return bad("Transfer-Encoding other than chunked");
    }
    out.framing = Framing::chunked;
  } else if (seen.content_length != nullptr) {
    if (!read_content_length(seen.content_length->value, out.content_length))
      return bad("malformed Content-Length");
    if ((informational || tunnel) && out.content_length > 0)
      return bad("Content-Length in a response without content");
    out.framing = Framing::length;
  }
  if (informational || tunnel) out.fields.remove(FieldId::content_length);
  if (informational || tunnel || out.status == 304 || request_method == Method::head)
    out.framing = Framing::none;
  return {};
}

Error judge(Method request_method, ResponseHead& out) noexcept {
  const Survey seen = survey(out.fields);
  const bool twice = seen.repeated && (out.fields.count(FieldId::content_length) > 1 ||
                                       out.fields.count(FieldId::transfer_encoding) > 1);
  if (twice) return bad("Content-Length or Transfer-Encoding repeated");
  if (const Error error = judge_framing(seen, request_method, out); error.kind != ErrorKind::none)
    return error;
  out.keep_alive = !seen.close && (out.version == Version::http11 || seen.keep_alive) &&
                   out.framing != Framing::until_close;
  return {};
}

ParseResult failed(std::size_t& scanned, const Error& error) noexcept {
  scanned = 0;
  return {Parse::error, 0, error};
}

}  // namespace

ParseResult parse_response(std::string_view bytes, std::size_t& scanned, const Limits& limits, Arena& arena,
                           Method request_method, ResponseHead& out, const Scan& scan) {
  if (!worth_parsing(bytes, scanned, limits.request_line, limits, scan)) return {};
  Fields fields = scanned == 0 ? Fields() : out.fields;  // whose memory serves again while the head grows
  fields.clear();
  out = ResponseHead();
  const char* const begin = bytes.data();
  const Span span{begin, begin + std::min(bytes.size(), limits.head)};
  const bool cut = bytes.size() >= limits.head;
  const char* line = span.begin;
  const StartLine start = read_status_line(span, limits, out, scan);
  if (start.state == StartLine::State::error) return failed(scanned, start.error);
  Lines lines;
  if (start.state == StartLine::State::complete) {
    lines = scan.fields(span.begin, start.at, span.end, limits, arena, fields);
    line = lines.at;
  }
  out.fields = fields;
  switch (lines.state) {
    case Lines::State::malformed:
    case Lines::State::too_large:
      return failed(scanned, bad(lines.reason));
    case Lines::State::incomplete:
      if (cut) return failed(scanned, bad("head too large"));
      scanned = remember(bytes, line);
      return {};
    case Lines::State::complete:
      break;
  }
  const Error error = judge(request_method, out);
  if (error.kind != ErrorKind::none) return failed(scanned, error);
  scanned = 0;
  return {Parse::complete, static_cast<std::size_t>(lines.at - begin), {}};
}

}  // namespace turnpike::http::h1
