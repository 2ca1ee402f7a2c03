#include "resource/document_split.h"

#include <gtest/gtest.h>

#include <string>

namespace turnpike::resource {
namespace {

std::string split(std::string_view text) {
  std::string out;
  for (const DocumentText& document : split_documents(text)) {
    out += std::to_string(document.first_line) + "<" + std::string(document.text) + ">";
  }
  return out;
}

TEST(DocumentSplit, at_markers) {
  EXPECT_EQ(split(""), "");
  EXPECT_EQ(split("a: 1"), "1<a: 1>");
  EXPECT_EQ(split("a: 1\n---\nb: 2\n"), "1<a: 1\n>2<---\nb: 2\n>");
  EXPECT_EQ(split("---\na: 1\n--- {b: 2}\n"), "1<---\na: 1\n>3<--- {b: 2}\n>");
  EXPECT_EQ(split("a: 1\r\n---\r\nb: 2\r\n"), "1<a: 1\r\n>2<---\r\nb: 2\r\n>");
}

TEST(DocumentSplit, what_only_looks_like_a_marker) {
  EXPECT_EQ(split("a: 1\n---b: 2\n"), "1<a: 1\n---b: 2\n>");
  EXPECT_EQ(split("a: |\n  ---\n"), "1<a: |\n  ---\n>");
  EXPECT_EQ(split("----\n"), "1<----\n>");
  EXPECT_EQ(split("a: |\n  x\n---\n"), "1<a: |\n  x\n>3<---\n>");  // ends even a block scalar
}

TEST(DocumentSplit, comments_and_directives_belong_to_what_follows) {
  EXPECT_EQ(split("# hello\n\n---\na: 1\n"), "1<# hello\n\n---\na: 1\n>");
  EXPECT_EQ(split("%YAML 1.2\n---\na: 1\n"), "1<%YAML 1.2\n---\na: 1\n>");
  EXPECT_EQ(split("# nothing\n"), "");
  EXPECT_EQ(split("  \n\t\n"), "");
}

TEST(DocumentSplit, the_end_marker) {
  EXPECT_EQ(split("a: 1\n...\nb: 2\n"), "1<a: 1\n>3<b: 2\n>");
  EXPECT_EQ(split("a: 1\n...\n# x\n---\nb: 2\n"), "1<a: 1\n>3<# x\n---\nb: 2\n>");
}

TEST(DocumentSplit, a_byte_order_mark_is_passed_over) {
  EXPECT_EQ(split("\xEF\xBB\xBF"
                  "a: 1\n"),
            "1<a: 1\n>");
}

}  // namespace
}  // namespace turnpike::resource
