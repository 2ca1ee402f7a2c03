// One table per struct says what its fields are called, what they mean and what they may hold. The table
// drives the decoder (decode.h), its error messages and the reference documentation (reference.h): nothing is
// written twice.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "resource/meta.h"
#include "resource/syntax.h"

namespace turnpike::resource {

class Checker;
struct Struct;

// What a value looks like in YAML.
enum class Shape : std::uint8_t { text, boolean, integer, number, parsed, choice, object, list, map, any };

// One name of an enumeration.
struct Choice {
  std::string_view name;
  int value;
};

// A type of values: how to reach one, set it and print it. `value` below is what open() answers.
struct Type {
  Shape shape = Shape::any;
  std::string_view name;     // for documentation: "string", "duration"
  std::string_view example;  // of `parsed`: "such as 10s or 1h30m"

  // From a member to the value in it: fills an optional, notes the mark.
  void* (*open)(void* member, Mark mark) = nullptr;
  // The value if the member has one, else null.
  const void* (*peek)(const void* member) = nullptr;
  // As it would be written; "" if there is nothing worth showing.
  std::string (*format)(const void* value) = nullptr;

  void (*set_text)(void* value, std::string_view text) = nullptr;
  void (*set_boolean)(void* value, bool) = nullptr;
  bool (*set_integer)(void* value, std::int64_t) = nullptr;  // false: does not fit
  void (*set_number)(void* value, double) = nullptr;
  bool (*parse)(void* value, std::string_view text) = nullptr;  // false: not of this form
  std::span<const Choice> choices{};
  void (*set_choice)(void* value, int) = nullptr;
  const Struct& (*object)() = nullptr;
  const Type* (*element)() = nullptr;  // of a list
  void* (*add)(void* value) = nullptr;
  void (*resize)(void* value, std::size_t expected) = nullptr;          // empties a list and makes room
  std::size_t (*count)(const void* value) = nullptr;                    // of a list
  const void* (*item)(const void* value, std::size_t index) = nullptr;  // of a list; for element()->peek
  std::string& (*entry)(void* value, std::string_view key) = nullptr;   // of a map
};

// One field of a struct.
struct Field {
  enum class Presence : std::uint8_t {
    optional,
    required,
    ignored,      // known to Kubernetes, of no use here: read over
    unsupported,  // known to Gateway API, not implemented: an error that says so
  };

  std::string_view name;
  std::string_view doc;
  const Type* type = nullptr;
  void* (*member)(void* object) = nullptr;
  Presence presence = Presence::optional;
  // Of a number: its value; of a text: its length; of a list or map: its size.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  // Of the numbers in a list.
  std::int64_t element_min = std::numeric_limits<std::int64_t>::min();
  std::int64_t element_max = std::numeric_limits<std::int64_t>::max();
  // The size that a Kubernetes API server would refuse: a warning here.
  std::int64_t kubernetes_max = std::numeric_limits<std::int64_t>::max();
  SyntaxCheck syntax = nullptr;     // of a text, or of each text in a list
  std::string_view default_text{};  // when the default is not the member's own initial value

  Field require() && {
    return with([](Field& f) { f.presence = Presence::required; });
  }
  Field between(std::int64_t low, std::int64_t high) && {
    return with([&](Field& f) { f.min = low, f.max = high; });
  }
  Field each_between(std::int64_t low, std::int64_t high) && {
    return with([&](Field& f) { f.element_min = low, f.element_max = high; });
  }
  Field at_least(std::int64_t low) && {
    return with([&](Field& f) { f.min = low; });
  }
  Field at_most(std::int64_t high) && {
    return with([&](Field& f) { f.max = high; });
  }
  Field kubernetes_at_most(std::int64_t high) && {
    return with([&](Field& f) { f.kubernetes_max = high; });
  }
  Field checked(SyntaxCheck check) && {
    return with([&](Field& f) { f.syntax = check; });
  }
  Field defaults_to(std::string_view text) && {
    return with([&](Field& f) { f.default_text = text; });
  }
  Field as(const Type& other) && {
    return with([&](Field& f) { f.type = &other; });
  }

 private:
  template <class Change>
  Field with(Change change) {
    change(*this);
    return *this;
  }
};

// The table of one struct.
struct Struct {
  std::string_view name;  // of Gateway API or ours: "HTTPRouteRule"
  std::string_view doc;
  std::vector<Field> fields;
  void (*check)(void* object,
                Checker& checker) = nullptr;  // what goes beyond single fields; may fill in defaults
  Mark* (*mark)(void* object) = nullptr;
  std::string_view mark_field{};  // whose value the mark points to; else the beginning of the struct
  const void* initial = nullptr;  // an instance with its defaults, for documentation

  const Field* find(std::string_view field) const noexcept;
};

// To be specialised: the table of a struct, the names of an enumeration, the form of a parsed text.
template <class T>
const Struct& schema_of();
template <class E>
struct Choices;  // static constexpr Choice kAll[]
template <class T>
struct Form;  // kName, kExample, static bool parse(T&, std::string_view), static std::string format(const T&)

namespace detail {

template <class T>
struct Access {
  using Value = T;
  static void* open(void* at, Mark) { return at; }
  static const void* peek(const void* at) { return at; }
};
template <class Wrapper, class T>
struct OptionalAccess {
  using Value = typename Access<T>::Value;
  static void* open(void* at, Mark mark) {
    auto& wrapper = *static_cast<Wrapper*>(at);
    if (!wrapper) wrapper.emplace();
    return Access<T>::open(&*wrapper, mark);
  }
  static const void* peek(const void* at) {
    const auto& wrapper = *static_cast<const Wrapper*>(at);
    return wrapper ? Access<T>::peek(&*wrapper) : nullptr;
  }
};
template <class T>
struct Access<std::optional<T>> : OptionalAccess<std::optional<T>, T> {};
template <class T>
struct Access<Box<T>> : OptionalAccess<Box<T>, T> {};
template <class T>
struct Access<Marked<T>> {
  using Value = typename Access<T>::Value;
  static void* open(void* at, Mark mark) {
    auto& marked = *static_cast<Marked<T>*>(at);
    marked.mark = mark;
    return Access<T>::open(&marked.value, mark);
  }
  static const void* peek(const void* at) {
    return Access<T>::peek(&static_cast<const Marked<T>*>(at)->value);
  }
};

template <class T>
concept HasForm = requires { Form<T>::kName; };
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;

void describe_text(Type& type);
void describe_boolean(Type& type);
void describe_number(Type& type);
void describe_map(Type& type);

template <class T>
void describe_integer(Type& type) {
  type.shape = Shape::integer;
  type.name = "integer";
  type.set_integer = [](void* value, std::int64_t number) {
    if (!std::in_range<T>(number)) return false;
    *static_cast<T*>(value) = static_cast<T>(number);
    return true;
  };
  type.format = [](const void* value) { return std::to_string(*static_cast<const T*>(value)); };
}

template <class T>
void describe_choice(Type& type) {
  type.shape = Shape::choice;
  type.name = "string";
  type.choices = Choices<T>::kAll;
  type.set_choice = [](void* value, int chosen) { *static_cast<T*>(value) = static_cast<T>(chosen); };
  type.format = [](const void* value) -> std::string {
    for (const Choice& choice : Choices<T>::kAll) {
      if (static_cast<T>(choice.value) == *static_cast<const T*>(value)) return std::string(choice.name);
    }
    return {};
  };
}

template <class T>
void describe_form(Type& type) {
  type.shape = Shape::parsed;
  type.name = Form<T>::kName;
  type.example = Form<T>::kExample;
  type.parse = [](void* value, std::string_view text) {
    return Form<T>::parse(*static_cast<T*>(value), text);
  };
  type.format = [](const void* value) { return Form<T>::format(*static_cast<const T*>(value)); };
}

}  // namespace detail

// The type of a member, with what wraps it (std::optional, Box, Marked) seen through.
template <class Member>
const Type& type_of();

namespace detail {

template <class T>
void describe_list(Type& type) {
  using Element = typename T::value_type;
  type.shape = Shape::list;
  type.name = "list";
  type.element = [] { return &type_of<Element>(); };
  type.add = [](void* value) -> void* { return &static_cast<T*>(value)->emplace_back(); };
  type.resize = [](void* value, std::size_t expected) {
    static_cast<T*>(value)->clear();
    static_cast<T*>(value)->reserve(expected);
  };
  type.count = [](const void* value) { return static_cast<const T*>(value)->size(); };
  type.item = [](const void* value, std::size_t index) -> const void* {
    return &(*static_cast<const T*>(value))[index];
  };
  type.format = [](const void* value) {
    std::string out;
    for (const Element& element : *static_cast<const T*>(value)) {
      const Type& inner = type_of<Element>();
      if (inner.format == nullptr) return std::string{};
      const void* at = inner.peek(&element);
      if (at != nullptr) out += (out.empty() ? "[" : ", ") + inner.format(at);
    }
    return out.empty() ? out : out + "]";
  };
}

template <class Member>
Type describe() {
  using T = typename Access<Member>::Value;
  Type type;
  type.open = &Access<Member>::open;
  type.peek = &Access<Member>::peek;
  if constexpr (HasForm<T>) {
    describe_form<T>(type);
  } else if constexpr (std::is_same_v<T, std::string>) {
    describe_text(type);
  } else if constexpr (std::is_same_v<T, bool>) {
    describe_boolean(type);
  } else if constexpr (std::is_same_v<T, double>) {
    describe_number(type);
  } else if constexpr (std::is_same_v<T, StringMap>) {
    describe_map(type);
  } else if constexpr (std::is_integral_v<T>) {
    describe_integer<T>(type);
  } else if constexpr (std::is_enum_v<T>) {
    describe_choice<T>(type);
  } else if constexpr (kIsVector<T>) {
    describe_list<T>(type);
  } else {
    type.shape = Shape::object;
    type.name = "object";
    type.object = &schema_of<T>;
  }
  return type;
}

}  // namespace detail

template <class Member>
const Type& type_of() {
  static const Type type = detail::describe<Member>();
  return type;
}

// Anything at all: what is read over.
const Type& any_type();

// Makes the fields of T: `Fields<Listener>::of<&Listener::port>("port", "Network port.")`.
template <class T>
struct Fields {
  template <auto Member>
  static Field of(std::string_view name, std::string_view doc) {
    Field field;
    field.name = name;
    field.doc = doc;
    field.type = &type_of<std::remove_reference_t<decltype(std::declval<T&>().*Member)>>();
    field.member = [](void* object) -> void* { return &(static_cast<T*>(object)->*Member); };
    return field;
  }
  // An object in YAML whose fields lie in T itself; `table` lists them.
  template <const Struct& (*table)()>
  static Field part(std::string_view name, std::string_view doc) {
    static const Type type = [] {
      Type part_type = detail::describe<T>();
      part_type.shape = Shape::object;
      part_type.name = "object";
      part_type.object = table;
      return part_type;
    }();
    Field field;
    field.name = name;
    field.doc = doc;
    field.type = &type;
    field.member = [](void* object) { return object; };
    return field;
  }
  static Field ignored(std::string_view name) {
    Field field;
    field.name = name;
    field.type = &any_type();
    field.presence = Field::Presence::ignored;
    return field;
  }
  static Field unsupported(std::string_view name, std::string_view why) {
    Field field = ignored(name);
    field.doc = why;
    field.presence = Field::Presence::unsupported;
    return field;
  }
};

// A table for T. `check` sees the object after its fields were read; see Checker.
template <class T, void (*check)(T&, Checker&) = nullptr>
Struct make_struct(std::string_view name, std::string_view doc, std::vector<Field> fields,
                   std::string_view mark_field = {}) {
  Struct table;
  table.name = name;
  table.doc = doc;
  table.fields = std::move(fields);
  table.mark_field = mark_field;
  if constexpr (check != nullptr) {
    table.check = [](void* object, Checker& checker) { check(*static_cast<T*>(object), checker); };
  }
  if constexpr (requires(T& object) { object.mark; }) {
    table.mark = [](void* object) { return &static_cast<T*>(object)->mark; };
  }
  if constexpr (std::is_default_constructible_v<T>) {
    static const T initial{};
    table.initial = &initial;
  }
  return table;
}

}  // namespace turnpike::resource
