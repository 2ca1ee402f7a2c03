#include "observe/access_format.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "observe/escape.h"

namespace turnpike::observe {
namespace {

constexpr std::string_view kFieldNames[] = {
#define X(name) #name,
#include "observe/access_fields.def"
#undef X
};
constexpr std::size_t kFields = std::size(kFieldNames);
// Literals are copied in blocks of this size.
constexpr std::size_t kBlock = 32;
// The most bytes of a number, a time, "null" and the quotes and dots of a text that is cut.
constexpr std::size_t kMostFixed = 32;

static_assert(AccessFormat::kMaxFormat + (kFields + 1) * (kMostFixed + 24) + kBlock + kEscapeSlack <
              AccessFormat::kMaxLine / 2);

std::optional<FieldKind> field_from(std::string_view name) noexcept {
  const auto* at = std::ranges::find(kFieldNames, name);
  if (at == std::end(kFieldNames)) return std::nullopt;
  return static_cast<FieldKind>(at - std::begin(kFieldNames));
}

// Levenshtein's distance, for the suggestion.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t next = std::min({row[j] + 1, row[j + 1] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = std::exchange(row[j + 1], next);
    }
  }
  return row.back();
}

std::string unknown_field(std::string_view name) {
  name = name.substr(0, 64);
  const std::string_view nearest = *std::ranges::min_element(
      kFieldNames, {}, [&](std::string_view known) { return distance(name, known); });
  return "access log format: no field '" + std::string(name) + "', did you mean '" + std::string(nearest) +
         "'?";
}

char* put_decimal(char* to, std::uint64_t value) noexcept {
  char digits[20];
  char* at = std::end(digits);
  do {
    *--at = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  const auto size = static_cast<std::size_t>(std::end(digits) - at);
  std::memcpy(to, at, size);
  return to + size;
}

// Milliseconds with three digits after the point.
char* put_ms(char* to, Duration d) noexcept {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0)) / 1000;
  to = put_decimal(to, us / 1000);
  const auto rest = static_cast<unsigned>(us % 1000);
  *to++ = '.';
  *to++ = static_cast<char>('0' + rest / 100);
  *to++ = static_cast<char>('0' + rest / 10 % 10);
  *to++ = static_cast<char>('0' + rest % 10);
  return to;
}

std::string_view trace_id_in(std::string_view traceparent) noexcept {
  return traceparent.size() >= 35 ? traceparent.substr(3, 32) : std::string_view{};
}

// The text of a field that is one.
std::string_view text_of(const AccessRecord& r, FieldKind field) noexcept {
  switch (field) {
#define TEXT(name)      \
  case FieldKind::name: \
    return r.name;
    TEXT(client)
    TEXT(method)
    TEXT(scheme)
    TEXT(authority)
    TEXT(path)
    TEXT(query)
    TEXT(protocol)
    TEXT(response_flags)
    TEXT(detail)
    TEXT(listener)
    TEXT(route)
    TEXT(rule)
    TEXT(upstream)
    TEXT(endpoint)
    TEXT(request_id)
    TEXT(traceparent)
    TEXT(user_agent)
    TEXT(referer)
    TEXT(tls_version)
    TEXT(sni)
#undef TEXT
    case FieldKind::trace_id:
      return trace_id_in(r.traceparent);
    default:
      return {};
  }
}

// Writes into one line; `end` is where texts must end at the latest.
class Line {
 public:
  Line(char* to, char* end, bool json) noexcept : at_(to), end_(end), json_(json) {}

  void literal(const char* from, std::size_t size) noexcept {
    for (std::size_t done = 0; done < size; done += kBlock) std::memcpy(at_ + done, from + done, kBlock);
    at_ += size;
  }
  void field(FieldKind field, const AccessRecord& r, FormatClock& clock) noexcept {
    switch (field) {
      case FieldKind::time:
        if (json_) *at_++ = '"';
        at_ = clock.write(at_, r.start);
        if (json_) *at_++ = '"';
        return;
      case FieldKind::status:
        at_ = put_decimal(at_, r.status);
        return;
      case FieldKind::grpc_status:
        if (r.grpc_status < 0) return none();
        at_ = put_decimal(at_, static_cast<std::uint64_t>(r.grpc_status));
        return;
      case FieldKind::attempts:
        at_ = put_decimal(at_, r.attempts);
        return;
      case FieldKind::bytes_in:
        at_ = put_decimal(at_, r.bytes_in);
        return;
      case FieldKind::bytes_out:
        at_ = put_decimal(at_, r.bytes_out);
        return;
      case FieldKind::duration_ms:
        at_ = put_ms(at_, r.duration);
        return;
      case FieldKind::upstream_ms:
        if (r.upstream_duration.count() < 0) return none();
        at_ = put_ms(at_, r.upstream_duration);
        return;
      default:
        return text(text_of(r, field));
    }
  }
  char* end() const noexcept { return at_; }

 private:
  void none() noexcept {
    const std::string_view word = json_ ? "null" : "-";
    std::memcpy(at_, word.data(), word.size());
    at_ += word.size();
  }
  void text(std::string_view value) noexcept {
    if (value.empty()) return none();
    const std::size_t room = at_ < end_ ? static_cast<std::size_t>(end_ - at_) / kMostEscaped : 0;
    const std::size_t size = std::min({value.size(), room, AccessFormat::kMaxText});
    if (json_) *at_++ = '"';
    at_ = json_ ? escape_json(at_, value.substr(0, size)) : escape_text(at_, value.substr(0, size));
    if (size < value.size()) {
      std::memcpy(at_, "...", 3);
      at_ += 3;
    }
    if (json_) *at_++ = '"';
  }

  char* at_;
  char* const end_;
  const bool json_;
};

}  // namespace

AccessFormat::AccessFormat() : AccessFormat(parse_fields(kDefaultFields).value()) {}

std::expected<AccessFormat, std::string> AccessFormat::parse(std::string_view text) {
  if (text.size() > kMaxFormat) return std::unexpected("access log format: more than 2048 bytes");
  if (text == "json") return AccessFormat();
  if (text.starts_with("json:")) return parse_fields(text.substr(5));
  return parse_text(text);
}

std::expected<AccessFormat, std::string> AccessFormat::parse_fields(std::string_view list) {
  std::string all;
  if (trim(list) == "*") {
    for (std::string_view name : kFieldNames) all.append(name).append(",");
    list = all;
  }
  AccessFormat format(true);
  std::array<bool, kFields> seen{};
  std::string fault;
  for_each_element(list, [&](std::string_view name) {
    const auto field = field_from(name);
    if (!field) {
      fault = unknown_field(name);
    } else if (std::exchange(seen[static_cast<std::size_t>(*field)], true)) {
      fault = "access log format: the field '" + std::string(name) + "' stands there twice";
    } else {
      format.add((format.parts_.empty() ? "{\"" : ",\"") + std::string(name) + "\":", *field);
    }
    return fault.empty();
  });
  if (!fault.empty()) return std::unexpected(fault);
  if (format.parts_.empty()) return std::unexpected("access log format: no fields");
  format.finish("}\n");
  return format;
}

std::expected<AccessFormat, std::string> AccessFormat::parse_text(std::string_view text) {
  AccessFormat format(false);
  std::string literal;
  while (!text.empty()) {
    const std::size_t percent = text.find('%');
    for (char c : text.substr(0, percent)) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
        return std::unexpected("access log format: control bytes are not allowed");
      }
    }
    literal += text.substr(0, percent);
    if (percent == std::string_view::npos) break;
    text.remove_prefix(percent + 1);
    const std::size_t end = text.find('%');
    if (end == std::string_view::npos) {
      return std::unexpected("access log format: '%' without a second one ('%%' is a percent sign)");
    }
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (name.empty()) {
      literal += '%';
      continue;
    }
    const auto field = field_from(name);
    if (!field) return std::unexpected(unknown_field(name));
    if (format.parts_.size() == kFields * 2) return std::unexpected("access log format: too many fields");
    format.add(std::exchange(literal, {}), *field);
  }
  format.finish(literal + "\n");
  return format;
}

void AccessFormat::add(std::string_view literal, FieldKind field) {
  parts_.push_back(
      {static_cast<std::uint16_t>(literals_.size()), static_cast<std::uint16_t>(literal.size()), field});
  literals_ += literal;
  fixed_ += literal.size() + kMostFixed;
}

void AccessFormat::finish(std::string_view tail) {
  add(tail, FieldKind{});
  tail_ = parts_.back();
  parts_.pop_back();
  literals_.append(kBlock, '\0');
  fixed_ += kBlock + kEscapeSlack;
}

char* AccessFormat::write(char* to, const AccessRecord& record, FormatClock& clock) const noexcept {
  // What is no text is kept free as a whole, wherever it stands.
  Line line(to, to + kMaxLine - fixed_, json_);
  for (const Part& part : parts_) {
    line.literal(literals_.data() + part.literal, part.length);
    line.field(part.field, record, clock);
  }
  line.literal(literals_.data() + tail_.literal, tail_.length);
  return line.end();
}

}  // namespace turnpike::observe
