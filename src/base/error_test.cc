#include "base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace turnpike {
namespace {

// Operators search by these names: each kind has one, and no two share it.
TEST(Error, EachKindHasItsName) {
  std::set<std::string_view> names;
  for (int i = 1; i <= static_cast<int>(ErrorKind::internal); ++i) {
    const std::string_view name = name_of(static_cast<ErrorKind>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos)
        << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(name_of(ErrorKind::none), "");
}

TEST(Error, KnowsWhoseFaultItIs) {
  EXPECT_EQ(client_error(ErrorKind::bad_request).source, ErrorSource::client);
  EXPECT_EQ(client_error(ErrorKind::bad_request).retry, Retry::never);
  EXPECT_EQ(upstream_error(ErrorKind::connect_refused, Retry::safe).source, ErrorSource::upstream);
  EXPECT_EQ(our_error(ErrorKind::overloaded, "why").detail, "why");
}

}  // namespace
}  // namespace turnpike
