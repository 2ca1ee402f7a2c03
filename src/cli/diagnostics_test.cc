#include "cli/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace turnpike::cli {
namespace {

using resource::Diagnostic;
using resource::Severity;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Diagnostic at(std::uint32_t line, std::uint32_t column, std::string message = "unknown field 'backendRef'") {
  Diagnostic d;
  d.position = {std::make_shared<const std::string>("gw.yaml"), line, column};
  d.message = std::move(message);
  d.hint = "did you mean 'backendRefs'?";
  return d;
}

TEST(Diagnostics, QuotesTheLineWithACaretUnderTheColumn) {
  Sources sources;
  sources.add("gw.yaml", "rules:\n- backendRef: x\n");
  const std::string text = render(at(2, 3), sources, Terminal(false));
  EXPECT_EQ(text,
            "gw.yaml:2:3: error: unknown field 'backendRef'\n"
            "  2 | - backendRef: x\n"
            "    |   ^\n"
            "  hint: did you mean 'backendRefs'?\n");
}

TEST(Diagnostics, TabsAndUmlautsKeepTheCaretInPlace) {
  Sources sources;
  sources.add("gw.yaml", "\tn\xc3\xa4me: x\r\n");
  // The column counts bytes: the one after "\tn\xc3\xa4" is 5.
  EXPECT_THAT(render(at(1, 5), sources, Terminal(false)), HasSubstr("    | \t  ^\n"));
}

TEST(Diagnostics, LinesThatAreMissingOrUnprintableAreLeftOut) {
  Sources sources;
  sources.add("gw.yaml", "a: \x1b[31m\n");
  EXPECT_THAT(render(at(1, 1), sources, Terminal(false)), Not(HasSubstr("\x1b")));
  EXPECT_THAT(render(at(7, 1), sources, Terminal(false)), Not(HasSubstr("|")));
  EXPECT_THAT(render(at(0, 0), sources, Terminal(false)), Not(HasSubstr("|")));
  Sources none;
  EXPECT_THAT(render(at(1, 1), none, Terminal(false)), StartsWith("gw.yaml:1:1: error: "));
}

TEST(Diagnostics, NothingOfTheFileActsOnTheTerminal) {
  Sources sources;
  sources.add("gw.yaml", "kind: \u202eoof\n");
  Diagnostic d = at(1, 7, "unknown kind '\x1b[31mFoo\n'");
  d.hint = "\u009b2J";
  d.resource = "Gateway default/\x1b]0;title\x07";
  EXPECT_EQ(render(d, sources, Terminal(false)),
            "gw.yaml:1:7: error: unknown kind '\\x1b[31mFoo\\x0a'  [Gateway default/\\x1b]0;title\\x07]\n"
            "  hint: \\x9b2J\n");
}

TEST(Diagnostics, AFileAsAWholeHasNoLine) {
  Sources sources;
  sources.add("gw.yaml", "kind: Foo\n");
  EXPECT_THAT(render(at(0, 0, "cannot be read: Permission denied"), sources, Terminal(false)),
              StartsWith("gw.yaml: error: cannot be read: Permission denied\n"));
}

TEST(Diagnostics, LongLinesAreCutAroundTheColumn) {
  Sources sources;
  sources.add("gw.yaml", std::string(5000, 'a') + "X" + std::string(5000, 'b'));
  const std::string text = render(at(1, 5001), sources, Terminal(false));
  EXPECT_LT(text.size(), 600U);
  const std::size_t line = text.find("| ");
  const std::size_t caret = text.find('^') - text.find("| ", text.find('\n', line));
  EXPECT_EQ(text.find('X') - line, caret);
}

TEST(Diagnostics, ColumnBeyondTheLineIsAtItsEnd) {
  Sources sources;
  sources.add("gw.yaml", "abc\n");
  EXPECT_THAT(render(at(1, 400), sources, Terminal(false)), HasSubstr("    |    ^\n"));
}

TEST(Diagnostics, Summary) {
  std::vector<Diagnostic> all{at(1, 1)};
  EXPECT_EQ(summary(all), "1 error");
  all.push_back(at(1, 1));
  all.push_back(at(1, 1));
  all.back().severity = Severity::warning;
  EXPECT_EQ(summary(all), "2 errors and 1 warning");
  EXPECT_EQ(summary({}), "");
  Sources sources;
  EXPECT_THAT(render(all, sources, Terminal(false)), EndsWith("2 errors and 1 warning\n"));
}

TEST(Diagnostics, ColourOnlyWhereAsked) {
  Sources sources;
  EXPECT_THAT(render(at(1, 1), sources, Terminal(true)), HasSubstr("\x1b[1;31merror: "));
  EXPECT_THAT(render(at(1, 1), sources, Terminal(false)), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace turnpike::cli
