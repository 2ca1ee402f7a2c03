#include "http/h2/hpack_table.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/free_list.h"

namespace turnpike::http::h2 {
namespace {

constexpr std::array<StaticEntry, kStaticEntries> kStatic = {{
    // RFC 7541 Appendix A
    {":authority", "", {FieldId::unknown, Pseudo::authority}},
    {":method", "GET", {FieldId::unknown, Pseudo::method}},
    {":method", "POST", {FieldId::unknown, Pseudo::method}},
    {":path", "/", {FieldId::unknown, Pseudo::path}},
    {":path", "/index.html", {FieldId::unknown, Pseudo::path}},
    {":scheme", "http", {FieldId::unknown, Pseudo::scheme}},
    {":scheme", "https", {FieldId::unknown, Pseudo::scheme}},
    {":status", "200", {FieldId::unknown, Pseudo::status}},
    {":status", "204", {FieldId::unknown, Pseudo::status}},
    {":status", "206", {FieldId::unknown, Pseudo::status}},
    {":status", "304", {FieldId::unknown, Pseudo::status}},
    {":status", "400", {FieldId::unknown, Pseudo::status}},
    {":status", "404", {FieldId::unknown, Pseudo::status}},
    {":status", "500", {FieldId::unknown, Pseudo::status}},
    {"accept-charset", "", {FieldId::accept_charset}},
    {"accept-encoding", "gzip, deflate", {FieldId::accept_encoding}},
    {"accept-language", "", {FieldId::accept_language}},
    {"accept-ranges", "", {FieldId::accept_ranges}},
    {"accept", "", {FieldId::accept}},
    {"access-control-allow-origin", "", {FieldId::access_control_allow_origin}},
    {"age", "", {FieldId::age}},
    {"allow", "", {FieldId::allow}},
    {"authorization", "", {FieldId::authorization}},
    {"cache-control", "", {FieldId::cache_control}},
    {"content-disposition", "", {FieldId::content_disposition}},
    {"content-encoding", "", {FieldId::content_encoding}},
    {"content-language", "", {FieldId::content_language}},
    {"content-length", "", {FieldId::content_length}},
    {"content-location", "", {FieldId::content_location}},
    {"content-range", "", {FieldId::content_range}},
    {"content-type", "", {FieldId::content_type}},
    {"cookie", "", {FieldId::cookie}},
    {"date", "", {FieldId::date}},
    {"etag", "", {FieldId::etag}},
    {"expect", "", {FieldId::expect}},
    {"expires", "", {FieldId::expires}},
    {"from", "", {FieldId::from}},
    {"host", "", {FieldId::host}},
    {"if-match", "", {FieldId::if_match}},
    {"if-modified-since", "", {FieldId::if_modified_since}},
    {"if-none-match", "", {FieldId::if_none_match}},
    {"if-range", "", {FieldId::if_range}},
    {"if-unmodified-since", "", {FieldId::if_unmodified_since}},
    {"last-modified", "", {FieldId::last_modified}},
    {"link", "", {FieldId::link}},
    {"location", "", {FieldId::location}},
    {"max-forwards", "", {FieldId::max_forwards}},
    {"proxy-authenticate", "", {FieldId::proxy_authenticate}},
    {"proxy-authorization", "", {FieldId::proxy_authorization}},
    {"range", "", {FieldId::range}},
    {"referer", "", {FieldId::referer}},
    {"refresh", "", {FieldId::refresh}},
    {"retry-after", "", {FieldId::retry_after}},
    {"server", "", {FieldId::server}},
    {"set-cookie", "", {FieldId::set_cookie}},
    {"strict-transport-security", "", {FieldId::strict_transport_security}},
    {"transfer-encoding", "", {FieldId::transfer_encoding}},
    {"user-agent", "", {FieldId::user_agent}},
    {"vary", "", {FieldId::vary}},
    {"via", "", {FieldId::via}},
    {"www-authenticate", "", {FieldId::www_authenticate}},
}};

constexpr std::size_t kIds = static_cast<std::size_t>(FieldId::count_);
constexpr std::size_t kPseudos = static_cast<std::size_t>(Pseudo::unknown) + 1;

// The first entry of each name.
struct Firsts {
  std::array<std::uint8_t, kIds> of_id{};
  std::array<std::uint8_t, kPseudos> of_pseudo{};
};
constexpr Firsts kFirst = [] {
  Firsts firsts;
  for (std::size_t i = kStatic.size(); i-- > 0;) {
    const NameKind kind = kStatic[i].kind;
    const auto index = static_cast<std::uint8_t>(i + 1);
    if (kind.pseudo != Pseudo::none) {
      firsts.of_pseudo[static_cast<std::size_t>(kind.pseudo)] = index;
    } else if (kind.id != FieldId::unknown) {
      firsts.of_id[static_cast<std::size_t>(kind.id)] = index;
    }
  }
  return firsts;
}();
static_assert(kFirst.of_id[0] == 0 && kFirst.of_pseudo[static_cast<std::size_t>(Pseudo::path)] == 4);

}  // namespace

NameKind kind_of(std::string_view name) noexcept {
  if (name.empty() || name.front() != ':') return {field_id(name), Pseudo::none};
  static constexpr std::array<std::string_view, 6> kNames = {":authority", ":method", ":path",
                                                             ":protocol",  ":scheme", ":status"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return {FieldId::unknown, static_cast<Pseudo>(i + 1)};
  }
  return {FieldId::unknown, Pseudo::unknown};
}

const StaticEntry& static_entry(std::uint32_t index) noexcept { return kStatic[index - 1]; }

std::uint32_t static_index(NameKind kind) noexcept {
  return kind.pseudo != Pseudo::none ? kFirst.of_pseudo[static_cast<std::size_t>(kind.pseudo)]
                                     : kFirst.of_id[static_cast<std::size_t>(kind.id)];
}

DynamicTable::~DynamicTable() {
  if (entries_ != nullptr) free_list_release(entries_, capacity_ * sizeof(Entry));
  if (text_ != nullptr) free_list_release(text_, text_capacity_);
}

bool DynamicTable::add(std::string_view name, std::string_view value, NameKind kind, bool well_formed,
                       std::uint32_t link) {
  const std::size_t text = name.size() + value.size();
  if (text + kEntryOverhead > max_size_) {
    evict_until(0);
    return false;
  }
  const auto cost = static_cast<std::uint32_t>(text) + kEntryOverhead;
  evict_until(max_size_ - cost);
  if (text_capacity_ - text_end_ < text) make_room(static_cast<std::uint32_t>(text));
  if (count_ == capacity_) grow_entries();
  char* const to = text_ + text_end_;
  if (!name.empty()) std::memcpy(to, name.data(), name.size());
  if (!value.empty()) std::memcpy(to + name.size(), value.data(), value.size());
  entries_[next_ & (capacity_ - 1)] = {static_cast<std::uint16_t>(text_end_),
                                       static_cast<std::uint16_t>(name.size()),
                                       static_cast<std::uint16_t>(value.size()),
                                       kind,
                                       well_formed,
                                       link};
  text_end_ += static_cast<std::uint32_t>(text);
  size_ += cost;
  ++next_;
  ++count_;
  return true;
}

void DynamicTable::set_max_size(std::uint32_t max_size) noexcept {
  max_size_ = max_size;
  evict_until(max_size);
}

void DynamicTable::evict_until(std::uint32_t size) noexcept {
  while (size_ > size) {
    const Entry& oldest = at_sequence(next_ - count_);
    const std::uint32_t text = std::uint32_t{oldest.name_size} + oldest.value_size;
    text_begin_ += text;
    size_ -= text + kEntryOverhead;
    --count_;
  }
  if (count_ == 0) text_begin_ = text_end_ = 0;
}

// Moves the texts to the front, into more memory where there is too little. Entries cost at least 32 bytes of
// the table each, so this comes once for many that are added.
void DynamicTable::make_room(std::uint32_t text) {
  const std::uint32_t live = text_end_ - text_begin_;
  char* to = text_;
  std::uint32_t capacity = text_capacity_;
  if (capacity - live < text) {
    capacity = std::max<std::uint32_t>(capacity, 256);
    while (capacity - live < text) capacity *= 2;  // at most kLargest: text + live < max_size_
    to = static_cast<char*>(free_list_allocate(capacity));
  }
  if (live > 0) std::memmove(to, text_ + text_begin_, live);
  if (to != text_) {
    if (text_ != nullptr) free_list_release(text_, text_capacity_);
    text_ = to;
    text_capacity_ = capacity;
  }
  for (std::uint32_t i = 0; i < count_; ++i) {
    Entry& entry = entries_[(next_ - 1 - i) & (capacity_ - 1)];
    entry.at = static_cast<std::uint16_t>(entry.at - text_begin_);
  }
  text_begin_ = 0;
  text_end_ = live;
}

void DynamicTable::grow_entries() {
  const std::uint32_t capacity = capacity_ == 0 ? 16 : capacity_ * 2;
  auto* const entries = static_cast<Entry*>(free_list_allocate(capacity * sizeof(Entry)));
  for (std::uint32_t i = 0; i < count_; ++i) {
    const std::uint32_t sequence = next_ - 1 - i;
    entries[sequence & (capacity - 1)] = entries_[sequence & (capacity_ - 1)];
  }
  if (entries_ != nullptr) free_list_release(entries_, capacity_ * sizeof(Entry));
  entries_ = entries;
  capacity_ = capacity;
}

}  // namespace turnpike::http::h2
