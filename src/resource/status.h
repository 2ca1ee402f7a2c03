// Gateway API status: what became of each resource, for `turnpike check` and for GET /status.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "resource/diagnostic.h"
#include "resource/meta.h"

namespace turnpike::resource {

enum class ConditionStatus : std::uint8_t { true_, false_, unknown };

// metav1.Condition.
struct Condition {
  std::string type;  // "Accepted", "ResolvedRefs", "Programmed", "Conflicted" ...
  ConditionStatus status = ConditionStatus::unknown;
  std::string reason;  // CamelCase of Gateway API
  std::string message;
  std::int64_t observed_generation = 0;
  // When `status` became what it is; absent where nobody watched, such as in `turnpike check`.
  std::optional<std::chrono::system_clock::time_point> last_transition = std::nullopt;
};

// Sets or replaces the condition of that type.
void set_condition(std::vector<Condition>& conditions, Condition condition);

struct RouteParentStatus {
  ParentReference parent_ref;
  std::vector<Condition> conditions;  // Accepted, ResolvedRefs, (PartiallyInvalid)
};

struct ListenerStatus {
  std::string name;
  std::uint32_t attached_routes = 0;
  std::vector<Kind> supported_kinds;
  std::vector<Condition> conditions;  // Accepted, ResolvedRefs, Programmed, Conflicted
};

struct PolicyAncestorStatus {
  ParentReference ancestor_ref;
  std::vector<Condition> conditions;
};

// The status of one resource; parts that its kind does not have stay empty.
struct ResourceStatus {
  Kind kind{};
  std::string namespace_;
  std::string name;
  Position position;
  std::vector<Condition> conditions;            // GatewayClass, Gateway, ListenerSet
  std::vector<std::string> addresses;           // Gateway: IP addresses
  std::vector<ListenerStatus> listeners;        // Gateway, ListenerSet
  std::uint32_t attached_listener_sets = 0;     // Gateway
  std::vector<RouteParentStatus> parents;       // routes
  std::vector<PolicyAncestorStatus> ancestors;  // policies
};

// "True", "False" or "Unknown".
std::string_view name_of(ConditionStatus status) noexcept;
// The condition of that type, or null.
const Condition* find_condition(std::span<const Condition> conditions, std::string_view type) noexcept;

// One object per resource, shaped as in Kubernetes: {kind, namespace, name, position, status: {...}}.
void write_json(JsonWriter& json, const ResourceStatus& status);
void write_json(JsonWriter& json, const Diagnostic& diagnostic);

// For people: a line per resource, below it what its parents and listeners say. Conditions that are as one
// would wish stand on one line, those that are not have their reason and message.
std::string to_text(std::span<const ResourceStatus> statuses);

}  // namespace turnpike::resource
