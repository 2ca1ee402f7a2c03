#include "http/message.h"

#include <gtest/gtest.h>

namespace turnpike::http {
namespace {

TEST(Method, RoundTrip) {
  for (unsigned i = 0; i < static_cast<unsigned>(Method::other); ++i) {
    const auto method = static_cast<Method>(i);
    EXPECT_EQ(method_from(name_of(method)), method);
  }
  EXPECT_EQ(name_of(Method::other), "");
}

TEST(Method, IsCaseSensitive) {
  for (const char* token :
       {"", "get", "Get", "GETT", "POSt", "DELETe", "CONNECt", "OPTION", "PURGE", "PATCh"}) {
    EXPECT_EQ(method_from(token), Method::other) << token;
  }
}

TEST(Method, SafetyFollowsTheStandard) {
  EXPECT_TRUE(is_safe(Method::get) && is_safe(Method::head) && is_safe(Method::options) &&
              is_safe(Method::trace));
  EXPECT_FALSE(is_safe(Method::post) || is_safe(Method::put) || is_safe(Method::delete_) ||
               is_safe(Method::patch));
  EXPECT_TRUE(is_idempotent(Method::put) && is_idempotent(Method::delete_) && is_idempotent(Method::get));
  EXPECT_FALSE(is_idempotent(Method::post) || is_idempotent(Method::patch) || is_idempotent(Method::connect));
  EXPECT_FALSE(is_safe(Method::other) || is_idempotent(Method::other));
}

TEST(ReasonPhrase, OfWhatWeSend) {
  for (const unsigned status : {400u, 403u, 404u, 405u, 408u, 413u, 414u, 417u, 421u, 429u, 431u, 500u,
                                501u, 502u, 503u, 504u, 505u, 301u, 302u, 303u, 307u, 308u, 200u, 204u}) {
    EXPECT_NE(reason_phrase(status), "") << status;
  }
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(299), "");
  EXPECT_EQ(reason_phrase(0), "");
}

}  // namespace
}  // namespace turnpike::http
