// What every resource has: where it was written, its name, its kind, and the references it makes to others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "resource/box.h"

namespace turnpike::resource {

// A place within one YAML document. `line` counts from 0 at the document's first line and `column` from 1, so
// that a decoded resource stays true when lines are added above it; column 0 means that the field was not
// written.
struct Mark {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool written() const noexcept { return column != 0; }
  bool operator==(const Mark&) const = default;
};

// A place in a file as people count: line and column from 1. Prints as `file:line:column`, or as `file` where
// the line is 0: then the file itself is meant.
struct Position {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  std::string text() const;
  bool operator==(const Position& other) const noexcept;
};

// Where a document begins: turns the marks of its resource into positions.
struct Origin {
  std::shared_ptr<const std::string> file;
  std::uint32_t first_line = 1;

  Position at(Mark mark) const { return {file, first_line + mark.line, mark.column == 0 ? 1 : mark.column}; }
};

// A value together with where it was written, for texts that are judged only later: hostnames, names,
// expressions.
template <class T>
struct Marked {
  T value{};
  Mark mark{};

  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
  operator const T&() const noexcept { return value; }  // NOLINT: reads as the value
};

// A map of texts in the order of the file. Small, thus searched from front to back.
class StringMap {
 public:
  using Entry = std::pair<std::string, std::string>;

  // Null when the key is missing.
  const std::string* find(std::string_view key) const noexcept {
    for (const Entry& entry : entries_) {
      if (entry.first == key) return &entry.second;
    }
    return nullptr;
  }
  // Sets or replaces.
  std::string& operator[](std::string_view key);
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

// The kinds that Turnpike reads.
enum class Kind : std::uint8_t {
  gateway_class,
  gateway,
  listener_set,
  http_route,
  grpc_route,
  tls_route,
  tcp_route,
  udp_route,
  reference_grant,
  backend_tls_policy,
  service,
  endpoint_slice,
  secret,
  config_map,
  namespace_,
  backend,
  traffic_policy,
  listener_policy,
  telemetry_policy,
};
inline constexpr std::size_t kKindCount = 19;

inline constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";
inline constexpr std::string_view kCoreGroup = "";
inline constexpr std::string_view kDiscoveryGroup = "discovery.k8s.io";
inline constexpr std::string_view kTurnpikeGroup = "turnpike.dev";

// "HTTPRoute" for Kind::http_route.
std::string_view name_of(Kind kind) noexcept;
// "gateway.networking.k8s.io" for Kind::http_route, "" for core kinds such as Service.
std::string_view group_of(Kind kind) noexcept;
// The kind with this group and name, if Turnpike reads it.
std::optional<Kind> find_kind(std::string_view group, std::string_view name) noexcept;

// metadata of a resource. What Turnpike has no use for (uid, managedFields and so on) is read over.
struct ObjectMeta {
  std::string name;
  std::string namespace_ = "default";  // empty for GatewayClass and Namespace, which belong to no namespace
  StringMap labels;
  StringMap annotations;
  // Seconds since 1970. Breaks ties between routes and policies (the oldest wins); files rarely have it, and
  // then the name decides.
  std::optional<std::int64_t> creation_timestamp;
  std::int64_t generation = 0;
};

// The common part of all kinds: `kind` says which struct this really is (see as<T>).
struct Object {
  explicit Object(Kind its_kind) noexcept : kind(its_kind) {}
  virtual ~Object() = default;

  Kind kind;
  Mark mark;  // of the first line of the document
  ObjectMeta meta;

 protected:
  Object(const Object&) = default;
  Object& operator=(const Object&) = default;
};

// The resource as its own type, or null when it is of another kind.
template <class T>
const T* as(const Object& object) noexcept {
  return T::has_kind(object.kind) ? static_cast<const T*>(&object) : nullptr;
}

// Base of each kind's struct: names the kind once.
template <Kind kind_value>
struct ObjectOf : Object {
  static constexpr Kind kKind = kind_value;
  static constexpr bool has_kind(Kind kind) noexcept { return kind == kind_value; }
  ObjectOf() noexcept : Object(kind_value) {}
};

// All references below: `mark` is where the name stands. An absent namespace means that of the resource which
// refers.

// To a Gateway, a ListenerSet or (in a mesh) a Service.
struct ParentReference {
  std::string group{kGatewayGroup};
  std::string kind = "Gateway";
  std::optional<std::string> namespace_;
  std::string name;
  std::optional<Marked<std::string>> section_name;
  std::optional<Marked<std::uint16_t>> port;
  Mark mark;
};

// To what a request can be sent to: a Service ("" / Service) or a Backend (turnpike.dev / Backend).
struct BackendObjectReference {
  std::string group;
  std::string kind = "Service";
  std::optional<std::string> namespace_;
  std::string name;
  // Required for a Service; for a Backend the port of its endpoints that have none.
  std::optional<Marked<std::uint16_t>> port;
  Mark mark;
};

// To a Secret with a certificate.
struct SecretObjectReference {
  std::string group;
  std::string kind = "Secret";
  std::optional<std::string> namespace_;
  std::string name;
  Mark mark;
};

// To anything, in any namespace (CA certificates of a listener: ConfigMap or Secret).
struct ObjectReference {
  std::string group;
  std::string kind;
  std::optional<std::string> namespace_;
  std::string name;
  Mark mark;
};

// To anything in the same namespace.
struct LocalObjectReference {
  std::string group;
  std::string kind;
  std::string name;
  Mark mark;
};

// What a policy applies to, in the policy's own namespace. `group` may be left out for kinds that Turnpike
// knows: it is filled in by the decoder. sectionName: a listener of a Gateway or ListenerSet, a rule of a
// route, a port of a Service.
struct PolicyTargetReference {
  std::string group;
  std::string kind;
  std::string name;
  std::optional<Marked<std::string>> section_name;
  Mark mark;
};

// A Kubernetes label selector (metav1.LabelSelector): all parts must hold; an empty one selects everything.
struct LabelSelectorRequirement {
  enum class Operator : std::uint8_t { in, not_in, exists, does_not_exist };
  std::string key;
  Operator op = Operator::in;
  std::vector<std::string> values;
};
struct LabelSelector {
  StringMap match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;

  bool matches(const StringMap& labels) const noexcept;
};

}  // namespace turnpike::resource
