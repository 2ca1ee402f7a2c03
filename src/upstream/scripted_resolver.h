// For tests only: answers as the test says, when it says so.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "upstream/resolver.h"

namespace turnpike::upstream {

class ScriptedResolver final : public Resolver {
 public:
  Id resolve(const std::string& name, DnsKind kind, Done done) override {
    queries[next_] = {name, kind, std::move(done)};
    asked.push_back(name);
    return next_++;
  }
  void cancel(Id id) noexcept override { queries.erase(id); }

  // Answers the oldest query for the name; false if there is none.
  bool answer(const std::string& name, const DnsAnswer& answer) {
    for (auto& [id, query] : queries) {
      if (query.name != name) continue;
      const Done done = std::move(query.done);
      queries.erase(id);
      done(answer);
      return true;
    }
    return false;
  }
  static DnsAnswer ok(std::initializer_list<const char*> addresses, Duration ttl) {
    DnsAnswer answer{.status = DnsAnswer::Status::ok, .records = {}, .ttl = ttl};
    for (const char* const address : addresses)
      answer.records.push_back({*io::Address::from_ip(address, 0), 1});
    return answer;
  }
  static DnsAnswer not_found() {
    return {.status = DnsAnswer::Status::not_found, .records = {}, .detail = "no such name"};
  }
  static DnsAnswer failed() { return {.records = {}, .detail = "no answer"}; }

  struct Query {
    std::string name;
    DnsKind kind;
    Done done;
  };
  std::map<Id, Query> queries;
  std::vector<std::string> asked;

 private:
  Id next_ = 1;
};

}  // namespace turnpike::upstream
