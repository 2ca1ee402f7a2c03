// The loop over field lines (RFC 9112 §5), compiled once per instruction set: the scan_*.cc files include
// this between their target pragmas, so it must not include anything itself.
#pragma once

namespace turnpike::http::h1 {
namespace {

// Cold: names what is wrong with the byte that ended a field's name.
[[gnu::noinline, gnu::cold]] Lines bad_name(const char* line, const char* at) noexcept {
  const auto byte = static_cast<unsigned char>(*at);
  std::string_view reason = "character that no field name has";
  if (byte == ' ' || byte == '\t') {
    reason = at == line ? "white space at the start of a field line" : "white space before the colon";
  } else if (byte == ':') {
    reason = "empty field name";
  } else if (byte == '\r' || byte == '\n') {
    reason = "field line without a colon";
  } else if (byte < 0x20 || byte == 0x7f) {
    reason = "control byte in a field name";
  }
  return {Lines::State::malformed, at, reason};
}

[[gnu::noinline, gnu::cold]] Lines bad_value(const char* at) noexcept {
  std::string_view reason = "control byte in a field value";
  if (*at == '\r') reason = "CR without LF in a field line";
  if (*at == '\n') reason = "LF without CR in a field line";
  return {Lines::State::malformed, at, reason};
}

[[gnu::noinline, gnu::cold]] Lines out_of_bytes(const char* line, const char* stop,
                                                const char* end) noexcept {
  if (stop == end) return {Lines::State::incomplete, line, {}};
  return {Lines::State::too_large, line, "field line too long"};
}

template <class S>
Lines read_field_lines(const char* begin, const char* at, const char* end, const Limits& limits, Arena& arena,
                       Fields& out) {
  const auto longest = static_cast<std::ptrdiff_t>(limits.field_line) + 2;  // with CRLF
  for (;;) {
    if (at == end) return {Lines::State::incomplete, at, {}};
    if (*at == '\r') [[unlikely]] {
      if (end - at < 2) return {Lines::State::incomplete, at, {}};
      if (at[1] == '\n') return {Lines::State::complete, at + 2, {}};
      return bad_value(at);
    }
    const char* const stop = end - at > longest ? at + longest : end;
    const char* const colon = S::token(begin, at, stop);
    if (colon == stop) return out_of_bytes(at, stop, end);
    if (*colon != ':' || colon == at) return bad_name(at, colon);
    const char* value = colon + 1;
    while (value != stop && (*value == ' ' || *value == '\t')) ++value;
    const char* const cr = S::text(begin, value, stop);
    if (cr == stop || (*cr == '\r' && cr + 1 == stop)) return out_of_bytes(at, stop, end);
    if (*cr != '\r' || cr[1] != '\n') return bad_value(cr);
    const char* last = cr;
    while (last != value && (last[-1] == ' ' || last[-1] == '\t')) --last;
    if (out.size() >= limits.field_count) return {Lines::State::too_large, at, "too many fields"};
    const std::string_view name(at, static_cast<std::size_t>(colon - at));
    out.add(arena, Field{name, {value, static_cast<std::size_t>(last - value)}, field_id(name)});
    at = cr + 2;
  }
}

}  // namespace
}  // namespace turnpike::http::h1
