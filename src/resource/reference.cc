#include "resource/reference.h"

#include <map>
#include <vector>

#include "base/strings.h"
#include "resource/kinds.h"
#include "resource/say.h"

namespace turnpike::resource {

namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

Generated from the tables in src/resource; do not edit. `TURNPIKE_UPDATE=1 build/release/test/resource_test` writes it anew.

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

constexpr std::string_view kHead = "\n| field | type | default | meaning |\n|---|---|---|---|\n";

bool is_shown(const Field& field) {
  return field.presence != Field::Presence::ignored && field.presence != Field::Presence::unsupported;
}

// The type of a field's value, or of the elements of its list.
const Type& inner_type(const Field& field) {
  return field.type->shape == Shape::list ? *field.type->element() : *field.type;
}

// Structs that stand in several places are described once, at the end. Those without a text of their own are
// mere groups of fields and stay where they are.
class SharedStructs {
 public:
  void count(const Struct& table) {
    for (const Field& field : table.fields) {
      if (!is_shown(field) || inner_type(field).shape != Shape::object) continue;
      const Struct& inner = inner_type(field).object();
      if (++uses_[&inner] == 1) {
        count(inner);
        order_.push_back(&inner);
      }
    }
  }
  bool contains(const Struct& table) const {
    const auto found = uses_.find(&table);
    return found != uses_.end() && found->second > 1 && !table.doc.empty() && table.name != "metadata";
  }
  const std::vector<const Struct*>& in_order() const { return order_; }

 private:
  std::map<const Struct*, int> uses_;
  std::vector<const Struct*> order_;
};

class Writer {
 public:
  Writer() {
    for (const KindInfo& info : all_kinds()) shared_.count(info.schema());
  }

  std::string take() { return std::move(out_); }

  void kind(const KindInfo& info) {
    const Struct& table = info.schema();
    out_ += say("\n## {}\n\n`apiVersion: {}{}{}`", info.name, info.group, info.group.empty() ? "" : "/",
                info.versions[0]);
    for (std::size_t i = 1; i < info.versions.size(); ++i) out_ += say(", `{}`", info.versions[i]);
    out_ += ". " + std::string(table.doc) + "\n";
    const std::size_t before = out_.size();
    fields(table, "", true);
    if (out_.size() > before) out_.insert(before, kHead);
  }

  void shared_parts() {
    out_ += "\n## Shared parts\n";
    for (const Struct* table : shared_.in_order()) {
      if (!shared_.contains(*table)) continue;
      out_ += say("\n### {}\n\n{}\n", table->name, table->doc);
      out_ += kHead;
      fields(*table, "", false);
    }
  }

 private:
  void fields(const Struct& table, const std::string& path, bool top) {
    for (const Field& field : table.fields) {
      if (!is_shown(field) || (top && field.name == "metadata")) continue;
      const Type& type = inner_type(field);
      std::string name = path + std::string(field.name) + (field.type->shape == Shape::list ? "[]" : "");
      const Struct* inner = type.shape == Shape::object ? &type.object() : nullptr;
      const bool is_spec = top && field.name == "spec";
      if (!is_spec) row(table, field, name);
      if (inner != nullptr && !shared_.contains(*inner)) fields(*inner, name + ".", false);
    }
  }

  void row(const Struct& table, const Field& field, const std::string& name) {
    const Type& type = inner_type(field);
    std::string meaning(field.doc);
    if (type.shape == Shape::choice) {
      meaning += " One of";
      for (std::size_t i = 0; i < type.choices.size(); ++i)
        meaning += say("{} `{}`", i == 0 ? "" : ",", type.choices[i].name);
      meaning += ".";
    }
    if (type.shape == Shape::integer && field.type->shape != Shape::list &&
        field.max != std::numeric_limits<std::int64_t>::max()) {
      meaning += say(" From {} to {}.", std::max<std::int64_t>(field.min, 0), field.max);
    }
    out_ += say("| `{}` | {} | {} | {} |\n", name, type_of(field), default_of(table, field), meaning);
  }

  std::string type_of(const Field& field) const {
    const Type& type = inner_type(field);
    std::string name(type.name);
    if (type.shape == Shape::object && shared_.contains(type.object())) {
      const std::string_view shown = type.object().name;
      name = say("[{}](#{})", shown, lower_case(shown));
    }
    return field.type->shape == Shape::list ? "list of " + name : name;
  }

  static std::string default_of(const Struct& table, const Field& field) {
    if (field.presence == Field::Presence::required) return "required";
    if (!field.default_text.empty()) return std::string(field.default_text);
    if (table.initial == nullptr || field.type->format == nullptr) return "";
    // Only read, though member() hands out what may be written.
    const void* value = field.type->peek(field.member(const_cast<void*>(table.initial)));
    const std::string text = value == nullptr ? std::string() : field.type->format(value);
    return text.empty() ? text : say("`{}`", text);
  }

  SharedStructs shared_;
  std::string out_;
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
  writer.shared_parts();
  return out + writer.take();
}

}  // namespace turnpike::resource
