#include "http/h2/head_reader.h"

#include <cstring>

#include "base/strings.h"
#include "http/h1/scan.h"
#include "http/h1/trailer.h"
#include "http/path.h"
#include "http/rules.h"

namespace turnpike::http::h2 {
namespace {

using Kind = HeadVerdict::Kind;

// The pseudo-header fields of one section, each at most once and in front of all others (§8.3).
struct PseudoFields {
  std::string_view values[static_cast<std::size_t>(Pseudo::unknown)];
  unsigned seen = 0;

  static constexpr unsigned bit(Pseudo name) noexcept { return 1u << static_cast<unsigned>(name); }
  bool has(Pseudo name) const noexcept { return (seen & bit(name)) != 0; }
  std::string_view operator[](Pseudo name) const noexcept { return values[static_cast<std::size_t>(name)]; }
};

constexpr unsigned kOfRequests = PseudoFields::bit(Pseudo::authority) | PseudoFields::bit(Pseudo::method) |
                                 PseudoFields::bit(Pseudo::path) | PseudoFields::bit(Pseudo::protocol) |
                                 PseudoFields::bit(Pseudo::scheme);
constexpr unsigned kOfResponses = PseudoFields::bit(Pseudo::status);

// Reads one field section: what holds for requests, responses and trailers alike.
class SectionReader {
 public:
  SectionReader(Decoder& decoder, const Limits& limits, Arena& arena, unsigned allowed_pseudo,
                Fields& out) noexcept
      : decoder_(decoder), limits_(limits), arena_(arena), allowed_(allowed_pseudo), fields_(out) {}

  HeadVerdict read(std::string_view block);

  const PseudoFields& pseudo() const noexcept { return pseudo_; }
  bool has_length() const noexcept { return has_length_; }
  std::uint64_t length() const noexcept { return length_; }
  std::string_view expect() const noexcept { return expect_; }

 private:
  // What is wrong with the field, or "".
  std::string_view take(const DecodedField& field);
  std::string_view take_pseudo(const DecodedField& field) noexcept;
  std::string_view take_length(std::string_view value) noexcept;
  void take_cookie(const DecodedField& field);
  void join_cookies();
  HeadVerdict skip_rest(HeadVerdict verdict);

  Decoder& decoder_;
  const Limits& limits_;
  Arena& arena_;
  unsigned allowed_;
  Fields& fields_;
  PseudoFields pseudo_;
  Fields crumbs_;           // Cookie fields
  std::size_t cookie_ = 0;  // their place in fields_
  std::size_t size_ = 0;
  std::uint32_t count_ = 0;
  std::uint64_t length_ = 0;
  std::string_view expect_;
  bool has_length_ = false;
  bool regular_seen_ = false;
};

HeadVerdict SectionReader::read(std::string_view block) {
  decoder_.begin(block);
  DecodedField field;
  for (;;) {
    const Decoder::Step step = decoder_.next(arena_, field);
    if (step == Decoder::Step::end) break;
    if (step == Decoder::Step::error) return {Kind::broken, decoder_.error()};
    size_ += field.name.size() + field.value.size() + kEntryOverhead;
    ++count_;
    if (size_ > limits_.header_list) return skip_rest({Kind::too_large, "header list too large"});
    if (count_ > limits_.field_count) return skip_rest({Kind::too_large, "too many fields"});
    const std::string_view fault = take(field);
    if (!fault.empty()) return skip_rest({Kind::malformed, fault});
  }
  if (crumbs_.size() > 1) join_cookies();
  return {};
}

// Goes on to the end for the decoder's sake, with no memory but one field's.
HeadVerdict SectionReader::skip_rest(HeadVerdict verdict) {
  Arena scratch;
  DecodedField field;
  for (;;) {
    const Decoder::Step step = decoder_.next(scratch, field);
    if (step == Decoder::Step::end) return verdict;
    if (step == Decoder::Step::error) return {Kind::broken, decoder_.error()};
    size_ += field.name.size() + field.value.size() + kEntryOverhead;
    if (size_ > limits_.header_list_abuse) return {Kind::abuse, "header list far too large"};
    if (scratch.bytes_held() > Arena::kBlockSize) scratch.reset();
  }
}

std::string_view SectionReader::take(const DecodedField& field) {
  if (!field.well_formed) {
    return field.kind.pseudo != Pseudo::none ? "forbidden byte in the value of a pseudo-header field"
                                             : "forbidden byte in a field name or value";
  }
  if (field.kind.pseudo != Pseudo::none) return take_pseudo(field);
  regular_seen_ = true;
  switch (field.kind.id) {
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return "connection-specific field";  // §8.2.2
    case FieldId::te:
      if (field.value != "trailers") return "TE other than trailers";
      break;
    case FieldId::host:
      if (fields_.may_have(FieldId::host)) return "Host repeated";
      break;
    case FieldId::content_length:
      if (const std::string_view fault = take_length(field.value); !fault.empty()) return fault;
      break;
    case FieldId::cookie:
      take_cookie(field);
      return {};
    case FieldId::expect:
      expect_ = field.value;
      break;
    default:
      break;
  }
  fields_.add(arena_, Field{field.name, field.value, field.kind.id, field.sensitive});
  return {};
}

std::string_view SectionReader::take_pseudo(const DecodedField& field) noexcept {
  const Pseudo name = field.kind.pseudo;
  if (regular_seen_) return "pseudo-header field behind another field";
  if (name == Pseudo::unknown) return "unknown pseudo-header field";
  if ((allowed_ & PseudoFields::bit(name)) == 0) return "pseudo-header field that does not belong here";
  if (pseudo_.has(name)) return "pseudo-header field repeated";
  pseudo_.seen |= PseudoFields::bit(name);
  pseudo_.values[static_cast<std::size_t>(name)] = field.value;
  return {};
}

std::string_view SectionReader::take_length(std::string_view value) noexcept {
  if (has_length_) return "Content-Length repeated";
  has_length_ = true;
  return read_content_length(value, length_) ? "" : "malformed Content-Length";
}

// A client may send its cookies in crumbs (§8.2.3); everyone else expects one field.
void SectionReader::take_cookie(const DecodedField& field) {
  const Field cookie{field.name, field.value, FieldId::cookie, field.sensitive};
  if (crumbs_.empty()) {
    cookie_ = fields_.size();
    fields_.add(arena_, cookie);
  } else if (crumbs_.size() == 1) {
    crumbs_.begin()->sensitive |= field.sensitive;
  }
  crumbs_.add(arena_, cookie);
}

void SectionReader::join_cookies() {
  std::size_t size = 0;
  bool sensitive = false;
  for (const Field& crumb : crumbs_) {
    size += crumb.value.size() + 2;
    sensitive |= crumb.sensitive;
  }
  char* const text = static_cast<char*>(arena_.allocate(size, 1));
  char* to = text;
  for (const Field& crumb : crumbs_) {
    if (!crumb.value.empty()) std::memcpy(to, crumb.value.data(), crumb.value.size());
    to += crumb.value.size();
    *to++ = ';';
    *to++ = ' ';
  }
  Field& cookie = fields_.begin()[cookie_];
  cookie.value = {text, size - 2};
  cookie.sensitive = sensitive;
}

// --- requests

HeadVerdict malformed(std::string_view detail) noexcept { return {Kind::malformed, detail}; }

bool all_of(const char* (*scan)(const char*, const char*, const char*) noexcept,
            std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  return scan(text.data(), text.data(), end) == end;
}

// §8.3.1 and RFC 9112 §3.2: the same path that HTTP/1.1 could carry.
HeadVerdict judge_path(std::string_view path, RequestHead& out) noexcept {
  if (path.empty()) return malformed(":path is empty");
  if (path == "*") {
    if (out.method != Method::options) return malformed(":path is * without OPTIONS");
  } else if (path.front() != '/') {
    return malformed(":path does not begin with a slash");
  }
  if (!all_of(h1::best_scan().target, path))
    return malformed("character that must be percent-encoded in :path");
  out.target = path;
  split_query(path, out);
  return {};
}

std::uint16_t port_of(const Authority& authority, std::string_view scheme) noexcept {
  return authority.port != 0 ? authority.port : scheme == "https" ? 443 : 80;
}

std::string_view without_dot(std::string_view host) noexcept {
  return host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
}

// §8.3.1: who both names must name the same one.
HeadVerdict judge_authority(const PseudoFields& pseudo, RequestHead& out) noexcept {
  const Field* const host = out.fields.find(FieldId::host);
  const bool named = pseudo.has(Pseudo::authority);
  if (!named && host == nullptr) return malformed("neither :authority nor Host");
  out.authority = named ? pseudo[Pseudo::authority] : host->value;
  const Result<Authority> authority = split_authority(out.authority);
  if (!authority) return malformed(authority.error().detail);
  if (!named || host == nullptr || host->value == out.authority) return {};
  const Result<Authority> other = split_authority(host->value);
  if (!other) return malformed(other.error().detail);
  const bool same = equals_ignoring_case(without_dot(authority->host), without_dot(other->host)) &&
                    port_of(*authority, out.scheme) == port_of(*other, out.scheme);
  return same ? HeadVerdict{} : malformed("Host differs from :authority");
}

// CONNECT (§8.5) has an authority only; extended CONNECT (RFC 8441 §4) has everything.
HeadVerdict judge_connect(const PseudoFields& pseudo, RequestHead& out) noexcept {
  if (pseudo.has(Pseudo::scheme) || pseudo.has(Pseudo::path))
    return malformed("CONNECT with :scheme or :path");
  if (!pseudo.has(Pseudo::authority)) return malformed("CONNECT without :authority");
  if (const HeadVerdict verdict = judge_authority(pseudo, out); verdict.kind != Kind::good) return verdict;
  if (split_authority(out.authority)->port == 0) return malformed("CONNECT without a port");
  out.target = out.authority;
  return {};
}

HeadVerdict judge_target(const PseudoFields& pseudo, const Limits& limits, RequestHead& out) noexcept {
  if (out.method == Method::connect && !pseudo.has(Pseudo::protocol)) return judge_connect(pseudo, out);
  if (pseudo.has(Pseudo::protocol)) {
    if (out.method != Method::connect) return malformed(":protocol without CONNECT");
    if (!limits.connect_protocol) return malformed("extended CONNECT that was not offered");
    out.protocol = pseudo[Pseudo::protocol];
    if (out.protocol.empty() || !all_of(h1::best_scan().token, out.protocol))
      return malformed("malformed :protocol");
  }
  if (!pseudo.has(Pseudo::scheme)) return malformed("no :scheme");
  if (!pseudo.has(Pseudo::path)) return malformed("no :path");
  out.scheme = pseudo[Pseudo::scheme];
  if (out.scheme != "https" && out.scheme != "http") return malformed(":scheme other than http and https");
  if (const HeadVerdict verdict = judge_path(pseudo[Pseudo::path], out); verdict.kind != Kind::good)
    return verdict;
  return judge_authority(pseudo, out);
}

// §8.1.1.
HeadVerdict judge_request_framing(const SectionReader& section, bool end_stream, RequestHead& out) noexcept {
  out.framing = end_stream ? Framing::none : section.has_length() ? Framing::length : Framing::until_close;
  out.content_length = section.length();
  if (!section.has_length())
    return out.method == Method::trace && !end_stream ? malformed("content in a request that has none")
                                                      : HeadVerdict{};
  if (end_stream && section.length() > 0) return malformed("Content-Length without content");
  if (section.length() > 0 && (out.method == Method::trace || out.method == Method::connect)) {
    return malformed("content in a request that has none");  // RFC 9110 §9.3.6, §9.3.8
  }
  return {};
}

constexpr std::size_t kLongestMethod = 32;

}  // namespace

HeadVerdict read_request(Decoder& decoder, std::string_view block, const Limits& limits, Arena& arena,
                         bool end_stream, RequestHead& out) {
  out.version = Version::http2;
  SectionReader section(decoder, limits, arena, kOfRequests, out.fields);
  HeadVerdict verdict = section.read(block);
  if (verdict.kind != Kind::good) return verdict;
  const PseudoFields& pseudo = section.pseudo();
  out.method_text = pseudo[Pseudo::method];
  if (out.method_text.empty()) return malformed("no :method");
  if (out.method_text.size() > kLongestMethod) return malformed("method too long");
  if (!all_of(h1::best_scan().token, out.method_text)) return malformed("malformed method");
  out.method = method_from(out.method_text);
  verdict = judge_target(pseudo, limits, out);
  if (verdict.kind == Kind::good) verdict = judge_request_framing(section, end_stream, out);
  if (verdict.kind != Kind::good || !out.fields.may_have(FieldId::expect)) return verdict;
  out.expect_continue = equals_ignoring_case(section.expect(), "100-continue");
  if (!out.expect_continue) return {Kind::bad_expectation, "Expect other than 100-continue"};
  return {};
}

// --- responses

namespace {

// §8.3.2; 0 if it is no status.
std::uint16_t read_status(std::string_view text) noexcept {
  if (text.size() != 3 || text[0] < '1' || text[0] > '5') return 0;
  unsigned status = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  return static_cast<std::uint16_t>(status);
}

// RFC 9110 §6.4.1, §8.6; RFC 9113 §8.1.1.
HeadVerdict judge_response_framing(const SectionReader& section, Method request_method, bool end_stream,
                                   ResponseHead& out) noexcept {
  const bool interim = out.status < 200;
  const bool tunnel = request_method == Method::connect && out.status / 100 == 2;
  if (interim && end_stream) return malformed("interim response that ends the stream");
  if (interim || tunnel || out.status == 204) {
    if (section.length() > 0) return malformed("Content-Length in a response without content");
    out.fields.remove(FieldId::content_length);
  } else if (section.has_length()) {
    out.content_length = section.length();
  }
  const bool bare = interim || out.status == 204 || out.status == 304 || request_method == Method::head;
  if (bare || end_stream) {
    // A length beside END_STREAM is a lie unless the response has no content by its nature.
    if (!bare && section.has_length() && section.length() > 0)
      return malformed("Content-Length without content");
    out.framing = Framing::none;
  } else {
    out.framing = section.has_length() && !tunnel ? Framing::length : Framing::until_close;
  }
  return {};
}

}  // namespace

HeadVerdict read_response(Decoder& decoder, std::string_view block, const Limits& limits, Arena& arena,
                          Method request_method, bool end_stream, ResponseHead& out) {
  out.version = Version::http2;
  SectionReader section(decoder, limits, arena, kOfResponses, out.fields);
  const HeadVerdict verdict = section.read(block);
  if (verdict.kind != Kind::good) return verdict;
  if (!section.pseudo().has(Pseudo::status)) return malformed("no :status");
  out.status = read_status(section.pseudo()[Pseudo::status]);
  if (out.status == 0) return malformed("malformed :status");
  if (out.status == 101) return malformed("101 in HTTP/2");  // §8.6
  return judge_response_framing(section, request_method, end_stream, out);
}

HeadVerdict read_trailers(Decoder& decoder, std::string_view block, const Limits& limits, Arena& arena,
                          Fields& out) {
  SectionReader section(decoder, limits, arena, 0, out);
  const HeadVerdict verdict = section.read(block);
  // Left out rather than refused: servers send what is useless more often than what is wrong.
  out.remove_if([](const Field& field) { return !h1::may_be_trailer(field); });
  return verdict;
}

HeadVerdict skip_block(Decoder& decoder, std::string_view block, const Limits& limits) {
  Arena scratch;
  Fields fields;
  const HeadVerdict verdict = SectionReader(decoder, limits, scratch, 0, fields).read(block);
  return verdict.kind == Kind::broken || verdict.kind == Kind::abuse ? verdict : HeadVerdict{};
}

}  // namespace turnpike::http::h2
