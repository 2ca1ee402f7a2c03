#include "roles.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "base/strings.h"
#include "client.h"
#include "form.h"

namespace turnpike::demo {

namespace {

Response json(std::string body) { return {200, std::move(body) + "\n"}; }
Response error(unsigned status, std::string_view text) {
  return {status, join("{\"error\":\"", text, "\"}\n")};
}
Response not_found() { return error(404, "there is no such thing here"); }
Response not_allowed() { return error(405, "this method is not for this path"); }

// Parameters come in the query or in the body.
std::string_view parameter(const Request& request, std::string_view name) {
  const std::string_view value = form_value(request.query, name);
  return value.empty() ? form_value(request.body, name) : value;
}

// Names end up in JSON: letters, digits and dashes only.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 32) return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

struct Item {
  std::string_view name;
  unsigned cents;
};
constexpr std::array<Item, 4> kItems{
    {{"tea", 450}, {"coffee", 520}, {"mug", 1250}, {"turnpike-ticket", 100}}};

class Shop final : public Role {
 public:
  io::Task<Response> answer(const Request& request) override {
    if (request.method != "GET" && request.method != "HEAD") co_return not_allowed();
    if (request.path == "/shop/items") {
      std::string list = "[";
      for (const Item& item : kItems) list += (list.size() > 1 ? "," : "") + text(item);
      co_return json("{\"items\":" + list + "]}");
    }
    for (const Item& item : kItems) {
      if (request.path == "/shop/items/" + std::string(item.name)) co_return json(text(item));
    }
    co_return not_found();
  }

 private:
  static std::string text(const Item& item) {
    return join("{\"name\":\"", item.name, "\",\"cents\":", item.cents, "}");
  }
};

class Users final : public Role {
 public:
  io::Task<Response> answer(const Request& request) override {
    if (request.method != "GET" && request.method != "HEAD") co_return not_allowed();
    if (request.path == "/users") co_return json("{\"users\":[\"alice\",\"bob\",\"carol\"]}");
    for (const std::string_view name : {"alice", "bob", "carol"}) {
      if (request.path == "/users/" + std::string(name)) {
        co_return json(join("{\"name\":\"", name, "\",\"account\":\"", name, "\"}"));
      }
    }
    co_return not_found();
  }
};

class Ledger final : public Role {
 public:
  io::Task<Response> answer(const Request& request) override {
    const std::string account(parameter(request, "account"));
    if (request.path == "/ledger/balance") {
      const auto found = balances_.find(account.empty() ? "alice" : account);
      if (found == balances_.end()) co_return error(404, "there is no such account");
      co_return json(balance(found->first, found->second));
    }
    if (request.path != "/ledger/entries") co_return not_found();
    if (request.method != "POST") co_return not_allowed();
    const auto found = balances_.find(account);
    const auto cents = parse_decimal<std::uint32_t>(parameter(request, "cents"));
    if (found == balances_.end() || !cents) co_return error(400, "an entry has an account and cents");
    if (found->second < *cents) co_return error(409, "the account has too little");
    found->second -= *cents;
    co_return json(balance(found->first, found->second));
  }

 private:
  static std::string balance(std::string_view account, std::uint64_t cents) {
    return join("{\"account\":\"", account, "\",\"cents\":", cents, "}");
  }
  std::map<std::string, std::uint64_t, std::less<>> balances_{
      {"alice", 1'000'000}, {"bob", 50'000}, {"carol", 120}};
};

class Payments final : public Role {
 public:
  Payments(io::Loop& loop, std::optional<io::Address> gateway) : loop_(loop), gateway_(gateway) {}

  io::Task<Response> answer(const Request& request) override {
    if (request.path != "/payments") co_return not_found();
    if (request.method == "GET" || request.method == "HEAD") co_return list();
    if (request.method != "POST") co_return not_allowed();
    const std::string account(parameter(request, "account"));
    const auto cents = parse_decimal<std::uint32_t>(parameter(request, "cents"));
    if (!is_name(account) || !cents || *cents == 0) co_return error(400, "send account=alice&cents=1250");
    if (gateway_) {
      const Call entry{"POST", "ledger.campus", "/ledger/entries",
                       join("account=", account, "&cents=", *cents)};
      const auto booked = co_await call(loop_, *gateway_, entry, request);
      if (!booked) co_return error(502, "the ledger does not answer");
      if (booked->status != 200) co_return Response{booked->status, booked->body};
    }
    co_return record(account, *cents);
  }
  Feed* feed(std::string_view path) override { return path == "/payments/feed" ? &feed_ : nullptr; }

 private:
  static constexpr std::size_t kRemembered = 20;

  Response record(const std::string& account, std::uint32_t cents) {
    recent_.push_front(join("{\"id\":", ++last_, ",\"account\":\"", account, "\",\"cents\":", cents, "}"));
    if (recent_.size() > kRemembered) recent_.pop_back();
    feed_.publish(recent_.front());
    return {201, recent_.front() + "\n"};
  }
  Response list() const {
    std::string out = "{\"payments\":[";
    for (const std::string& one : recent_) out += (out.back() == '[' ? "" : ",") + one;
    return json(out + "]}");
  }

  io::Loop& loop_;
  std::optional<io::Address> gateway_;
  std::deque<std::string> recent_;
  Feed feed_;  // GET /payments/feed with Upgrade: websocket
  unsigned last_ = 0;
};

}  // namespace

std::unique_ptr<Role> make_role(std::string_view name, io::Loop& loop, std::optional<io::Address> gateway) {
  if (name == "shop") return std::make_unique<Shop>();
  if (name == "users") return std::make_unique<Users>();
  if (name == "ledger") return std::make_unique<Ledger>();
  if (name == "payments") return std::make_unique<Payments>(loop, gateway);
  return nullptr;
}

}  // namespace turnpike::demo
