#include "resource/reference.h"

#include <set>
#include <vector>

#include "resource/kinds.h"
#include "resource/say.h"

namespace turnpike::resource {

namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

Generated from the tables in src/resource by `turnpike check --reference`; do not edit.

Turnpike reads Kubernetes resources as YAML or JSON, from files and folders, several to a file (separated by `---`) or as
a `kind: List`. Files need no `namespace` (it is `default`) and no GatewayClass (`turnpike` exists). An unknown field, a
value out of range or a reference to nothing is reported with file, line and column, and a configuration with errors
never replaces one that works.

- **duration**: up to four numbers with a unit, `h`, `m`, `s` or `ms`: `10s`, `1h30m`, `500ms` (GEP-2257).
- **size**: bytes, with `Ki`, `Mi` or `Gi`: `4096`, `64Ki`.
- A text that looks like a number or a boolean must stand in quotes, as Kubernetes demands: `value: "2"`.
- Kinds of Gateway API may have more rules, matches and the like than a Kubernetes API server accepts; this is reported
  as a warning.
)";

class Writer {
 public:
  std::string take() { return std::move(out_); }

  void kind(const KindInfo& info) {
    const Struct& table = info.schema();
    out_ += say("\n## {}\n\n", info.name);
    out_ += say("`apiVersion: {}{}{}`", info.group, info.group.empty() ? "" : "/", info.versions[0]);
    for (std::size_t i = 1; i < info.versions.size(); ++i) out_ += say(", `{}`", info.versions[i]);
    out_ += ". " + std::string(table.doc) + "\n";
    if (&table == &all_kinds()[static_cast<std::size_t>(Kind::grpc_route)].schema() &&
        info.kind != Kind::grpc_route) {
      out_ += "Fields as for GRPCRoute.\n";
      return;
    }
    out_ += "\n| field | type | default | meaning |\n|---|---|---|---|\n";
    open_.clear();
    fields(table, "", true);
  }

 private:
  void fields(const Struct& table, const std::string& path, bool top) {
    for (const Field& field : table.fields) {
      if (field.presence == Field::Presence::ignored || field.presence == Field::Presence::unsupported)
        continue;
      if (top && field.name == "metadata") continue;
      this->field(table, field, path);
    }
  }

  void field(const Struct& table, const Field& field, const std::string& path) {
    const Type* type = field.type;
    std::string name = path + std::string(field.name);
    const bool is_list = type->shape == Shape::list;
    if (is_list) {
      type = type->element();
      name += "[]";
    }
    const Struct* inner = type->shape == Shape::object ? &type->object() : nullptr;
    const bool plain_spec = path.empty() && field.name == "spec";
    if (!plain_spec) row(table, field, *type, is_list, name);
    if (inner == nullptr) return;
    // The filters of a backendRef have no filters of their own, but a table may well come twice: the second
    // time it is not opened again.
    const bool seen = inner->fields.size() > 2 && !open_.insert(inner).second && field.name == "filters";
    if (!seen) fields(*inner, name + ".", false);
  }

  void row(const Struct& table, const Field& field, const Type& type, bool is_list, const std::string& name) {
    std::string meaning(field.doc);
    if (type.shape == Shape::choice) {
      meaning += meaning.empty() ? "" : " ";
      meaning += "One of";
      for (const Choice& choice : type.choices) meaning += say(" `{}`", choice.name);
      meaning += ".";
    }
    if (type.shape == Shape::integer && field.max != std::numeric_limits<std::int64_t>::max()) {
      meaning += say(" From {} to {}.", std::max<std::int64_t>(field.min, 0), field.max);
    }
    if (type.shape == Shape::object && open_.contains(&type.object()) && field.name == "filters") {
      meaning += " As above.";
    }
    const std::string name_of_type = is_list ? say("list of {}", type.name) : std::string(type.name);
    out_ += say("| `{}` | {} | {} | {} |\n", name, name_of_type, default_of(table, field), meaning);
  }

  static std::string default_of(const Struct& table, const Field& field) {
    if (field.presence == Field::Presence::required) return "required";
    if (!field.default_text.empty()) return say("{}", field.default_text);
    if (table.initial == nullptr || field.type->format == nullptr) return "";
    // Only read, though member() hands out what may be written.
    const void* value = field.type->peek(field.member(const_cast<void*>(table.initial)));
    const std::string text = value == nullptr ? std::string() : field.type->format(value);
    return text.empty() ? text : say("`{}`", text);
  }

  std::string out_;
  std::set<const Struct*> open_;
};

}  // namespace

std::string configuration_reference() {
  Writer writer;
  std::string out(kIntroduction);
  out += "\n## Every resource\n\n| field | type | default | meaning |\n|---|---|---|---|\n";
  out += "| `apiVersion` | string | required | Group and version, as given with each kind. |\n";
  out += "| `kind` | string | required | The kind. |\n";
  out += "| `metadata.name` | string | required | Unique within the kind and the namespace. |\n";
  out += "| `metadata.namespace` | string | `default` | The namespace it belongs to. |\n";
  out += "| `metadata.labels` | map of strings |  | For selectors. |\n";
  out += "| `metadata.annotations` | map of strings |  | Read over. |\n";
  out +=
      "| `metadata.creationTimestamp` | time |  | Where two resources claim the same, the older one wins. "
      "|\n";
  for (const KindInfo& info : all_kinds()) writer.kind(info);
  return out + writer.take();
}

}  // namespace turnpike::resource
