// Table::compile: matches are gathered by host and path, ordered within, and written out compactly.
#include <algorithm>
#include <bit>
#include <unordered_map>
#include <utility>

#include "route/compiled.h"
#include "route/literal.h"
#include "route/precedence.h"

namespace turnpike::route {
namespace {

constexpr std::size_t kMaxMatches = 1'000'000;
constexpr std::size_t kMaxName = 256;

// The matches of one host and path: a list linked through Compiler::next_.
struct Gathered {
  std::uint64_t hash = 0;
  std::uint32_t host = 0;
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;
  std::uint32_t count = 0;
  PathMatch::Kind kind = PathMatch::Kind::exact;
  std::string_view path;
};

class Compiler {
 public:
  Compiler(std::span<const Match> matches, const CompileOptions& options, Table::Compiled& out)
      : matches_(matches), options_(options), out_(out) {}

  std::expected<void, std::string> run() {
    if (matches_.size() > kMaxMatches) return std::unexpected("there are more than 1,000,000 matches");
    out_.matches = matches_.size();
    out_.regex_memory = options_.regex_memory;
    for (const Match& match : matches_) {
      if (std::string fault = check(match); !fault.empty()) return std::unexpected(place(match) + fault);
    }
    number_hosts();
    gather();
    for (const Gathered& g : gathered_) {
      if (std::string fault = write(g); !fault.empty()) return std::unexpected(std::move(fault));
    }
    fill_slots();
    if (!out_.patterns.empty()) share_regexes();
    out_.groups.shrink_to_fit();
    out_.conditions.shrink_to_fit();
    out_.texts.shrink_to_fit();
    return {};
  }

 private:
  static std::string place(const Match& match) {
    return std::string(match.precedence.route) + ", rule " + std::to_string(match.precedence.rule) +
           ", match " + std::to_string(match.precedence.match) + ": ";
  }
  static std::string check(const Match& match);
  static std::string check(const ValueMatch& condition, std::string_view what);
  void number_hosts();
  void gather();
  Gathered& gathered(std::uint64_t hash, std::uint32_t host, PathMatch::Kind kind, std::string_view path);
  std::string write(const Gathered& g);
  std::string write_choice(std::uint32_t match, std::uint32_t* to);
  std::string write_condition(const ValueMatch& condition, http::FieldId id);
  std::expected<std::uint32_t, std::string> intern_regex(std::string_view pattern);
  void note_prefix(HostEntry& entry, std::string_view path);
  void fill_slots();
  void share_regexes();
  std::uint32_t store(std::string_view text) {
    const auto at = static_cast<std::uint32_t>(out_.texts.size());
    out_.texts += text;
    return at;
  }

  std::span<const Match> matches_;
  const CompileOptions& options_;
  Table::Compiled& out_;
  std::vector<std::uint32_t> hosts_;  // number of each match's host
  std::vector<std::uint32_t> next_;
  std::vector<Gathered> gathered_;
  std::vector<std::uint32_t> index_;  // into gathered_, by hash; a power of two
  std::vector<std::uint32_t> order_;  // of one group
  std::vector<Rank> ranks_;
  std::unordered_map<std::string_view, std::uint32_t> regex_numbers_;
  std::vector<std::unique_ptr<const RE2>> regexes_;
  std::vector<std::uint32_t> group_of_;  // by gathered_
};

std::string Compiler::check(const Match& match) {
  const std::string_view path = match.path.value;
  if (match.path.is_regex()) {
    if (path.size() > kMaxRegex) return "the path's regular expression has more than 4096 bytes";
  } else {
    if (!path.starts_with('/'))
      return "the path '" + std::string(path.substr(0, 100)) + "' does not begin with '/'";
    if (path.size() > kMaxPath) return "the path has more than 1024 bytes";
    if (match.path.kind == PathMatch::Kind::prefix &&
        std::cmp_greater(std::ranges::count(path, '/'), kMaxElements)) {
      return "the path has more than 256 elements";
    }
  }
  if (match.headers.size() > kMaxConditions) return "there are more than 64 header conditions";
  if (match.query.size() > kMaxConditions) return "there are more than 64 query parameter conditions";
  for (const ValueMatch& header : match.headers) {
    if (std::string fault = check(header, "header"); !fault.empty()) return fault;
  }
  for (const ValueMatch& parameter : match.query) {
    if (std::string fault = check(parameter, "query parameter"); !fault.empty()) return fault;
  }
  return {};
}

std::string Compiler::check(const ValueMatch& condition, std::string_view what) {
  if (condition.name.empty()) return "the name of a " + std::string(what) + " condition is empty";
  if (condition.name.size() > kMaxName)
    return "the name of a " + std::string(what) + " has more than 256 bytes";
  if (condition.value.size() > kMaxRegex) {
    return "the value for " + std::string(what) + " '" + std::string(condition.name) +
           "' has more than 4096 bytes";
  }
  return {};
}

void Compiler::number_hosts() {
  // Routes of one host mostly come one after the other: the last one is looked at before the map.
  struct Hash {
    std::size_t operator()(const HostPattern& p) const noexcept {
      return hash_bytes(p.name, static_cast<std::uint64_t>(p.kind));
    }
  };
  std::unordered_map<HostPattern, std::uint32_t, Hash> numbers;
  std::vector<HostPattern> patterns;
  hosts_.reserve(matches_.size());
  for (const Match& match : matches_) {
    if (!hosts_.empty() && patterns[hosts_.back()] == match.host) {
      hosts_.push_back(hosts_.back());
      continue;
    }
    const auto [at, added] = numbers.try_emplace(match.host, static_cast<std::uint32_t>(patterns.size()));
    if (added) patterns.push_back(match.host);
    hosts_.push_back(at->second);
  }
  out_.hosts = HostIndex(patterns);
  out_.entries.resize(patterns.size());
}

// The hash that find() will come with; 0 for groups that a host points to itself.
std::uint64_t hash_of(std::uint32_t host, PathMatch::Kind kind, std::string_view path) {
  if (kind == PathMatch::Kind::exact) return exact_hash(host, path);
  std::uint64_t last = 0;
  if (kind == PathMatch::Kind::prefix) {
    for_each_prefix(host, path, [&](std::uint64_t hash, std::size_t) {
      last = hash;
      return true;
    });
  }
  return last;
}

void Compiler::gather() {
  next_.assign(matches_.size(), kNone);
  gathered_.reserve(matches_.size());
  ranks_.reserve(matches_.size());
  index_.assign(std::bit_ceil(matches_.size() * 2 + 1), kNone);
  for (std::uint32_t i = 0; i < matches_.size(); ++i) {
    const Match& match = matches_[i];
    ranks_.push_back(rank_of(match));
    const PathMatch::Kind kind = match.path.kind;
    // All regular expressions of a host are one group: each has to be tried.
    const std::string_view path = kind == PathMatch::Kind::exact    ? match.path.value
                                  : kind == PathMatch::Kind::prefix ? bare_prefix(match.path.value)
                                                                    : std::string_view{};
    Gathered& g = gathered(hash_of(hosts_[i], kind, path), hosts_[i], kind, path);
    (g.first == kNone ? g.first : next_[g.last]) = i;
    g.last = i;
    ++g.count;
  }
}

Gathered& Compiler::gathered(std::uint64_t hash, std::uint32_t host, PathMatch::Kind kind,
                             std::string_view path) {
  // Groups with the hash 0 are told apart by their host here.
  const std::uint64_t key = hash != 0 ? hash : mix_hash(host, static_cast<std::uint64_t>(kind) + 8);
  for (std::size_t at = key & (index_.size() - 1);; at = (at + 1) & (index_.size() - 1)) {
    if (index_[at] == kNone) {
      index_[at] = static_cast<std::uint32_t>(gathered_.size());
      return gathered_.emplace_back(Gathered{hash, host, kNone, kNone, 0, kind, path});
    }
    Gathered& g = gathered_[index_[at]];
    if (g.hash == hash && g.host == host && g.kind == kind && g.path == path) return g;
  }
}

std::string Compiler::write(const Gathered& g) {
  order_.clear();
  for (std::uint32_t i = g.first; i != kNone; i = next_[i]) order_.push_back(i);
  std::ranges::sort(order_, [&](std::uint32_t a, std::uint32_t b) {
    const Match& one = matches_[a];
    const Match& two = matches_[b];
    if (one.path.is_regex() && path_weight(one.path) != path_weight(two.path)) {
      return path_weight(one.path) > path_weight(two.path);
    }
    if (goes_before(ranks_[a], one.precedence, ranks_[b], two.precedence)) return true;
    return !goes_before(ranks_[b], two.precedence, ranks_[a], one.precedence) && a < b;
  });

  const auto group = static_cast<std::uint32_t>(out_.groups.size());
  const GroupHead head{g.host, g.count, static_cast<std::uint16_t>(g.path.size()), g.kind};
  const std::uint32_t front = Table::Compiled::words(sizeof head + g.path.size());
  out_.groups.resize(group + front + std::size_t{g.count} * sizeof(Choice) / 4);
  std::uint32_t* to = out_.groups.data() + group;
  std::memcpy(to, &head, sizeof head);
  if (!g.path.empty()) std::memcpy(reinterpret_cast<char*>(to) + sizeof head, g.path.data(), g.path.size());
  to += front;
  for (std::uint32_t i : order_) {
    if (std::string fault = write_choice(i, to); !fault.empty()) return place(matches_[i]) + fault;
    to += sizeof(Choice) / 4;
  }

  group_of_.push_back(group);
  HostEntry& entry = out_.entries[g.host];
  if (g.kind == PathMatch::Kind::regex) entry.regexes = group;
  if (g.kind == PathMatch::Kind::late_regex) entry.late_regexes = group;
  if (g.kind == PathMatch::Kind::exact) entry.exact = true;
  if (g.kind == PathMatch::Kind::prefix && g.path.empty()) entry.root = group;
  if (g.kind == PathMatch::Kind::prefix && !g.path.empty()) note_prefix(entry, g.path);
  return {};
}

void Compiler::note_prefix(HostEntry& entry, std::string_view path) {
  const auto depth = static_cast<std::uint16_t>(std::ranges::count(path, '/'));
  entry.depths |= std::uint64_t{1} << depth_bit(depth);
  entry.deepest = std::max(entry.deepest, depth);
}

std::string Compiler::write_choice(std::uint32_t match, std::uint32_t* to) {
  const Match& from = matches_[match];
  Choice choice;
  choice.match = match;
  choice.target = from.target;
  choice.conditions = static_cast<std::uint32_t>(out_.conditions.size());
  if (from.method) choice.method = static_cast<std::uint8_t>(*from.method);
  if (from.grpc) choice.method = Choice::kGrpcCall;
  choice.headers = ranks_[match].headers;
  choice.query = ranks_[match].query;
  std::string fault;
  if (from.path.is_regex()) {
    choice.path_regex = 1;
    fault = write_condition({literal_prefix(from.path.value), ValueMatch::Kind::regex, from.path.value},
                            http::FieldId::unknown);
  }
  for_each_header(from, [&](const ValueMatch& header) {
    if (fault.empty()) fault = write_condition(header, http::field_id(header.name));
  });
  for_each_parameter(from, [&](const ValueMatch& parameter) {
    if (fault.empty()) fault = write_condition(parameter, http::FieldId::unknown);
  });
  std::memcpy(to, &choice, sizeof choice);
  return fault;
}

std::string Compiler::write_condition(const ValueMatch& condition, http::FieldId id) {
  Condition out;
  out.name = store(condition.name);
  out.name_size = static_cast<std::uint16_t>(condition.name.size());
  out.id = id;
  if (condition.kind == ValueMatch::Kind::regex) {
    const auto number = intern_regex(condition.value);
    if (!number) return number.error();
    out.regex = true;
    out.value = *number;
  } else {
    out.value = store(condition.value);
    out.value_size = static_cast<std::uint16_t>(condition.value.size());
  }
  out_.conditions.push_back(out);
  return {};
}

std::expected<std::uint32_t, std::string> Compiler::intern_regex(std::string_view pattern) {
  const auto [at, added] = regex_numbers_.try_emplace(pattern, static_cast<std::uint32_t>(regexes_.size()));
  if (!added) return at->second;
  auto regex = std::make_unique<const RE2>(re2::StringPiece(pattern.data(), pattern.size()),
                                           regex_options(options_.regex_memory));
  if (!regex->ok()) {
    return std::unexpected("the regular expression '" + std::string(pattern.substr(0, 200)) +
                           "' is refused: " + regex->error());
  }
  regexes_.push_back(std::move(regex));
  out_.patterns.emplace_back(pattern);
  return at->second;
}

void Compiler::fill_slots() {
  out_.slots.resize(std::bit_ceil(gathered_.size() * 3 / 2 + 1));
  const std::size_t mask = out_.slots.size() - 1;
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    const Gathered& g = gathered_[i];
    // Those that a host points to itself.
    if (g.kind != PathMatch::Kind::exact && g.path.empty()) continue;
    std::size_t at = g.hash & mask;
    while (out_.slots[at].group != kNone) at = (at + 1) & mask;
    out_.slots[at] = {static_cast<std::uint32_t>(g.hash >> 32), group_of_[i]};
  }
}

// What was compiled to check it serves the first worker.
void Compiler::share_regexes() {
  out_.regexes.resize(std::max(options_.workers, 1U));
  auto& first = out_.regexes[0].copies;
  first = std::make_unique<std::unique_ptr<const RE2>[]>(regexes_.size());
  std::ranges::move(regexes_, first.get());
}

}  // namespace

std::expected<Table, std::string> Table::compile(std::span<const Match> matches,
                                                 const CompileOptions& options) {
  auto compiled = std::make_unique<Compiled>();
  if (auto done = Compiler(matches, options, *compiled).run(); !done)
    return std::unexpected(std::move(done.error()));
  Table table;
  table.compiled_ = std::move(compiled);
  return table;
}

}  // namespace turnpike::route
