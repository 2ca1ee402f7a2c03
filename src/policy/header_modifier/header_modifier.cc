#include "policy/header_modifier/header_modifier.h"

#include "base/strings.h"
#include "policy/text.h"

namespace turnpike::policy {
namespace {

using Config = HeaderModifierConfig;

// What is wrong with one entry; empty if nothing is.
std::string problem_of(Config::Side side, std::string_view list, std::string_view name,
                       std::string_view value) {
  if (!is_token(name)) return text_of("'", name, "' is not the name of a header");
  if (!is_field_value(value))
    return text_of("the value of '", name, "' has control bytes or white space at its ends");
  const http::FieldId id = http::field_id(name);
  if (is_managed_field(id)) return text_of("'", name, "' is managed by the proxy and cannot be modified");
  if (id == http::FieldId::host) {
    if (side == Config::Side::response) return "a response has no Host";
    if (list != "set") return "Host can be set only: a request has exactly one";
    if (value.empty()) return "Host cannot be empty";
  }
  return {};
}

}  // namespace

std::expected<std::unique_ptr<const Policy>, std::string> HeaderModifier::make(HeaderModifierConfig config) {
  std::vector<std::string_view> seen;  // at most 48: Gateway API allows 16 in each list
  std::string problem;
  const auto check = [&](std::string_view list, std::string_view name, std::string_view value) {
    problem = problem_of(config.side, list, name, value);
    for (const std::string_view other : seen) {
      if (problem.empty() && equals_ignoring_case(other, name))
        problem = text_of("'", name, "' is modified twice");
    }
    seen.push_back(name);
    return problem.empty();
  };
  seen.reserve(config.set.size() + config.add.size() + config.remove.size());
  for (const auto& header : config.set) {
    if (!check("set", header.name, header.value)) return std::unexpected(problem);
  }
  for (const auto& header : config.add) {
    if (!check("add", header.name, header.value)) return std::unexpected(problem);
  }
  for (const auto& name : config.remove) {
    if (!check("remove", name, {})) return std::unexpected(problem);
  }
  return std::unique_ptr<const Policy>(new HeaderModifier(std::move(config)));
}

HeaderModifier::HeaderModifier(HeaderModifierConfig config) : config_(std::move(config)) {
  using Verb = Line::Verb;
  lines_.reserve(config_.set.size() + config_.add.size() + config_.remove.size());
  for (const auto& header : config_.set) {
    const http::FieldId id = http::field_id(header.name);
    if (id == http::FieldId::host) {
      host_ = header.value;
    } else {
      lines_.push_back({header.name, header.value, id, Verb::set});
    }
  }
  for (const auto& header : config_.add)
    lines_.push_back({header.name, header.value, http::field_id(header.name), Verb::add});
  for (const auto& name : config_.remove) lines_.push_back({name, {}, http::field_id(name), Verb::remove});
}

std::string_view HeaderModifier::name() const noexcept {
  return config_.side == Config::Side::request ? "RequestHeaderModifier" : "ResponseHeaderModifier";
}

std::string HeaderModifier::describe() const {
  std::string out;
  const auto say = [&](std::string_view verb, std::string_view header, std::string_view value) {
    if (!out.empty()) out += "; ";
    out += verb;
    out += header;
    if (!value.empty()) out += text_of(": ", value);
  };
  for (const auto& header : config_.set) say("set ", header.name, header.value);
  for (const auto& header : config_.add) say("add ", header.name, header.value);
  for (const auto& header : config_.remove) say("remove ", header, {});
  return out.empty() ? "nothing" : out;
}

void HeaderModifier::modify(Arena& arena, http::Fields& fields) const {
  for (const Line& line : lines_) {
    switch (line.verb) {
      case Line::Verb::set:
        fields.set(arena, line.name, line.value);
        break;
      case Line::Verb::add:
        fields.add(arena, http::Field{line.name, line.value, line.id});
        break;
      case Line::Verb::remove:
        if (line.id == http::FieldId::unknown) {
          fields.remove(line.name);
        } else {
          fields.remove(line.id);
        }
    }
  }
}

Verdict HeaderModifier::on_request(Exchange& exchange) const {
  modify(exchange.arena, exchange.request.fields);
  if (!host_.empty()) exchange.rewritten_host = host_;
  return Verdict::next;
}

void HeaderModifier::on_response(Exchange& exchange) const {
  modify(exchange.arena, exchange.response->fields);
}

}  // namespace turnpike::policy
