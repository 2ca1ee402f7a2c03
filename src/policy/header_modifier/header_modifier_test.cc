#include "policy/header_modifier/header_modifier.h"

#include <gtest/gtest.h>

#include "policy/testing.h"

namespace turnpike::policy {
namespace {

using Side = HeaderModifierConfig::Side;

TEST(HeaderModifier, SetsAddsAndRemovesWithoutCase) {
  // Conformance HTTPRouteRequestHeaderModifier.
  const auto policy = HeaderModifier::make({.side = Side::request,
                                            .set = {{"X-Header-Set", "header-set"}},
                                            .add = {{"X-Header-Add", "header-add"}, {"X-New", "new"}},
                                            .remove = {"X-Header-Remove", "Cookie"}});
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_TRUE((*policy)->wants_request());
  EXPECT_FALSE((*policy)->wants_response());
  EXPECT_EQ((*policy)->name(), "RequestHeaderModifier");
  TestExchange test("/", {{"x-header-set", "original"},
                          {"x-header-add", "original"},
                          {"x-header-remove", "original"},
                          {"X-HEADER-SET", "twice"},
                          {"cookie", "a=b"},
                          {"Another-Header", "kept"}});
  EXPECT_EQ((*policy)->on_request(test.exchange), Verdict::next);
  const http::Fields& fields = test.request.fields;
  EXPECT_EQ(values(fields, "X-Header-Set"), "header-set");
  EXPECT_EQ(values(fields, "X-Header-Add"), "original|header-add");
  EXPECT_EQ(values(fields, "X-New"), "new");
  EXPECT_EQ(values(fields, "X-Header-Remove"), "-");
  EXPECT_EQ(values(fields, "Cookie"), "-");
  EXPECT_EQ(values(fields, "Another-Header"), "kept");
  EXPECT_EQ(fields.size(), 5u);
}

TEST(HeaderModifier, ModifiesResponses) {
  const auto policy = HeaderModifier::make({.side = Side::response,
                                            .set = {{"Server", "turnpike"}},
                                            .add = {{"Set-Cookie", "b=2"}},
                                            .remove = {"X-Powered-By"}});
  ASSERT_TRUE(policy) << policy.error();
  EXPECT_EQ((*policy)->name(), "ResponseHeaderModifier");
  EXPECT_TRUE((*policy)->wants_response());
  TestExchange test;
  test.respond(200, {{"Server", "x"}, {"Set-Cookie", "a=1"}, {"x-powered-by", "y"}});
  (*policy)->on_response(test.exchange);
  EXPECT_EQ(values(test.response.fields, "Server"), "turnpike");
  EXPECT_EQ(values(test.response.fields, "Set-Cookie"), "a=1|b=2");
  EXPECT_EQ(values(test.response.fields, "X-Powered-By"), "-");
}

TEST(HeaderModifier, SettingHostChangesTheHostOfTheUpstream) {
  const auto policy = HeaderModifier::make({.side = Side::request, .set = {{"host", "other.example"}}});
  ASSERT_TRUE(policy) << policy.error();
  TestExchange test("/", {{"Host", "example.com"}});
  (*policy)->on_request(test.exchange);
  EXPECT_EQ(test.exchange.rewritten_host, "other.example");
  EXPECT_EQ(values(test.request.fields, "Host"), "example.com");  // the proxy writes it once
}

TEST(HeaderModifier, RefusesWhatCouldSmuggle) {
  const auto error = [](HeaderModifierConfig config) {
    const auto policy = HeaderModifier::make(std::move(config));
    return policy ? std::string("accepted") : policy.error();
  };
  EXPECT_EQ(error({.set = {{"Content-Length", "5"}}}),
            "'Content-Length' is managed by the proxy and cannot be modified");
  EXPECT_EQ(error({.add = {{"transfer-encoding", "chunked"}}}),
            "'transfer-encoding' is managed by the proxy and cannot be modified");
  EXPECT_EQ(error({.remove = {"Connection"}}), "'Connection' is managed by the proxy and cannot be modified");
  EXPECT_EQ(error({.set = {{"X", "a\r\nY: b"}}}),
            "the value of 'X' has control bytes or white space at its ends");
  EXPECT_EQ(error({.set = {{"X\r\n", "a"}}}), "'X\r\n' is not the name of a header");
  EXPECT_EQ(error({.set = {{":authority", "a"}}}), "':authority' is not the name of a header");
  EXPECT_EQ(error({.remove = {""}}), "'' is not the name of a header");
  EXPECT_EQ(error({.set = {{"X-A", "1"}}, .remove = {"x-a"}}), "'x-a' is modified twice");
  EXPECT_EQ(error({.add = {{"X-A", "1"}, {"X-A", "2"}}}), "'X-A' is modified twice");
  EXPECT_EQ(error({.add = {{"Host", "a"}}}), "Host can be set only: a request has exactly one");
  EXPECT_EQ(error({.remove = {"Host"}}), "Host can be set only: a request has exactly one");
  EXPECT_EQ(error({.side = Side::response, .set = {{"Host", "a"}}}), "a response has no Host");
}

TEST(HeaderModifier, DescribesItself) {
  const auto policy =
      HeaderModifier::make({.set = {{"X-Env", "prod"}}, .add = {{"X-B", "2"}}, .remove = {"X-Debug"}});
  EXPECT_EQ((*policy)->describe(), "set X-Env: prod; add X-B: 2; remove X-Debug");
  EXPECT_EQ((*HeaderModifier::make({}))->describe(), "nothing");
}

}  // namespace
}  // namespace turnpike::policy
