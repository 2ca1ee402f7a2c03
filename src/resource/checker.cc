#include "resource/decode.h"
#include "resource/say.h"

namespace turnpike::resource {

void Reporter::report(Severity severity, Mark mark, std::string message, std::string hint) {
  if (decoded_.findings.size() >= options_.max_findings) {
    ++left_out_;
    return;
  }
  decoded_.findings.push_back({severity, mark, std::move(message), std::move(hint), resource_});
}

void Reporter::finish() {
  if (left_out_ == 0) return;
  decoded_.findings.push_back({Severity::error,
                               {0, 1},
                               say("{} further problems in this document are not shown", left_out_),
                               {},
                               {}});
  left_out_ = 0;
}

bool Checker::has(std::string_view field) const noexcept {
  const Node* node = find(field);
  return node != nullptr && node->type != Node::Type::null;
}

const Node* Checker::find(std::string_view path) const noexcept {
  const Node* node = &node_;
  while (node != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    node = node->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return node;
}

void Checker::error(std::string_view field, std::string message, std::string hint) {
  const Node* node = find(field);
  reporter_.report(Severity::error, (node != nullptr ? node : &node_)->mark, std::move(message),
                   std::move(hint));
}

void Checker::warning(std::string_view field, std::string message, std::string hint) {
  const Node* node = find(field);
  reporter_.report(Severity::warning, (node != nullptr ? node : &node_)->mark, std::move(message),
                   std::move(hint));
}

void Checker::error_in(std::string_view field, std::size_t index, std::string_view inner, std::string message,
                       std::string hint) {
  const Node* list = find(field);
  const Node* element = list == nullptr ? nullptr : list->first;
  for (std::size_t i = 0; i < index && element != nullptr; ++i) element = element->next;
  if (element == nullptr) return error(field, std::move(message), std::move(hint));
  Checker(*element, reporter_).error(inner, std::move(message), std::move(hint));
}

void Checker::check_expression(std::string_view field, std::string_view expression) {
  const auto& check = reporter_.options().check_expression;
  if (!check) return;
  std::string wrong = check(expression);
  if (!wrong.empty()) error(field, say("'{}' is not a regular expression: {}", excerpt(expression), wrong));
}

void Checker::exactly_one_of(std::span<const std::string_view> fields, bool may_be_none) {
  std::string_view given;
  std::string all;
  for (const std::string_view field : fields) {
    all += (all.empty() ? "'" : ", '") + std::string(field) + "'";
    if (!has(field)) continue;
    if (!given.empty()) return error(field, say("'{}' and '{}' exclude each other", given, field));
    given = field;
  }
  if (given.empty() && !may_be_none) error("", say("one of {} is required", all));
}

}  // namespace turnpike::resource
