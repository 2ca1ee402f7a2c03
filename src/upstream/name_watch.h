// Keeps a DNS name resolved.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "io/loop.h"
#include "upstream/resolver.h"
#include "upstream/status.h"

namespace turnpike::upstream {

class Registry;

struct NameKey {
  std::string name;
  DnsKind kind = DnsKind::address;
  Duration shortest_ttl{};
  Duration longest_ttl{};
  auto operator<=>(const NameKey&) const = default;
};

// Asks again when the answer's TTL has passed (within the bounds, up to a tenth later). After a failure the
// last good answer stays, and it asks at growing intervals. An answer that there is no such name, or no
// address, is believed when it has come three times in a row: then the records are gone.
class NameWatch final : private io::Timer {
 public:
  class Listener {
   public:
    virtual void on_name_changed() = 0;

   protected:
    ~Listener() = default;
  };

  NameWatch(Registry& registry, NameKey key);
  ~NameWatch() override;

  // Listeners are told when records() or answered() has changed. Each once.
  void add(Listener& listener) { listeners_.push_back(&listener); }
  void remove(Listener& listener) noexcept { std::erase(listeners_, &listener); }

  const NameKey& key() const noexcept { return key_; }
  // Sorted, without repetitions; at most kMostRecords.
  const std::vector<DnsRecord>& records() const noexcept { return records_; }
  // The first query has ended, well or not.
  bool answered() const noexcept { return answered_; }
  NameStatus status() const;

  static constexpr std::size_t kMostRecords = 1024;

 private:
  void on_timer() override { ask(); }
  void ask();
  void on_answer(const DnsAnswer& answer);
  bool take(const DnsAnswer& answer);
  Duration pause_after_failure() noexcept;

  Registry& registry_;
  const NameKey key_;
  std::vector<Listener*> listeners_;
  std::vector<DnsRecord> records_;
  Resolver::Id query_ = 0;
  std::uint64_t queries_ = 0;
  std::uint64_t failures_ = 0;
  unsigned failures_in_a_row_ = 0;  // of both kinds
  unsigned not_found_in_a_row_ = 0;
  bool answered_ = false;
};

// The names in use: clusters with the same name and bounds share one watch.
class NameTable {
 public:
  explicit NameTable(Registry& registry) : registry_(registry) {}
  std::shared_ptr<NameWatch> watch(const NameKey& key);
  // At most so many queries run at once: DNS servers drop what comes in bursts. The others come a little
  // later.
  static constexpr unsigned kMostQueries = 200;
  unsigned queries_running = 0;

 private:
  Registry& registry_;
  std::map<NameKey, std::weak_ptr<NameWatch>> watches_;
};

}  // namespace turnpike::upstream
