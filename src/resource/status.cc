#include "resource/status.h"

#include "base/time_text.h"
#include "base/utf8.h"
#include "resource/gateway_api.h"
#include "resource/say.h"

namespace turnpike::resource {

void set_condition(std::vector<Condition>& conditions, Condition condition) {
  for (Condition& existing : conditions) {
    if (existing.type == condition.type) {
      existing = std::move(condition);
      return;
    }
  }
  conditions.push_back(std::move(condition));
}

std::string_view name_of(ConditionStatus status) noexcept {
  switch (status) {
    case ConditionStatus::true_:
      return "True";
    case ConditionStatus::false_:
      return "False";
    case ConditionStatus::unknown:
      break;
  }
  return "Unknown";
}

const Condition* find_condition(std::span<const Condition> conditions, std::string_view type) noexcept {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

namespace {

void write_conditions(JsonWriter& json, std::span<const Condition> conditions) {
  json.key("conditions").begin_array();
  for (const Condition& condition : conditions) {
    json.begin_object().key("type").value(condition.type).key("status").value(name_of(condition.status));
    json.key("reason").value(condition.reason).key("message").value(condition.message);
    json.key("observedGeneration").value(condition.observed_generation);
    if (condition.last_transition) json.key("lastTransitionTime").value(utc_text(*condition.last_transition));
    json.end_object();
  }
  json.end_array();
}

void write_reference(JsonWriter& json, const ParentReference& reference) {
  json.begin_object().key("group").value(reference.group).key("kind").value(reference.kind);
  if (reference.namespace_) json.key("namespace").value(*reference.namespace_);
  json.key("name").value(reference.name);
  if (reference.section_name) json.key("sectionName").value(**reference.section_name);
  if (reference.port) json.key("port").value(**reference.port);
  json.end_object();
}

void write_listener(JsonWriter& json, const ListenerStatus& listener) {
  json.begin_object().key("name").value(listener.name).key("attachedRoutes").value(listener.attached_routes);
  json.key("supportedKinds").begin_array();
  for (const Kind kind : listener.supported_kinds) {
    json.begin_object().key("group").value(group_of(kind)).key("kind").value(name_of(kind)).end_object();
  }
  json.end_array();
  write_conditions(json, listener.conditions);
  json.end_object();
}

bool is_route(Kind kind) { return kind >= Kind::http_route && kind <= Kind::udp_route; }

}  // namespace

void write_json(JsonWriter& json, const ResourceStatus& status) {
  json.begin_object().key("group").value(group_of(status.kind)).key("kind").value(name_of(status.kind));
  if (!status.namespace_.empty()) json.key("namespace").value(status.namespace_);
  json.key("name").value(status.name).key("position").value(status.position.text());
  json.key("status").begin_object();
  if (!status.conditions.empty()) write_conditions(json, status.conditions);
  if (!status.addresses.empty()) {
    json.key("addresses").begin_array();
    for (const std::string& address : status.addresses)
      json.begin_object().key("type").value("IPAddress").key("value").value(address).end_object();
    json.end_array();
  }
  if (!status.listeners.empty()) {
    json.key("listeners").begin_array();
    for (const ListenerStatus& listener : status.listeners) write_listener(json, listener);
    json.end_array();
  }
  if (status.kind == Kind::gateway) json.key("attachedListenerSets").value(status.attached_listener_sets);
  if (is_route(status.kind)) {
    json.key("parents").begin_array();
    for (const RouteParentStatus& parent : status.parents) {
      json.begin_object().key("parentRef");
      write_reference(json, parent.parent_ref);
      json.key("controllerName").value(kControllerName);
      write_conditions(json, parent.conditions);
      json.end_object();
    }
    json.end_array();
  }
  if (!status.ancestors.empty()) {
    json.key("ancestors").begin_array();
    for (const PolicyAncestorStatus& ancestor : status.ancestors) {
      json.begin_object().key("ancestorRef");
      write_reference(json, ancestor.ancestor_ref);
      json.key("controllerName").value(kControllerName);
      write_conditions(json, ancestor.conditions);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object().end_object();
}

void write_json(JsonWriter& json, const Diagnostic& diagnostic) {
  json.begin_object().key("severity").value(diagnostic.severity == Severity::error ? "error" : "warning");
  json.key("file").value(diagnostic.position.file ? *diagnostic.position.file : std::string());
  if (diagnostic.position.line != 0)
    json.key("line").value(diagnostic.position.line).key("column").value(diagnostic.position.column);
  json.key("message").value(diagnostic.message);
  if (!diagnostic.hint.empty()) json.key("hint").value(diagnostic.hint);
  if (!diagnostic.resource.empty()) json.key("resource").value(diagnostic.resource);
  json.end_object();
}

namespace {

// Conflicted and the like are well when they are false.
bool is_well(const Condition& condition) {
  const bool negative = condition.type == "Conflicted" || condition.type == "PartiallyInvalid" ||
                        condition.type == "OverlappingTLSConfig";
  return condition.status == (negative ? ConditionStatus::false_ : ConditionStatus::true_);
}

void append_conditions(std::string& out, std::span<const Condition> conditions, std::string_view margin) {
  std::string well;
  for (const Condition& condition : conditions) {
    if (is_well(condition) && condition.status == ConditionStatus::true_) {
      well += (well.empty() ? "" : ", ") + condition.type;
    }
  }
  out += well.empty() ? "\n" : ": " + well + "\n";
  for (const Condition& condition : conditions) {
    if (is_well(condition)) continue;
    out += say("{}  {}: {} ({})", margin, condition.type, name_of(condition.status), condition.reason);
    out += condition.message.empty() ? "\n" : " " + printable(condition.message) + "\n";
  }
}

std::string describe(const ParentReference& reference) {
  std::string out =
      say("{} {}{}{}", reference.kind, reference.namespace_ ? *reference.namespace_ : std::string(),
          reference.namespace_ ? "/" : "", reference.name);
  if (reference.section_name) out += say(" listener {}", **reference.section_name);
  if (reference.port) out += say(" port {}", **reference.port);
  return printable(out);
}

}  // namespace

std::string to_text(std::span<const ResourceStatus> statuses) {
  std::string out;
  for (const ResourceStatus& status : statuses) {
    const bool scoped = !status.namespace_.empty();
    out += say("{} {}{}{} ({})", name_of(status.kind), status.namespace_, scoped ? "/" : "", status.name,
               printable(status.position.text()));
    append_conditions(out, status.conditions, "");
    for (const ListenerStatus& listener : status.listeners) {
      out += say("  listener {}, {} {}", listener.name, listener.attached_routes,
                 listener.attached_routes == 1 ? "route" : "routes");
      append_conditions(out, listener.conditions, "  ");
    }
    for (const RouteParentStatus& parent : status.parents) {
      out += "  at " + describe(parent.parent_ref);
      append_conditions(out, parent.conditions, "  ");
    }
    for (const PolicyAncestorStatus& ancestor : status.ancestors) {
      out += "  for " + describe(ancestor.ancestor_ref);
      append_conditions(out, ancestor.conditions, "  ");
    }
  }
  return out;
}

}  // namespace turnpike::resource
