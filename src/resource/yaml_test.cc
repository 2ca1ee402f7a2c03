#include "resource/yaml.h"

#include <gtest/gtest.h>

#include <string>

namespace turnpike::resource {
namespace {

std::string error_of(std::string_view text, YamlLimits limits = {}) {
  Document document;
  const auto error = document.parse(text, limits);
  if (!error) return "";
  return std::to_string(error->mark.line) + ":" + std::to_string(error->mark.column) + " " + error->message;
}

TEST(Yaml, knows_where_things_stand) {
  Document document;
  ASSERT_FALSE(document.parse("a: 1\nb:\n  - x\n  - {c: 'd', e: [1, 2]}\n"));
  const Node& root = *document.root();
  ASSERT_EQ(root.type, Node::Type::mapping);
  EXPECT_EQ(root.size, 2U);
  const Node* a = root.find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->type, Node::Type::plain);
  EXPECT_EQ(a->text, "1");
  EXPECT_EQ(a->mark, (Mark{0, 4}));
  EXPECT_EQ(a->key_mark, (Mark{0, 1}));
  const Node* b = root.find("b");
  ASSERT_NE(b, nullptr);
  ASSERT_EQ(b->type, Node::Type::sequence);
  EXPECT_EQ(b->first->text, "x");
  EXPECT_EQ(b->first->mark, (Mark{2, 5}));
  const Node* c = b->first->next->find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->type, Node::Type::quoted);
  EXPECT_EQ(c->mark, (Mark{3, 9}));
  EXPECT_EQ(root.find("nothing"), nullptr);
  EXPECT_EQ(a->find("x"), nullptr);
}

TEST(Yaml, reads_json) {
  Document document;
  ASSERT_FALSE(document.parse("{\"a\": {\"b\": [1, true, null, \"x\\u00e9\\n\"]}, \"c\": \"\"}"));
  const Node* b = document.root()->find("a")->find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->size, 4U);
  EXPECT_EQ(b->first->next->next->type, Node::Type::null);
  EXPECT_EQ(b->first->next->next->next->text, "x\xc3\xa9\n");
  EXPECT_EQ(document.root()->find("c")->type, Node::Type::quoted);
}

TEST(Yaml, nulls_and_nothing) {
  Document document;
  ASSERT_FALSE(document.parse("a:\nb: ~\nc: null\nd: ''\n"));
  EXPECT_EQ(document.root()->find("a")->type, Node::Type::null);
  EXPECT_EQ(document.root()->find("b")->type, Node::Type::null);
  EXPECT_EQ(document.root()->find("c")->type, Node::Type::null);
  EXPECT_EQ(document.root()->find("d")->type, Node::Type::quoted);
  Document empty;
  ASSERT_FALSE(empty.parse("# only a comment\n"));
  EXPECT_EQ(empty.root(), nullptr);
  Document blank;
  ASSERT_FALSE(blank.parse(""));
  EXPECT_EQ(blank.root(), nullptr);
}

TEST(Yaml, block_scalars_are_texts) {
  Document document;
  ASSERT_FALSE(document.parse("a: |\n  1\n  2\nb: >-\n  x\n  y\n"));
  EXPECT_EQ(document.root()->find("a")->type, Node::Type::quoted);
  EXPECT_EQ(document.root()->find("a")->text, "1\n2\n");
  EXPECT_EQ(document.root()->find("b")->text, "x y");
}

TEST(Yaml, anchors_stand_for_what_they_name) {
  Document document;
  ASSERT_FALSE(document.parse("a: &x {k: v}\nb: *x\nc: [*x, *x]\n"));
  EXPECT_EQ(document.root()->find("b")->find("k")->text, "v");
  EXPECT_EQ(document.root()->find("c")->size, 2U);
  EXPECT_EQ(document.root()->find("c")->first->next->find("k")->text, "v");
}

TEST(Yaml, what_is_refused_and_where) {
  EXPECT_EQ(error_of("a: 1\nb: 2\na: 3\n"), "2:1 'a' is given twice");
  EXPECT_EQ(error_of("x: {a: 1, a: 2}\n"), "0:11 'a' is given twice");
  EXPECT_EQ(error_of("? [a]\n: b\n"), "0:3 a key must be a plain text");
  EXPECT_EQ(error_of("<<: {a: 1}\n"), "0:1 merge keys ('<<') are not supported");
  EXPECT_EQ(error_of("a: !mine 1\n").substr(0, 4), "0:4 ");
  EXPECT_EQ(error_of("a: &x [*x]\n"), "0:8 an alias may not stand inside its own anchor");
  EXPECT_EQ(error_of("a: \xff\n"), "0:4 this byte is not part of a UTF-8 text");
  EXPECT_EQ(error_of(std::string_view("a: \0b\n", 6)), "0:4 this byte is not part of a UTF-8 text");
  EXPECT_EQ(error_of("a: x\rb: y\n"), "0:5 a carriage return without a line feed");
  EXPECT_EQ(error_of("a: [1, 2\n").substr(0, 2), "1:");
  EXPECT_NE(error_of("a:\n  c: 1\n\tb: 2\n").find("a tab in the indentation"), std::string::npos);
  EXPECT_NE(error_of("a: 'x\n"), "");
  EXPECT_NE(error_of("a: *nowhere\n"), "");
  EXPECT_NE(error_of("a: b: c\n"), "");
  EXPECT_EQ(error_of("- a: 1\n b: 2\n"), "1:2 this line does not continue the list above it");
  EXPECT_EQ(error_of("a: [1]]\n"), "0:7 illegal flow end");
  EXPECT_NE(error_of("{a: 1} x\n"), "");
}

TEST(Yaml, many_keys_are_compared_quickly_and_rightly) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(error_of(text), "");
  EXPECT_EQ(error_of(text + "k777: 2\n"), "20000:1 'k777' is given twice");
}

TEST(Yaml, depth_is_bounded_before_it_can_hurt) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(error_of(nested(64)), "");
  EXPECT_EQ(error_of(nested(65)), "0:65 the document is nested deeper than 64 levels");
  EXPECT_NE(error_of(std::string(1'000'000, '[')), "");
  EXPECT_NE(error_of(std::string(200'000, '{')), "");
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_NE(error_of(dashes), "");
  std::string steps;
  for (std::size_t i = 0; i < 100; ++i) steps += std::string(i, ' ') + "a:\n";
  EXPECT_NE(error_of(steps).find("nested deeper"), std::string::npos);
}

TEST(Yaml, aliases_cannot_multiply) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k == 0 ? "" : ", ") + last;
    text += "]\n";
  }
  EXPECT_NE(error_of(text).find("more than 1000000 values"), std::string::npos);
  // Deep by aliases rather than by brackets.
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i) {
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_NE(error_of(deep).find("nested deeper"), std::string::npos);
}

TEST(Yaml, the_number_of_values_is_bounded) {
  YamlLimits limits;
  limits.nodes = 10;
  EXPECT_EQ(error_of("[1, 2, 3, 4, 5, 6, 7, 8, 9]", limits), "");
  EXPECT_NE(error_of("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", limits), "");
  limits = {};
  limits.indicators = 10;
  EXPECT_EQ(error_of("[1, 2, 3, 4, 5, 6, 7, 8, 9]", limits), "");
  EXPECT_EQ(error_of("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", limits), "0:1 the document has too many values");
}

}  // namespace
}  // namespace turnpike::resource
