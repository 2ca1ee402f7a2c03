// Compiled routing: which match of which rule a request belongs to, by the precedence of Gateway API v1.6's
// HTTPRoute. The cost does not grow with the number of routes (route/README.md tells how).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "route/host.h"
#include "route/match.h"

namespace turnpike::route {

// What a worker keeps for its look-ups, whatever the table: one per worker, made once.
class Scratch {
 public:
  // `worker` is below the number of workers that the tables were compiled for.
  explicit Scratch(unsigned worker = 0) noexcept : worker_(worker) {}

 private:
  friend class Table;
  unsigned worker_;
  std::string text_;  // joined fields and decoded parameters for regular expressions
};

struct CompileOptions {
  unsigned workers = 1;  // how many threads will call find(), each with its own Scratch
  std::size_t regex_memory = std::size_t{1} << 20;  // bytes that one regular expression may use in one worker
};

// Immutable and shared by all workers. Regular expressions are compiled anew for each worker when it first
// meets them (RE2 objects shared by threads contend); a table without any costs nothing per worker. No
// look-up allocates, except for that first meeting.
class Table {
 public:
  struct Hit {
    std::uint32_t target;       // Match::target
    std::uint32_t match_index;  // in what compile() was given
  };

  Table() noexcept;  // matches nothing
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;
  ~Table();

  // The error names the match by its route ("namespace/name, rule 2, match 1: …") and says what is wrong with
  // it: a regular expression that RE2 refuses or that needs too much memory, a text that is too long, an
  // empty name.
  static std::expected<Table, std::string> compile(std::span<const Match> matches,
                                                   const CompileOptions& options = {});

  // `host` is lower-case without a port (http::parse_authority), empty if there is none. Of the head the
  // method, the path (normalised), the query and the fields are read. Thread-safe as long as each thread has
  // its own Scratch.
  std::optional<Hit> find(std::string_view host, const http::RequestHead& head, Scratch& scratch) const;

  bool empty() const noexcept;
  // Bytes that the table holds, without what regular expressions take in the workers.
  std::size_t memory() const noexcept;

  struct Compiled;  // route/compiled.h, for this folder

 private:
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace turnpike::route
