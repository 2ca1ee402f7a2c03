#include "http/h2/hpack_encoder.h"

#include <algorithm>
#include <cstring>

#include "base/free_list.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/h2/codes.h"
#include "http/h2/huffman.h"

namespace turnpike::http::h2 {
namespace {

// Literal representations (RFC 7541 §6.2): the bits in front of the name's index.
struct Literal {
  std::uint8_t pattern;
  unsigned prefix;
};
constexpr Literal kInserted{0x40, 6};
constexpr Literal kPlain{0x00, 4};
constexpr Literal kNeverIndexed{0x10, 4};

constexpr unsigned kMostValues = 4;     // of one name in the table: the fifth shows that it varies
constexpr std::size_t kLongName = 128;  // longer ones are written as they are

enum class Policy : std::uint8_t { index, index_always, once, secret };

constexpr std::array<Policy, static_cast<std::size_t>(FieldId::count_)> kPolicy = [] {
  std::array<Policy, static_cast<std::size_t>(FieldId::count_)> table{};
  const auto set = [&table](FieldId id, Policy policy) { table[static_cast<std::size_t>(id)] = policy; };
  for (const FieldId id :
       {FieldId::age, FieldId::content_length, FieldId::content_range, FieldId::etag, FieldId::expires,
        FieldId::grpc_timeout, FieldId::if_match, FieldId::if_modified_since, FieldId::if_none_match,
        FieldId::if_range, FieldId::if_unmodified_since, FieldId::last_modified, FieldId::location,
        FieldId::range, FieldId::traceparent, FieldId::tracestate, FieldId::x_request_id}) {
    set(id, Policy::once);
  }
  for (const FieldId id :
       {FieldId::authorization, FieldId::cookie, FieldId::proxy_authorization, FieldId::set_cookie}) {
    set(id, Policy::secret);
  }
  set(FieldId::date, Policy::index_always);  // a new value each second serves all responses of that second
  return table;
}();

char* write_integer(char* out, std::uint8_t pattern, unsigned prefix, std::size_t value) noexcept {
  const std::size_t most = (std::size_t{1} << prefix) - 1;
  if (value < most) {
    *out++ = static_cast<char>(pattern | value);
    return out;
  }
  *out++ = static_cast<char>(pattern | most);
  for (value -= most; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

char* write_string(char* out, std::string_view text) noexcept {
  const std::size_t coded = huffman_size(text);
  if (coded < text.size()) return huffman_encode(write_integer(out, 0x80, 7, coded), text);
  out = write_integer(out, 0, 7, text.size());
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* write_literal(char* out, Literal how, std::uint32_t index, std::string_view name,
                    std::string_view value) noexcept {
  out = write_integer(out, how.pattern, how.prefix, index);
  if (index == 0) out = write_string(out, name);
  return write_string(out, value);
}

std::string_view to_lower_in(char* buffer, std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) buffer[i] = to_lower(name[i]);
  return {buffer, name.size()};
}

}  // namespace

Encoder::Encoder(std::uint32_t limit) noexcept
    : table_(std::min(limit, kDefaultTableSize)),
      limit_(std::min(limit, DynamicTable::kLargest)),
      smallest_(table_.max_size()),
      resized_(table_.max_size() < kDefaultTableSize) {}

Encoder::~Encoder() {
  if (buckets_ != nullptr) free_list_release(buckets_, kBuckets * sizeof(std::uint32_t));
}

void Encoder::set_peer_limit(std::uint32_t size) noexcept {
  size = std::min(size, limit_);
  if (size == table_.max_size()) return;
  smallest_ = resized_ ? std::min(smallest_, size) : std::min(size, table_.max_size());
  resized_ = true;
  table_.set_max_size(size);
}

char* Encoder::begin(char* out) noexcept {
  if (!resized_) return out;
  if (smallest_ < table_.max_size()) out = write_integer(out, 0x20, 5, smallest_);
  out = write_integer(out, 0x20, 5, table_.max_size());
  resized_ = false;
  smallest_ = table_.max_size();
  return out;
}

char* Encoder::status(char* out, unsigned status) {
  switch (status) {
    case 200:
      return write_integer(out, 0x80, 7, 8);
    case 204:
      return write_integer(out, 0x80, 7, 9);
    case 206:
      return write_integer(out, 0x80, 7, 10);
    case 304:
      return write_integer(out, 0x80, 7, 11);
    case 400:
      return write_integer(out, 0x80, 7, 12);
    case 404:
      return write_integer(out, 0x80, 7, 13);
    case 500:
      return write_integer(out, 0x80, 7, 14);
    default:
      break;
  }
  const char digits[3] = {static_cast<char>('0' + status / 100 % 10),
                          static_cast<char>('0' + status / 10 % 10), static_cast<char>('0' + status % 10)};
  return pseudo(out, Pseudo::status, {digits, 3});
}

char* Encoder::pseudo(char* out, Pseudo name, std::string_view value) {
  static constexpr std::array<std::string_view, 7> kNames = {"",          ":authority", ":method", ":path",
                                                             ":protocol", ":scheme",    ":status"};
  const auto index = static_cast<std::size_t>(name);
  return write(out, {kNames[index], {FieldId::unknown, name}, index}, value, false);
}

char* Encoder::field(char* out, const Field& field) {
  if (field.id != FieldId::unknown) {
    const auto id = static_cast<std::size_t>(field.id);
    // Behind the buckets of pseudo names, which are asked for most.
    const std::size_t bucket = (id + static_cast<std::size_t>(Pseudo::unknown)) % kBuckets;
    return write(out, {lower_name_of(field.id), {field.id, Pseudo::none}, bucket}, field.value,
                 field.sensitive);
  }
  char buffer[kLongName];
  if (field.name.size() <= kLongName) {
    const std::string_view name = to_lower_in(buffer, field.name);
    return write(out, {name, {}, hash_bytes(name) % kBuckets}, field.value, field.sensitive);
  }
  out = write_integer(out, field.sensitive ? kNeverIndexed.pattern : kPlain.pattern, kPlain.prefix, 0);
  out = write_integer(out, 0, 7, field.name.size());
  return write_string(out + to_lower_in(out, field.name).size(), field.value);
}

Encoder::Found Encoder::find(const Named& named, std::string_view value) const noexcept {
  Found found;
  found.name = static_index(named.kind);
  for (std::uint32_t i = found.name; i > 0 && i <= kStaticEntries; ++i) {
    const StaticEntry& entry = static_entry(i);
    if (entry.kind.id != named.kind.id || entry.kind.pseudo != named.kind.pseudo) break;
    if (entry.value == value) {
      found.exact = i;
      return found;
    }
  }
  if (buckets_ == nullptr) return found;
  const std::uint32_t next = table_.next();
  const std::uint32_t count = table_.count();
  for (std::uint32_t link = buckets_[named.bucket]; next - (link - 1) - 1 < count;) {
    const std::uint32_t sequence = link - 1;
    const DynamicTable::Entry& entry = table_.at_sequence(sequence);
    if (entry.kind.id == named.kind.id && entry.kind.pseudo == named.kind.pseudo &&
        (named.kind.id != FieldId::unknown || named.kind.pseudo != Pseudo::none ||
         table_.name(entry) == named.name)) {
      const std::uint32_t index = kStaticEntries + (next - sequence);
      if (table_.value(entry) == value) {
        found.exact = index;
        return found;
      }
      if (found.name == 0) found.name = index;
      ++found.values;
    }
    link = entry.link;
  }
  return found;
}

char* Encoder::write(char* out, const Named& named, std::string_view value, bool sensitive) {
  const Policy policy = kPolicy[static_cast<std::size_t>(named.kind.id)];
  if (sensitive || policy == Policy::secret) {
    return write_literal(out, kNeverIndexed, static_index(named.kind), named.name, value);
  }
  if (policy == Policy::once) return write_literal(out, kPlain, static_index(named.kind), named.name, value);
  const Found found = find(named, value);
  if (found.exact > 0) return write_integer(out, 0x80, 7, found.exact);
  const std::size_t size = named.name.size() + value.size() + kEntryOverhead;
  // A large one would drive out many that serve more often.
  const bool worth =
      size <= table_.max_size() / 2 && (found.values < kMostValues || policy == Policy::index_always);
  if (!worth) return write_literal(out, kPlain, found.name, named.name, value);
  out = write_literal(out, kInserted, found.name, named.name, value);
  return insert(out, named, value);
}

char* Encoder::insert(char* out, const Named& named, std::string_view value) {
  if (buckets_ == nullptr) {
    buckets_ = static_cast<std::uint32_t*>(free_list_allocate(kBuckets * sizeof(std::uint32_t)));
    std::fill_n(buckets_, kBuckets, 0u);
  }
  const std::uint32_t sequence = table_.next();
  table_.add(named.name, value, named.kind, true, buckets_[named.bucket]);
  buckets_[named.bucket] = sequence + 1;
  return out;
}

std::size_t Encoder::bytes_held() const noexcept {
  return table_.bytes_held() + (buckets_ != nullptr ? kBuckets * sizeof(std::uint32_t) : 0);
}

}  // namespace turnpike::http::h2
