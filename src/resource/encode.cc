#include "resource/encode.h"

#include <set>
#include <string>

#include "resource/kinds.h"
#include "resource/kubernetes.h"
#include "resource/schema.h"

namespace turnpike::resource {
namespace {

constexpr std::string_view kRedacted = "(redacted)";

void write_struct(JsonWriter& json, const Struct& table, const void* object, bool redact);

void write_map(JsonWriter& json, const StringMap& map, bool redact) {
  json.begin_object();
  for (const auto& [key, value] : map) json.key(key).value(redact ? kRedacted : std::string_view(value));
  json.end_object();
}

// Whether there is something to write: absent members, empty texts and lists, and types that cannot be shown
// are not.
bool has_content(const Type& type, const void* value) {
  if (value == nullptr) return false;
  switch (type.shape) {
    case Shape::object:
      return true;
    case Shape::list:
      return type.count != nullptr && type.count(value) > 0;
    case Shape::map:
      return type.entry != nullptr && !static_cast<const StringMap*>(value)->empty();
    case Shape::any:
      return false;
    default:
      return type.format != nullptr && !type.format(value).empty();
  }
}

void write_value(JsonWriter& json, const Type& type, const void* value, bool redact) {
  switch (type.shape) {
    case Shape::object:
      json.begin_object();
      write_struct(json, type.object(), value, redact);
      json.end_object();
      return;
    case Shape::map:
      return write_map(json, *static_cast<const StringMap*>(value), redact);
    case Shape::list: {
      const Type& element = *type.element();
      json.begin_array();
      for (std::size_t i = 0; i < type.count(value); ++i) {
        const void* const item = element.peek(type.item(value, i));
        if (has_content(element, item)) write_value(json, element, item, redact);
      }
      json.end_array();
      return;
    }
    case Shape::boolean:
    case Shape::integer:
    case Shape::number:
      json.raw(type.format(value));
      return;
    default:
      json.value(type.format(value));
  }
}

// The members of an object that is open already.
void write_struct(JsonWriter& json, const Struct& table, const void* object, bool redact) {
  std::set<const void*> written;  // `data` and `stringData` of a Secret are one member
  for (const Field& field : table.fields) {
    if (field.member == nullptr || field.type == nullptr || field.type->peek == nullptr) continue;
    // Only the address of a member is asked for.
    const void* const value = field.type->peek(field.member(const_cast<void*>(object)));
    if (!has_content(*field.type, value)) continue;
    if (field.type->shape == Shape::map && !written.insert(value).second) continue;
    json.key(field.name);
    write_value(json, *field.type, value, redact);
  }
}

}  // namespace

void write_json(JsonWriter& json, const Object& object, const Position& position) {
  const KindInfo& kind = all_kinds()[static_cast<std::size_t>(object.kind)];
  const std::string version(kind.versions.front());
  json.begin_object();
  json.key("apiVersion").value(kind.group.empty() ? version : std::string(kind.group) + '/' + version);
  json.key("kind").value(kind.name).key("position").value(position.text());
  // dynamic_cast: the tables count from the start of the struct itself.
  write_struct(json, kind.schema(), dynamic_cast<const void*>(&object), object.kind == Kind::secret);
  json.end_object();
}

}  // namespace turnpike::resource
