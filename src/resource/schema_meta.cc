#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

namespace {

// creationTimestamp is a plain number in the struct and a date in YAML.
const Type& timestamp_type() {
  static const Type type = [] {
    Type made = type_of<std::optional<std::int64_t>>();
    made.shape = Shape::parsed;
    made.name = "time";
    made.example = "such as 2026-01-31T12:00:00Z (RFC 3339)";
    made.format = nullptr;
    made.parse = [](void* value, std::string_view text) {
      const auto parsed = parse_timestamp(text);
      if (parsed) *static_cast<std::int64_t*>(value) = *parsed;
      return parsed.has_value();
    };
    return made;
  }();
  return type;
}

std::vector<Field> meta_fields() {
  using F = Fields<ObjectMeta>;
  return {
      F::of<&ObjectMeta::name>("name", "Unique within the kind and the namespace.")
          .require()
          .checked(check_dns_subdomain),
      F::of<&ObjectMeta::labels>("labels", "For selectors, such as those of `allowedRoutes`."),
      F::of<&ObjectMeta::annotations>(
          "annotations",
          "Read over, but for `turnpike.dev/files` on a Secret or ConfigMap: `tls.crt=certs/shop.crt, "
          "tls.key=certs/shop.key` takes values from files, relative to this one, and again when they "
          "change."),
      F::of<&ObjectMeta::creation_timestamp>(
          "creationTimestamp",
          "Where two resources claim the same, the older one wins; without times "
          "the first by namespace and name.")
          .as(timestamp_type()),
      F::of<&ObjectMeta::generation>("generation", "Set by Kubernetes; repeated in conditions."),
      F::ignored("uid"),
      F::ignored("resourceVersion"),
      F::ignored("managedFields"),
      F::ignored("ownerReferences"),
      F::ignored("finalizers"),
      F::ignored("selfLink"),
      F::ignored("generateName"),
      F::ignored("deletionTimestamp"),
      F::ignored("deletionGracePeriodSeconds"),
      F::ignored("clusterName"),
  };
}

}  // namespace

template <>
const Struct& schema_of<ObjectMeta>() {
  static const Struct table = [] {
    std::vector<Field> fields = meta_fields();
    fields.insert(fields.begin() + 1,
                  Fields<ObjectMeta>::of<&ObjectMeta::namespace_>("namespace", "The namespace it belongs to.")
                      .checked(check_dns_label));
    return make_struct<ObjectMeta>("metadata", "What every resource has.", std::move(fields));
  }();
  return table;
}

const Struct& cluster_meta_schema() {
  static const Struct table =
      make_struct<ObjectMeta>("metadata", "What every resource without a namespace has.", meta_fields());
  return table;
}

template <>
const Struct& schema_of<ParentReference>() {
  using F = Fields<ParentReference>;
  static const Struct table = make_struct<ParentReference>(
      "ParentReference", "A Gateway or ListenerSet that a route attaches to.",
      {
          F::of<&ParentReference::group>("group", "API group of the parent."),
          F::of<&ParentReference::kind>("kind", "`Gateway`, `ListenerSet`, or `Service` in a mesh.")
              .at_least(1),
          F::of<&ParentReference::namespace_>("namespace",
                                              "Namespace of the parent; that of the route if absent.")
              .checked(check_dns_label),
          F::of<&ParentReference::name>("name", "Name of the parent.").require().checked(check_dns_subdomain),
          F::of<&ParentReference::section_name>("sectionName", "Name of one listener; all of them if absent.")
              .checked(check_section_name),
          F::of<&ParentReference::port>("port", "Only listeners on this port.").between(1, 65535),
      },
      "name");
  return table;
}

template <>
const Struct& schema_of<BackendObjectReference>() {
  static const Struct table = make_struct<BackendObjectReference, check_backend_object_reference>(
      "BackendObjectReference", "Where requests go: a Service or a Backend.",
      backend_reference_fields<BackendObjectReference>(), "name");
  return table;
}

template <>
const Struct& schema_of<SecretObjectReference>() {
  using F = Fields<SecretObjectReference>;
  static const Struct table = make_struct<SecretObjectReference>(
      "SecretObjectReference", "A Secret with a certificate and its key.",
      {
          F::of<&SecretObjectReference::group>("group", "Empty for a Secret."),
          F::of<&SecretObjectReference::kind>("kind", "`Secret`.").at_least(1),
          F::of<&SecretObjectReference::namespace_>("namespace",
                                                    "Another one than the referrer's needs a ReferenceGrant.")
              .checked(check_dns_label),
          F::of<&SecretObjectReference::name>("name", "Name of the Secret.")
              .require()
              .checked(check_dns_subdomain),
      },
      "name");
  return table;
}

template <>
const Struct& schema_of<ObjectReference>() {
  using F = Fields<ObjectReference>;
  static const Struct table = make_struct<ObjectReference>(
      "ObjectReference", "Any resource, in any namespace.",
      {
          F::of<&ObjectReference::group>("group", "API group; empty for ConfigMap and Secret.").require(),
          F::of<&ObjectReference::kind>("kind", "Kind of the resource.").require().at_least(1),
          F::of<&ObjectReference::namespace_>("namespace",
                                              "Another one than the referrer's needs a ReferenceGrant.")
              .checked(check_dns_label),
          F::of<&ObjectReference::name>("name", "Name of the resource.")
              .require()
              .checked(check_dns_subdomain),
      },
      "name");
  return table;
}

template <>
const Struct& schema_of<LocalObjectReference>() {
  using F = Fields<LocalObjectReference>;
  static const Struct table = make_struct<LocalObjectReference>(
      "LocalObjectReference", "A resource in the same namespace.",
      {
          F::of<&LocalObjectReference::group>("group", "API group; empty for ConfigMap and Secret.")
              .require(),
          F::of<&LocalObjectReference::kind>("kind", "Kind of the resource.").require().at_least(1),
          F::of<&LocalObjectReference::name>("name", "Name of the resource.")
              .require()
              .checked(check_dns_subdomain),
      },
      "name");
  return table;
}

template <>
const Struct& schema_of<PolicyTargetReference>() {
  using F = Fields<PolicyTargetReference>;
  static const Struct table = make_struct<PolicyTargetReference, check_policy_target_reference>(
      "PolicyTargetReference", "What a policy applies to, in the policy's namespace.",
      {
          F::of<&PolicyTargetReference::group>("group",
                                               "API group; may be left out for kinds that Turnpike reads."),
          F::of<&PolicyTargetReference::kind>("kind", "Kind of the target.").require().at_least(1),
          F::of<&PolicyTargetReference::name>("name", "Name of the target.")
              .require()
              .checked(check_dns_subdomain),
          F::of<&PolicyTargetReference::section_name>(
              "sectionName",
              "A listener of a Gateway or ListenerSet, a rule of a route, a port of a Service.")
              .checked(check_section_name),
      },
      "name");
  return table;
}

template <>
struct Choices<LabelSelectorRequirement::Operator> {
  using E = LabelSelectorRequirement::Operator;
  static constexpr Choice kAll[] = {{"In", int(E::in)},
                                    {"NotIn", int(E::not_in)},
                                    {"Exists", int(E::exists)},
                                    {"DoesNotExist", int(E::does_not_exist)}};
};

template <>
const Struct& schema_of<LabelSelectorRequirement>() {
  using F = Fields<LabelSelectorRequirement>;
  static const Struct table = make_struct<LabelSelectorRequirement, check_label_selector_requirement>(
      "LabelSelectorRequirement", "A condition on one label.",
      {
          F::of<&LabelSelectorRequirement::key>("key", "Key of the label.").require().at_least(1),
          F::of<&LabelSelectorRequirement::op>("operator", "How key and values relate.").require(),
          F::of<&LabelSelectorRequirement::values>("values", "For `In` and `NotIn`."),
      });
  return table;
}

template <>
const Struct& schema_of<LabelSelector>() {
  using F = Fields<LabelSelector>;
  static const Struct table = make_struct<LabelSelector>(
      "LabelSelector", "Selects by labels; all conditions must hold.",
      {
          F::of<&LabelSelector::match_labels>("matchLabels", "Labels with exactly these values."),
          F::of<&LabelSelector::match_expressions>("matchExpressions", "Further conditions."),
      });
  return table;
}

}  // namespace turnpike::resource
