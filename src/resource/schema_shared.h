// Tables and forms that several kinds share. For the schema_*.cc files only.
#pragma once

#include "resource/gateway_api.h"
#include "resource/scalar.h"
#include "resource/schema.h"

namespace turnpike::resource {

template <>
struct Form<Duration> {
  static constexpr std::string_view kName = "duration";
  static constexpr std::string_view kExample = "such as 10s, 500ms or 1h30m";
  static bool parse(Duration& value, std::string_view text) {
    const auto parsed = parse_duration(text);
    if (parsed) value = *parsed;
    return parsed.has_value();
  }
  static std::string format(const Duration& value) { return format_duration(value); }
};

template <>
struct Form<ByteSize> {
  static constexpr std::string_view kName = "size";
  static constexpr std::string_view kExample = "such as 4096, 64Ki or 10Mi";
  static bool parse(ByteSize& value, std::string_view text) {
    const auto parsed = parse_byte_size(text);
    if (parsed) value = *parsed;
    return parsed.has_value();
  }
  static std::string format(const ByteSize& value) { return format_byte_size(value); }
};

template <>
struct Choices<HttpFilterType> {
  using E = HttpFilterType;
  static constexpr Choice kAll[] = {{"RequestHeaderModifier", int(E::request_header_modifier)},
                                    {"ResponseHeaderModifier", int(E::response_header_modifier)},
                                    {"RequestMirror", int(E::request_mirror)},
                                    {"RequestRedirect", int(E::request_redirect)},
                                    {"URLRewrite", int(E::url_rewrite)},
                                    {"CORS", int(E::cors)},
                                    {"ExtensionRef", int(E::extension_ref)}};
};
template <>
struct Choices<MatchType> {
  static constexpr Choice kAll[] = {{"Exact", int(MatchType::exact)},
                                    {"RegularExpression", int(MatchType::regular_expression)}};
};

template <>
const Struct& schema_of<ObjectMeta>();
template <>
const Struct& schema_of<ParentReference>();
template <>
const Struct& schema_of<BackendObjectReference>();
template <>
const Struct& schema_of<SecretObjectReference>();
template <>
const Struct& schema_of<ObjectReference>();
template <>
const Struct& schema_of<LocalObjectReference>();
template <>
const Struct& schema_of<PolicyTargetReference>();
template <>
const Struct& schema_of<LabelSelector>();

// Those of BackendObjectReference and of what derives from it.
template <class T>
std::vector<Field> backend_reference_fields() {
  using F = Fields<T>;
  return {
      F::template of<&T::group>("group", "Empty for a Service, `turnpike.dev` for a Backend."),
      F::template of<&T::kind>("kind", "`Service` or `Backend`.").at_least(1),
      F::template of<&T::namespace_>(
          "namespace", "Namespace of the backend; another one than the route's needs a ReferenceGrant.")
          .checked(check_dns_label),
      F::template of<&T::name>("name", "Name of the backend.").require().checked(check_dns_subdomain),
      F::template of<&T::port>(
          "port", "Port of the Service (required), or of those endpoints of a Backend that have none.")
          .between(1, 65535),
  };
}

// Headers have the same struct as query parameters, and another table: this is the type of a list of them.
const Type& header_matches_type();

// What the spec of a route with hostnames begins with.
template <class T>
std::vector<Field> route_fields() {
  using F = Fields<T>;
  return {
      F::template of<&T::parent_refs>("parentRefs",
                                      "The Gateways or ListenerSets that the route attaches to.")
          .kubernetes_at_most(32),
      F::template of<&T::hostnames>("hostnames",
                                    "Hosts, may begin with `*.`; those of the listener if absent.")
          .checked(check_hostname)
          .kubernetes_at_most(16),
      F::unsupported("useDefaultGateways", "name the Gateway in parentRefs"),
  };
}

// metadata without a namespace, for kinds that belong to none.
const Struct& cluster_meta_schema();

// The fields that each kind begins with: apiVersion, kind, metadata, status.
template <class T>
std::vector<Field> kind_fields(bool namespaced = true) {
  Field metadata = Fields<T>::template of<&T::meta>("metadata", "Name, labels and annotations.");
  if (!namespaced) {
    static const Type type = [] {
      Type meta = type_of<ObjectMeta>();
      meta.object = &cluster_meta_schema;
      return meta;
    }();
    metadata.type = &type;
  }
  std::vector<Field> fields;
  fields.push_back(Fields<T>::ignored("apiVersion"));
  fields.push_back(Fields<T>::ignored("kind"));
  fields.push_back(std::move(metadata).require());
  fields.push_back(Fields<T>::ignored("status"));
  return fields;
}

// The same with `spec`, whose fields `table` lists.
template <class T, const Struct& (*table)()>
std::vector<Field> spec_fields(bool namespaced = true) {
  std::vector<Field> fields = kind_fields<T>(namespaced);
  fields.push_back(Fields<T>::template part<table>("spec", "What is wanted.").require());
  return fields;
}

}  // namespace turnpike::resource
