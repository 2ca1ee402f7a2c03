#include "http/fields.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "base/strings.h"

namespace turnpike::http {
namespace {

static_assert(std::is_trivially_destructible_v<Fields>);

TEST(FieldId, KnowsEveryNameInEveryCase) {
  for (unsigned i = 1; i < static_cast<unsigned>(FieldId::count_); ++i) {
    const auto id = static_cast<FieldId>(i);
    std::string name(name_of(id));
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(field_id(name), id) << name;
    EXPECT_EQ(field_id(lower_case(name)), id) << name;
    for (char& c : name) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
    EXPECT_EQ(field_id(name), id) << name;
  }
}

TEST(FieldId, TakesNoOtherByteForAKnownOne) {
  for (unsigned i = 1; i < static_cast<unsigned>(FieldId::count_); ++i) {
    const auto id = static_cast<FieldId>(i);
    std::string name(name_of(id));
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string other = name;
        other[at] = static_cast<char>(byte);
        if (!equals_ignoring_case(other, name))
          EXPECT_NE(field_id(other), id) << name << " at " << at << " " << byte;
      }
    }
    EXPECT_NE(field_id(name + "x"), id);
    EXPECT_NE(field_id(name.substr(1)), id);
  }
}

TEST(FieldId, UnknownNames) {
  for (const char* name : {"", "x", "xy", "xyz", "X-Custom", "Content_Length", "content-length ", "Hos\x14",
                           "Content\rLength", "a-name-that-is-longer-than-every-known-one-by-far"}) {
    EXPECT_EQ(field_id(name), FieldId::unknown) << name;
  }
  EXPECT_EQ(name_of(FieldId::unknown), "");
}

TEST(Fields, AddFindCount) {
  Arena arena;
  Fields fields;
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.find(FieldId::host), nullptr);
  fields.add(arena, "host", "a");
  fields.add(arena, "X-One", "1");
  fields.add(arena, FieldId::cookie, "c=1");
  fields.add(arena, "COOKIE", "c=2");
  EXPECT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields.value(FieldId::host), "a");
  EXPECT_EQ(fields.find("HOST")->name, "host");
  EXPECT_EQ(fields.find("x-one")->value, "1");
  EXPECT_EQ(fields.find("x-two"), nullptr);
  EXPECT_EQ(fields.count(FieldId::cookie), 2u);
  EXPECT_EQ(fields.count(FieldId::te), 0u);
  EXPECT_TRUE(fields.may_have(FieldId::cookie));
  EXPECT_FALSE(fields.may_have(FieldId::te));
}

TEST(Fields, GrowsAndKeepsTheOrder) {
  Arena arena;
  Fields fields;
  for (int i = 0; i < 1000; ++i) {
    fields.add(arena, arena.copy("x-" + std::to_string(i)), arena.copy(std::to_string(i)));
  }
  int i = 0;
  for (const Field& field : fields) EXPECT_EQ(field.value, std::to_string(i++));
  EXPECT_EQ(i, 1000);
  EXPECT_EQ(fields.find("X-999")->value, "999");
}

TEST(Fields, SetReplacesAllInThePlaceOfTheFirst) {
  Arena arena;
  Fields fields;
  fields.add(arena, "a", "0");
  fields.add(arena, "Via", "1");
  fields.add(arena, "b", "2");
  fields.add(arena, "via", "3");
  fields.add(arena, "c", "4");
  fields.set(arena, FieldId::via, "one");
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields.begin()[1].name, "Via");
  EXPECT_EQ(fields.begin()[1].value, "one");
  EXPECT_EQ(fields.begin()[3].name, "c");
  fields.set(arena, "B", "two");
  EXPECT_EQ(fields.begin()[2].name, "B");
  EXPECT_EQ(fields.begin()[2].value, "two");
  fields.set(arena, "new", "n");
  EXPECT_EQ(fields.begin()[4].value, "n");
  EXPECT_EQ(fields.size(), 5u);
}

TEST(Fields, Remove) {
  Arena arena;
  Fields fields;
  fields.add(arena, "Te", "a");
  fields.add(arena, "x", "b");
  fields.add(arena, "X", "c");
  fields.add(arena, "te", "d");
  fields.add(arena, "y", "e");
  EXPECT_EQ(fields.remove("TE"), 2u);
  EXPECT_EQ(fields.remove(FieldId::te), 0u);
  EXPECT_FALSE(fields.may_have(FieldId::te));
  EXPECT_EQ(fields.remove("X"), 2u);
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields.begin()->name, "y");
  fields.clear();
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.find("y"), nullptr);
}

TEST(Fields, Joined) {
  Arena arena;
  Fields fields;
  const std::string_view one = "alone";
  fields.add(arena, "Vary", one);
  fields.add(arena, "x", "a");
  fields.add(arena, "Accept", "p");
  fields.add(arena, "X", "");
  fields.add(arena, "x", "b, c");
  EXPECT_EQ(fields.joined(arena, FieldId::vary).data(), one.data()) << "no copy";
  EXPECT_EQ(fields.joined(arena, "X"), "a, , b, c");
  EXPECT_EQ(fields.joined(arena, "none"), "");
  EXPECT_EQ(fields.joined(arena, FieldId::unknown), "");
}

TEST(Fields, CloneIsApart) {
  Arena arena;
  Arena other;
  Fields fields;
  fields.add(arena, "a", "1");
  Fields copy = fields.clone(other);
  copy.set(other, "a", "2");
  copy.add(other, "Host", "h");
  EXPECT_EQ(fields.find("a")->value, "1");
  EXPECT_FALSE(fields.may_have(FieldId::host));
  EXPECT_EQ(copy.value(FieldId::host), "h");
  EXPECT_TRUE(Fields().clone(other).empty());
}

}  // namespace
}  // namespace turnpike::http
