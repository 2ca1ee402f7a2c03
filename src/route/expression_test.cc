#include "route/expression.h"

#include <gtest/gtest.h>

namespace turnpike::route {
namespace {

TEST(ExpressionError, SaysWhatIsWrong) {
  EXPECT_EQ(expression_error("/a(b|c)+/[0-9]{1,3}"), "");
  EXPECT_EQ(expression_error(""), "");
  EXPECT_EQ(expression_error("/pay("), "missing ): /pay(");
  EXPECT_NE(expression_error("a{1000}{1000}"), "");
  EXPECT_NE(expression_error("(?=look)"), "");
  EXPECT_NE(expression_error("\xff"), "");
  EXPECT_NE(expression_error(std::string(5000, 'a')), "");
}

}  // namespace
}  // namespace turnpike::route
