#include "rates.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "proto.h"

namespace turnpike::demo {
namespace {

using namespace std::chrono_literals;
using http::grpc::Status;

struct Currency {
  std::string_view name;
  std::uint64_t millionths;  // of a euro
};
constexpr std::array<Currency, 4> kCurrencies{
    {{"EUR", 1'000'000}, {"USD", 920'000}, {"GBP", 1'170'000}, {"CHF", 1'040'000}}};

constexpr std::uint64_t kMostCents = 1'000'000'000'000;  // no product overflows below

// How many millionths of `to` one of `from` is worth.
std::optional<std::uint64_t> rate(std::string_view from, std::string_view to) {
  const Currency* source = nullptr;
  const Currency* target = nullptr;
  for (const Currency& currency : kCurrencies) {
    if (currency.name == from) source = &currency;
    if (currency.name == to) target = &currency;
  }
  if (source == nullptr || target == nullptr) return std::nullopt;
  return source->millionths * 1'000'000 / target->millionths;
}

class Rates final : public GrpcRole {
 public:
  io::Task<Status> call(std::string_view path, std::string_view message, Reply& reply) override {
    if (path == "/campus.Rates/Convert") co_return co_await convert(message, reply);
    if (path == "/campus.Rates/Watch") co_return co_await watch(message, reply);
    co_return Status::unimplemented;
  }

 private:
  static io::Task<Status> convert(std::string_view message, Reply& reply) {
    std::uint64_t cents = 0;
    std::string_view from;
    std::string_view to;
    bool broken = false;
    while (const auto field = take_field(message, broken)) {
      if (field->number == 1) cents = field->value;
      if (field->number == 2) from = field->text;
      if (field->number == 3) to = field->text;
    }
    if (broken || cents > kMostCents) co_return Status::invalid_argument;
    const auto millionths = rate(from, to);
    if (!millionths) co_return Status::not_found;
    std::string money;
    put_number(money, 1, (cents * *millionths + 500'000) / 1'000'000);
    put_text(money, 2, to);
    co_await reply.send(std::move(money));
    co_return Status::ok;
  }

  static io::Task<Status> watch(std::string_view message, Reply& reply) {
    std::string_view from;
    std::string_view to;
    bool broken = false;
    while (const auto field = take_field(message, broken)) {
      if (field->number == 1) from = field->text;
      if (field->number == 2) to = field->text;
    }
    const auto millionths = broken ? std::nullopt : rate(from, to);
    if (!millionths) co_return Status::not_found;
    // Up and down a little, so that there is something to see.
    for (std::uint64_t second = 0; !reply.gone(); ++second) {
      std::string out;
      put_number(out, 1, *millionths + (second * 7919) % 2000);
      if (!co_await reply.send(std::move(out))) break;
      co_await reply.loop().sleep_until(reply.loop().now() + 1s);
    }
    co_return Status::cancelled;
  }
};

}  // namespace

std::unique_ptr<GrpcRole> make_rates() { return std::make_unique<Rates>(); }

}  // namespace turnpike::demo
