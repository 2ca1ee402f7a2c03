#include "resource/decode.h"

#include <array>
#include <bitset>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "resource/kinds.h"
#include "resource/say.h"
#include "resource/scalar.h"
#include "resource/suggest.h"

namespace turnpike::resource {

namespace {

constexpr std::size_t kMostFields = 64;
// Bounds of lists and mappings whose field names none of its own.
constexpr std::int64_t kBeyondKubernetes = 64;  // times what a Kubernetes API server takes
constexpr std::int64_t kMostElements = 10'000;
constexpr std::int64_t kMostEntries = 1'024;

std::string_view noun_of(const Node& node) {
  switch (node.type) {
    case Node::Type::null:
      return "nothing";
    case Node::Type::sequence:
      return "a list";
    case Node::Type::mapping:
      return "a mapping";
    case Node::Type::quoted:
      return "a text";
    case Node::Type::plain:
      break;
  }
  const std::string_view type = plain_type_of(node.text);
  return type.empty() ? "a text" : type;
}

class Decoder {
 public:
  explicit Decoder(Reporter& reporter) : reporter_(reporter) {}

  // False if a field of the object itself could not be read. Its check is left out then, and that of the
  // object whose element it is: they would complain of what follows from the first error.
  bool object(const Node& node, const Struct& table, void* at) {
    if (table.mark != nullptr) *table.mark(at) = mark_of(node, table);
    std::bitset<kMostFields> seen;
    bool sound = true;
    bool checkable = true;
    for (const Node& child : node) {
      const Field* field = table.find(child.key);
      if (field == nullptr) {
        // What was probably meant is not missed as well.
        const Field* meant = report_unknown(child, table);
        if (meant != nullptr && meant->presence == Field::Presence::required) {
          seen.set(static_cast<std::size_t>(meant - table.fields.data()));
          sound = checkable = false;
        }
        continue;
      }
      if (child.type == Node::Type::null) continue;
      seen.set(static_cast<std::size_t>(field - table.fields.data()));
      const bool good = this->field(child, *field, at);
      checkable &= good;
      sound &= good || field->type->shape == Shape::object || field->type->shape == Shape::list;
    }
    for (std::size_t i = 0; i < table.fields.size(); ++i) {
      if (table.fields[i].presence != Field::Presence::required || seen[i]) continue;
      const Node* empty = node.find(table.fields[i].name);
      error(empty != nullptr ? empty->key_mark : node.mark, say("'{}' is required", table.fields[i].name));
      sound = checkable = false;
    }
    if (checkable && table.check != nullptr) {
      Checker checker(node, reporter_);
      table.check(at, checker);
    }
    return sound;
  }

 private:
  void error(Mark mark, std::string message, std::string hint = {}) {
    reporter_.report(Severity::error, mark, std::move(message), std::move(hint));
  }

  static Mark mark_of(const Node& node, const Struct& table) {
    const Node* child = table.mark_field.empty() ? nullptr : node.find(table.mark_field);
    return child != nullptr ? child->mark : node.mark;
  }

  // Answers the field that was meant, if that can be guessed.
  const Field* report_unknown(const Node& child, const Struct& table) {
    std::array<std::string_view, kMostFields> known;
    std::size_t count = 0;
    for (const Field& field : table.fields) {
      if (field.presence != Field::Presence::ignored) known[count++] = field.name;
    }
    const std::span<const std::string_view> names(known.data(), count);
    const std::string_view near = nearest(child.key, names);
    std::string hint = near.empty() ? std::string() : say("did you mean '{}'?", near);
    if (hint.empty()) {
      for (const Field& field : table.fields) {
        if (field.type->shape == Shape::object && field.type->object().find(child.key) != nullptr) {
          hint = say("'{}' belongs under '{}'", child.key, field.name);
          break;
        }
      }
    }
    if (hint.empty() && count > 0 && count <= 12) {
      hint = "known here:";
      for (const std::string_view name : names) hint += (name == known[0] ? " " : ", ") + std::string(name);
    }
    error(child.key_mark, say("unknown field '{}' in {}", excerpt(child.key), table.name), std::move(hint));
    return near.empty() ? nullptr : table.find(near);
  }

  bool field(const Node& node, const Field& field, void* object_at) {
    if (field.presence == Field::Presence::ignored) return true;
    if (field.presence == Field::Presence::unsupported) {
      error(node.key_mark, say("'{}' is not supported yet", field.name), std::string(field.doc));
      return true;
    }
    return value(node, field.name, field, *field.type, field.member(object_at));
  }

  bool value(const Node& node, std::string_view name, const Field& field, const Type& type, void* member) {
    switch (type.shape) {
      case Shape::any:
        return true;
      case Shape::object: {
        if (node.type != Node::Type::mapping) return refuse_shape(node, name, "a mapping");
        return object(node, type.object(), type.open(member, node.mark));
      }
      case Shape::list:
        return list(node, name, field, type, type.open(member, node.mark));
      case Shape::map:
        return map(node, name, field, type, type.open(member, node.mark));
      default:
        break;
    }
    if (!node.scalar()) return refuse_shape(node, name, say("a {}", type.name));
    return scalar(node, name, field, type, type.open(member, node.mark));
  }

  bool refuse_shape(const Node& node, std::string_view name, std::string_view wanted) {
    std::string hint;
    if (wanted == "a list" && node.type == Node::Type::mapping) hint = "begin each element with '- '";
    error(node.mark, say("'{}' must be {}, not {}", name, wanted, noun_of(node)), std::move(hint));
    return false;
  }

  bool list(const Node& node, std::string_view name, const Field& field, const Type& type, void* at) {
    if (node.type != Node::Type::sequence) return refuse_shape(node, name, "a list");
    if (!size_in_bounds(node, name, field, "elements")) return false;
    type.resize(at, node.size);
    bool sound = true;
    for (const Node& child : node) {
      if (child.type == Node::Type::null) {
        error(child.mark.written() ? child.mark : node.mark, say("an element of '{}' is empty", name));
        sound = false;
        continue;
      }
      Field inner = field;
      inner.min = std::numeric_limits<std::int64_t>::min();
      inner.max = std::numeric_limits<std::int64_t>::max();
      inner.kubernetes_max = inner.max;
      const Type& element = *type.element();
      if (element.shape == Shape::integer) {
        inner.min = field.element_min;
        inner.max = field.element_max;
      }
      sound &= value(child, name, inner, element, type.add(at));
    }
    return sound;
  }

  bool map(const Node& node, std::string_view name, const Field& field, const Type& type, void* at) {
    if (node.type != Node::Type::mapping) return refuse_shape(node, name, "a mapping");
    if (!size_in_bounds(node, name, field, "entries")) return false;
    bool sound = true;
    for (const Node& child : node) {
      std::string& text = type.entry(at, child.key);
      if (child.type == Node::Type::null) continue;
      if (!child.scalar()) {
        sound = refuse_shape(child, child.key, "a text");
      } else if (refuse_plain_number(child, child.key)) {
        sound = false;
      } else if (type.parse == nullptr) {
        text.assign(child.text);
      } else if (!type.parse(&text, child.text)) {
        error(child.mark, say("'{}' is not valid {}", excerpt(child.key), type.example));
        sound = false;
      }
    }
    return sound;
  }

  bool size_in_bounds(const Node& node, std::string_view name, const Field& field, std::string_view things) {
    const auto size = static_cast<std::int64_t>(node.size);
    if (const std::int64_t most = most_elements(field, node.type); size > most) {
      error(node.mark, say("'{}' must have at most {} {}, not {}", name, most, things, size));
      return false;
    }
    if (size > field.kubernetes_max) {
      reporter_.report(Severity::warning, node.mark,
                       say("'{}' has {} {}; a Kubernetes API server takes at most {}", name, size, things,
                           field.kubernetes_max));
    }
    if (size < field.min) {
      error(node.mark, field.min == 1 ? say("'{}' must not be empty", name)
                                      : say("'{}' must have at least {} {}", name, field.min, things));
      return false;
    }
    return true;
  }

  // What is compared each with each must not be without end, in a file that somebody else wrote.
  static std::int64_t most_elements(const Field& field, Node::Type type) {
    constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
    if (field.max != kNone) return field.max;
    if (type == Node::Type::mapping) return kMostEntries;
    return field.kubernetes_max > kMostElements / kBeyondKubernetes
               ? kMostElements
               : field.kubernetes_max * kBeyondKubernetes;
  }

  // Kubernetes takes a plain 1 or true for a number or a boolean and refuses it where a text belongs; so do
  // we, or the same file would mean two things.
  bool refuse_plain_number(const Node& node, std::string_view name) {
    if (node.type != Node::Type::plain) return false;
    const std::string_view other = plain_type_of(node.text);
    if (other.empty()) return false;
    error(node.mark, say("'{}' must be a text, not {}", name, other),
          say("put it in quotes: '{}'", excerpt(node.text)));
    return true;
  }

  bool scalar(const Node& node, std::string_view name, const Field& field, const Type& type, void* at) {
    switch (type.shape) {
      case Shape::text:
        return text(node, name, field, type, at);
      case Shape::boolean: {
        const auto on = node.type == Node::Type::plain ? parse_boolean(node.text) : std::nullopt;
        if (!on) return refuse_value(node, name, "true or false");
        type.set_boolean(at, *on);
        return true;
      }
      case Shape::integer:
        return integer(node, name, field, type, at);
      case Shape::number: {
        double number = 0;
        const auto [end, failed] =
            std::from_chars(node.text.data(), node.text.data() + node.text.size(), number);
        if (failed != std::errc{} || end != node.text.data() + node.text.size() || !std::isfinite(number)) {
          return refuse_value(node, name, "a number");
        }
        type.set_number(at, number);
        return true;
      }
      case Shape::parsed:
        if (type.parse(at, node.text)) return true;
        error(node.mark, say("'{}' must be a {}, not '{}'", name, type.name, excerpt(node.text)),
              std::string(type.example));
        return false;
      case Shape::choice:
        return choice(node, name, type, at);
      default:
        return true;
    }
  }

  bool refuse_value(const Node& node, std::string_view name, std::string_view wanted) {
    error(node.mark, say("'{}' must be {}, not '{}'", name, wanted, excerpt(node.text)));
    return false;
  }

  bool text(const Node& node, std::string_view name, const Field& field, const Type& type, void* at) {
    if (refuse_plain_number(node, name)) return false;
    type.set_text(at, node.text);
    const auto size = static_cast<std::int64_t>(node.text.size());
    if (size < field.min) {
      error(node.mark, say("'{}' must not be empty", name));
      return false;
    }
    if (size > field.max) {
      error(node.mark, say("'{}' must have at most {} characters, not {}", name, field.max, size));
      return false;
    }
    if (field.syntax == nullptr) return true;
    const std::string_view wrong = field.syntax(node.text);
    if (wrong.empty()) return true;
    error(node.mark, say("'{}' {}: '{}'", name, wrong, excerpt(node.text)));
    return false;
  }

  bool integer(const Node& node, std::string_view name, const Field& field, const Type& type, void* at) {
    std::int64_t number = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [stop, failed] = std::from_chars(node.text.data(), end, number);
    const bool is_number = node.type == Node::Type::plain && failed == std::errc{} && stop == end;
    if (!is_number) {
      const bool quoted_number = node.type == Node::Type::quoted && failed == std::errc{} && stop == end;
      error(node.mark, say("'{}' must be a whole number, not '{}'", name, excerpt(node.text)),
            quoted_number ? "write it without quotes" : "");
      return false;
    }
    if (number < field.min || number > field.max || !type.set_integer(at, number)) {
      const bool bounded = field.max != std::numeric_limits<std::int64_t>::max();
      error(node.mark, bounded ? say("'{}' must be between {} and {}, not {}", name,
                                     std::max<std::int64_t>(field.min, 0), field.max, number)
                               : say("'{}' must be at least {} and not too large, not {}", name,
                                     std::max<std::int64_t>(field.min, 0), number));
      return false;
    }
    return true;
  }

  bool choice(const Node& node, std::string_view name, const Type& type, void* at) {
    std::array<std::string_view, 32> names;
    std::size_t count = 0;
    for (const Choice& candidate : type.choices) {
      if (candidate.name == node.text) {
        type.set_choice(at, candidate.value);
        return true;
      }
      if (count < names.size()) names[count++] = candidate.name;
    }
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
      all += (i == 0 ? "" : i + 1 == count ? " or " : ", ") + std::string(names[i]);
    }
    error(node.mark, say("'{}' must be {}, not '{}'", name, all, excerpt(node.text)),
          did_you_mean(node.text, std::span(names.data(), count)));
    return false;
  }

  Reporter& reporter_;
};

}  // namespace

void decode_object(const Node& node, const Struct& table, void* at, Reporter& reporter) {
  Decoder(reporter).object(node, table, at);
}

}  // namespace turnpike::resource
