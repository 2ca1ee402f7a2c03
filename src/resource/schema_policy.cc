#include "resource/schema_kinds.h"
#include "resource/schema_shared.h"
#include "resource/validate.h"

namespace turnpike::resource {

// --- ReferenceGrant
// ----------------------------------------------------------------------------------------------

template <>
const Struct& schema_of<ReferenceGrantFrom>() {
  using F = Fields<ReferenceGrantFrom>;
  static const Struct table = make_struct<ReferenceGrantFrom>(
      "ReferenceGrantFrom", "Who may refer.",
      {
          F::of<&ReferenceGrantFrom::group>("group", "API group of the referrer.").require(),
          F::of<&ReferenceGrantFrom::kind>("kind", "Its kind, such as `HTTPRoute` or `Gateway`.")
              .require()
              .at_least(1),
          F::of<&ReferenceGrantFrom::namespace_>("namespace", "Its namespace.")
              .require()
              .checked(check_dns_label),
      });
  return table;
}

template <>
const Struct& schema_of<ReferenceGrantTo>() {
  using F = Fields<ReferenceGrantTo>;
  static const Struct table = make_struct<ReferenceGrantTo>(
      "ReferenceGrantTo", "What may be referred to, in the grant's namespace.",
      {
          F::of<&ReferenceGrantTo::group>("group", "API group; empty for Service and Secret.").require(),
          F::of<&ReferenceGrantTo::kind>("kind", "Kind, such as `Service`, `Backend` or `Secret`.")
              .require()
              .at_least(1),
          F::of<&ReferenceGrantTo::name>("name", "One resource; all of the kind if absent.").at_most(253),
      });
  return table;
}

namespace {

const Struct& reference_grant_spec() {
  using F = Fields<ReferenceGrant>;
  static const Struct table = make_struct<ReferenceGrant>(
      "ReferenceGrant spec", "",
      {
          F::of<&ReferenceGrant::from>("from", "Who may refer.").require().at_least(1).kubernetes_at_most(16),
          F::of<&ReferenceGrant::to>("to", "What may be referred to.")
              .require()
              .at_least(1)
              .kubernetes_at_most(16),
      });
  return table;
}

}  // namespace

const Struct& reference_grant_schema() {
  static const Struct table = make_struct<ReferenceGrant>(
      "ReferenceGrant", "Lets resources of other namespaces refer to those of this one.",
      spec_fields<ReferenceGrant, reference_grant_spec>());
  return table;
}

// --- BackendTLSPolicy
// --------------------------------------------------------------------------------------------

template <>
struct Choices<SubjectAltName::Type> {
  using E = SubjectAltName::Type;
  static constexpr Choice kAll[] = {{"Hostname", int(E::hostname)}, {"URI", int(E::uri)}};
};

template <>
const Struct& schema_of<SubjectAltName>() {
  using F = Fields<SubjectAltName>;
  static const Struct table = make_struct<SubjectAltName, check_subject_alt_name>(
      "SubjectAltName", "A name that the backend's certificate may have.",
      {
          F::of<&SubjectAltName::type>("type", "What kind of name.").require(),
          F::of<&SubjectAltName::value>("hostname", "DNS name, for `Hostname`.")
              .between(1, 253)
              .checked(check_hostname),
          F::of<&SubjectAltName::value>("uri", "URI such as a SPIFFE ID, for `URI`.").between(1, 253),
      });
  return table;
}

namespace {

// wellKnownCACertificates has one value only: it is a flag in the struct.
const Type& well_known_type() {
  static constexpr Choice kAll[] = {{"System", 1}};
  static const Type type = [] {
    Type made = type_of<bool>();
    made.shape = Shape::choice;
    made.name = "string";
    made.choices = kAll;
    made.format = nullptr;
    made.set_choice = [](void* value, int) { *static_cast<bool*>(value) = true; };
    return made;
  }();
  return type;
}

const Struct& backend_tls_validation() {
  using F = Fields<BackendTlsPolicy>;
  static const Struct table = make_struct<BackendTlsPolicy, check_backend_tls_validation>(
      "BackendTLSPolicyValidation", "How the backend proves who it is.",
      {
          F::of<&BackendTlsPolicy::ca_certificate_refs>("caCertificateRefs",
                                                        "ConfigMaps or Secrets with `ca.crt` (PEM).")
              .at_most(8),
          F::of<&BackendTlsPolicy::system_ca_certificates>(
              "wellKnownCACertificates", "`System`: the machine's own; instead of caCertificateRefs.")
              .as(well_known_type()),
          F::of<&BackendTlsPolicy::hostname>(
              "hostname", "Sent as SNI; the certificate must have it unless subjectAltNames are given.")
              .require()
              .checked(check_precise_hostname),
          F::of<&BackendTlsPolicy::subject_alt_names>("subjectAltNames",
                                                      "The certificate must have one of them.")
              .at_most(5),
      });
  return table;
}

const Struct& backend_tls_policy_spec() {
  using F = Fields<BackendTlsPolicy>;
  static const Struct table = make_struct<BackendTlsPolicy, check_backend_tls_policy>(
      "BackendTLSPolicy spec", "",
      {
          F::of<&BackendTlsPolicy::target_refs>("targetRefs",
                                                "Services (sectionName: name of a port) or Backends.")
              .require()
              .between(1, 16),
          F::part<backend_tls_validation>("validation", "How the backend proves who it is.").require(),
          F::of<&BackendTlsPolicy::options>("options", "Read over.").at_most(16),
      });
  return table;
}

}  // namespace

const Struct& backend_tls_policy_schema() {
  static const Struct table =
      make_struct<BackendTlsPolicy>("BackendTLSPolicy", "Makes connections to a backend TLS and verifies it.",
                                    spec_fields<BackendTlsPolicy, backend_tls_policy_spec>());
  return table;
}

}  // namespace turnpike::resource
