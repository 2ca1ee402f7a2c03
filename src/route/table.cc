#include "route/table.h"

#include <cstdlib>
#include <utility>

#include "route/compiled.h"
#include "route/condition.h"

namespace turnpike::route {
namespace {

// One look-up: what is asked, and what is borrowed for it.
class Finder {
 public:
  Finder(const Table::Compiled& table, const http::RequestHead& head, unsigned worker,
         std::string& text) noexcept
      : table_(table), head_(head), worker_(worker), text_(text) {}

  // Whether some match of this host is met; hit() tells which.
  bool find_in(std::uint32_t host) {
    const HostEntry& entry = table_.entries[host];
    if (entry.exact) {
      const std::uint64_t hash = exact_hash(host, head_.path);
      if (find_in_group(table_.look_up(hash, host, PathMatch::Kind::exact, head_.path))) return true;
    }
    if (entry.regexes != kNone && find_in_group(entry.regexes)) return true;
    if (entry.depths != 0 && head_.path.starts_with('/') && find_prefix(host, entry)) return true;
    if (entry.late_regexes != kNone && find_in_group(entry.late_regexes)) return true;
    return find_in_group(entry.root);
  }
  Table::Hit hit() const noexcept { return hit_; }

 private:
  bool find_prefix(std::uint32_t host, const HostEntry& entry) {
    struct Prefix {
      std::uint64_t hash;
      std::size_t bytes;
    } prefixes[kMaxElements + 1];  // written as far as the path and the host's prefixes are deep
    unsigned depth = 0;
    for_each_prefix(host, head_.path, [&](std::uint64_t hash, std::size_t bytes) {
      prefixes[++depth] = {hash, bytes};
      return depth < entry.deepest;
    });
    for (; depth > 0; --depth) {
      if (!(entry.depths >> depth_bit(depth) & 1)) continue;
      const auto [hash, bytes] = prefixes[depth];
      const std::string_view prefix = head_.path.substr(0, bytes);
      if (find_in_group(table_.look_up(hash, host, PathMatch::Kind::prefix, prefix))) return true;
    }
    return false;
  }

  bool find_in_group(std::uint32_t group) {
    if (group == kNone) return false;
    const GroupHead head = table_.head(group);
    for (std::uint32_t i = 0; i < head.choices; ++i) {
      const Choice choice = table_.choice(group, head, i);
      if (!holds(choice)) continue;
      hit_ = {choice.target, choice.match};
      return true;
    }
    return false;
  }

  bool holds(const Choice& choice) {
    if (choice.method == Choice::kGrpcCall) {
      if (!is_grpc(head_)) return false;
    } else if (choice.method != Choice::kAnyMethod &&
               choice.method != static_cast<std::uint8_t>(head_.method)) {
      return false;
    }
    const Condition* condition = table_.conditions.data() + choice.conditions;
    if (choice.path_regex != 0) {
      if (!head_.path.starts_with(table_.text(condition->name, condition->name_size))) return false;
      if (!matches_whole(table_.regex(worker_, condition->value), head_.path)) return false;
      ++condition;
    }
    for (unsigned i = 0; i < choice.headers; ++i, ++condition) {
      const std::string_view name = table_.text(condition->name, condition->name_size);
      if (!meets(*condition, field_value(head_, condition->id, name, text_))) return false;
    }
    for (unsigned i = 0; i < choice.query; ++i, ++condition) {
      const std::string_view name = table_.text(condition->name, condition->name_size);
      if (!meets(*condition, query_value(head_.query, name, text_))) return false;
    }
    return true;
  }

  bool meets(const Condition& condition, std::optional<std::string_view> value) const {
    if (!value) return false;
    if (condition.regex) return matches_whole(table_.regex(worker_, condition.value), *value);
    return *value == table_.text(condition.value, condition.value_size);
  }

  const Table::Compiled& table_;
  const http::RequestHead& head_;
  const unsigned worker_;
  std::string& text_;
  Table::Hit hit_{};
};

}  // namespace

std::uint32_t Table::Compiled::look_up(std::uint64_t hash, std::uint32_t host, PathMatch::Kind kind,
                                       std::string_view wanted) const noexcept {
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t at = hash & (slots.size() - 1);; at = (at + 1) & (slots.size() - 1)) {
    const Slot slot = slots[at];
    if (slot.group == kNone) return kNone;
    if (slot.tag != tag) continue;
    const GroupHead found = head(slot.group);
    if (found.host == host && found.kind == kind && path(slot.group, found) == wanted) return slot.group;
  }
}

const RE2& Table::Compiled::regex(unsigned worker, std::uint32_t number) const {
  // A table asked by more threads than it was compiled for is a bug that would be a data race.
  if (worker >= regexes.size()) std::abort();
  WorkerRegexes& own = regexes[worker];
  if (own.copies == nullptr) own.copies = std::make_unique<std::unique_ptr<const RE2>[]>(patterns.size());
  std::unique_ptr<const RE2>& copy = own.copies[number];
  if (copy == nullptr) copy = std::make_unique<const RE2>(patterns[number], regex_options(regex_memory));
  return *copy;
}

Table::Table() noexcept = default;
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

std::optional<Table::Hit> Table::find(std::string_view host, const http::RequestHead& head,
                                      Scratch& scratch) const {
  if (compiled_ == nullptr) return std::nullopt;
  Finder finder(*compiled_, head, scratch.worker_, scratch.text_);
  if (!compiled_->hosts.visit(host, [&](std::uint32_t number) { return finder.find_in(number); }))
    return std::nullopt;
  return finder.hit();
}

bool Table::empty() const noexcept { return compiled_ == nullptr || compiled_->matches == 0; }

std::size_t Table::memory() const noexcept {
  if (compiled_ == nullptr) return 0;
  const Compiled& c = *compiled_;
  std::size_t bytes = sizeof(Compiled) + c.hosts.memory() + c.entries.capacity() * sizeof(HostEntry) +
                      c.slots.capacity() * sizeof(Slot) + c.groups.capacity() * sizeof(std::uint32_t) +
                      c.conditions.capacity() * sizeof(Condition) + c.texts.capacity() +
                      c.regexes.capacity() * sizeof(WorkerRegexes);
  for (const std::string& pattern : c.patterns) bytes += sizeof(std::string) + pattern.capacity();
  return bytes;
}

}  // namespace turnpike::route
