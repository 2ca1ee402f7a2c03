#include "policy/cors/cors.h"

#include <gtest/gtest.h>

#include "policy/testing.h"

namespace turnpike::policy {
namespace {

constexpr std::string_view kOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kMethods = "Access-Control-Allow-Methods";
constexpr std::string_view kHeaders = "Access-Control-Allow-Headers";
constexpr std::string_view kExpose = "Access-Control-Expose-Headers";
constexpr std::string_view kCredentials = "Access-Control-Allow-Credentials";
constexpr std::string_view kMaxAge = "Access-Control-Max-Age";

std::unique_ptr<const Policy> cors(CorsConfig config) {
  auto policy = Cors::make(std::move(config));
  EXPECT_TRUE(policy) << policy.error();
  return policy ? std::move(*policy) : nullptr;
}

// The answer to a preflight; checks that it comes from the policy and that the response hook leaves it alone.
std::unique_ptr<TestExchange> preflight(const Policy& policy, Headers headers) {
  auto test = std::make_unique<TestExchange>("/x", std::move(headers));
  test->request.method = http::Method::options;
  EXPECT_EQ(policy.on_request(test->exchange), Verdict::respond);
  EXPECT_EQ(test->exchange.direct.status, 200);
  test->response.fields = test->exchange.direct.fields;
  test->exchange.response = &test->response;
  policy.on_response(test->exchange);
  EXPECT_EQ(values(test->response.fields, "Vary"),
            "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return test;
}

std::unique_ptr<TestExchange> simple(const Policy& policy, Headers headers, Headers upstream = {}) {
  auto test = std::make_unique<TestExchange>("/x", std::move(headers));
  EXPECT_EQ(policy.on_request(test->exchange), Verdict::next);
  test->respond(200, std::move(upstream));
  policy.on_response(test->exchange);
  return test;
}

CorsConfig conformance_one() {
  return {.allow_origins = {"https://www.foo.com", "https://*.bar.com"},
          .allow_credentials = true,
          .allow_methods = {"GET", "OPTIONS"},
          .allow_headers = {"x-header-1", "x-header-2"},
          .expose_headers = {"x-header-3", "x-header-4"},
          .max_age = 3600};
}

// Conformance HTTPRouteCORS.
TEST(Cors, AnswersPreflightsOfAllowedOrigins) {
  const auto policy = cors(conformance_one());
  for (const std::string_view origin :
       {"https://www.foo.com", "https://www.bar.com", "https://xpto.www.bar.com"}) {
    const auto test = preflight(*policy, {{"Origin", origin},
                                          {"access-control-request-method", "GET"},
                                          {"access-control-request-headers", "x-header-1, x-header-2"}});
    EXPECT_EQ(values(test->response.fields, kOrigin), origin);
    EXPECT_EQ(values(test->response.fields, kMethods), "GET, OPTIONS");
    EXPECT_EQ(values(test->response.fields, kHeaders), "x-header-1, x-header-2");
    EXPECT_EQ(values(test->response.fields, kExpose), "x-header-3, x-header-4");
    EXPECT_EQ(values(test->response.fields, kMaxAge), "3600");
    EXPECT_EQ(values(test->response.fields, kCredentials), "true");
  }
}

TEST(Cors, AnswersPreflightsOfOthersWithoutPermission) {
  const auto policy = cors(conformance_one());
  for (const std::string_view origin :
       {"https://foobar.com", "http://www.foo.com", "https://www.foo.com:8443",
        "https://www.foo.com.evil.example", "https://bar.com", "https://evilbar.com", "null",
        "https://www.foo.com/", "https://www.foo.com, https://a.com", "https://a@www.foo.com",
        "file://www.foo.com", ""}) {
    const auto test = preflight(*policy, {{"Origin", origin}, {"access-control-request-method", "GET"}});
    for (const std::string_view name : {kOrigin, kMethods, kHeaders, kExpose, kMaxAge, kCredentials})
      EXPECT_EQ(values(test->response.fields, name), "-") << origin << " " << name;
  }
}

TEST(Cors, ReadsOriginsWithoutCaseAndWithTheirDefaultPort) {
  const auto policy = cors({.allow_origins = {"http://a.com", "https://b.com:8443", "https://*:9443"}});
  for (const std::string_view origin :
       {"http://A.com", "HTTP://a.com:80", "https://b.com:8443", "https://x.y:9443", "https://[::1]:9443"})
    EXPECT_EQ(values(simple(*policy, {{"Origin", origin}})->response.fields, kOrigin), origin);
  for (const std::string_view origin : {"https://b.com", "http://a.com:81", "http://a.com:080x",
                                        "https://:9443", "https://x.y:99999", "https://a b:9443"})
    EXPECT_EQ(values(simple(*policy, {{"Origin", origin}})->response.fields, kOrigin), "-") << origin;
}

TEST(Cors, AddsFieldsToResponsesAndReplacesThoseOfTheUpstream) {
  const auto policy = cors(conformance_one());
  const Headers upstream = {{"Access-Control-Allow-Origin", "*"},
                            {"access-control-allow-methods", "DELETE"},
                            {"Access-Control-Max-Age", "1"},
                            {"Vary", "Accept-Encoding"},
                            {"X-Other", "kept"}};
  const auto allowed = simple(*policy, {{"Origin", "https://www.foo.com"}}, upstream);
  EXPECT_EQ(values(allowed->response.fields, kOrigin), "https://www.foo.com");
  EXPECT_EQ(values(allowed->response.fields, kCredentials), "true");
  EXPECT_EQ(values(allowed->response.fields, kExpose), "x-header-3, x-header-4");
  EXPECT_EQ(values(allowed->response.fields, kMethods), "-");
  EXPECT_EQ(values(allowed->response.fields, kMaxAge), "-");
  EXPECT_EQ(values(allowed->response.fields, "Vary"), "Accept-Encoding|Origin");
  EXPECT_EQ(values(allowed->response.fields, "X-Other"), "kept");
  for (const Headers& request : {Headers{{"Origin", "https://foobar.com"}}, Headers{}}) {
    const auto other = simple(*policy, request, upstream);
    EXPECT_EQ(values(other->response.fields, kOrigin), "-");
    EXPECT_EQ(values(other->response.fields, "Vary"), "Accept-Encoding|Origin");
  }
}

TEST(Cors, DoesNotRepeatVary) {
  const auto policy = cors({.allow_origins = {"*"}});
  EXPECT_EQ(values(simple(*policy, {}, {{"Vary", "Accept, origin"}})->response.fields, "Vary"),
            "Accept, origin");
  EXPECT_EQ(values(simple(*policy, {}, {{"Vary", "*"}})->response.fields, "Vary"), "*");
}

TEST(Cors, WildcardMethodsAndHeadersEchoWhatWasAskedFor) {
  for (const bool credentials : {false, true}) {
    const auto policy = cors({.allow_origins = {"https://other.foo.com"},
                              .allow_credentials = credentials,
                              .allow_methods = {"*"},
                              .allow_headers = {"*"}});
    const auto test = preflight(*policy, {{"Origin", "https://other.foo.com"},
                                          {"Access-Control-Request-Method", "PUT"},
                                          {"Access-Control-Request-Headers", "x-header-1, x-header-2"}});
    EXPECT_EQ(values(test->response.fields, kMethods), "PUT");
    EXPECT_EQ(values(test->response.fields, kHeaders), "x-header-1, x-header-2");
    EXPECT_EQ(values(test->response.fields, kCredentials), credentials ? "true" : "-");
    EXPECT_EQ(values(test->response.fields, kMaxAge), "5");
    // Nothing asked for, nothing echoed; nor is anything that is not a list of names.
    const auto bare = preflight(*policy, {{"Origin", "https://other.foo.com"},
                                          {"Access-Control-Request-Method", "P T"},
                                          {"Access-Control-Request-Headers", "a b, <script>"}});
    EXPECT_EQ(values(bare->response.fields, kMethods), "-");
    EXPECT_EQ(values(bare->response.fields, kHeaders), "-");
  }
}

TEST(Cors, WildcardOriginEchoesTheOrigin) {
  const auto policy = cors({.allow_origins = {"*"}, .allow_methods = {"PUT"}});
  for (const std::string_view origin : {"https://foobar.com", "https://foobar.com:12345", "null"}) {
    EXPECT_EQ(values(simple(*policy, {{"Origin", origin}})->response.fields, kOrigin), origin);
    EXPECT_EQ(values(simple(*policy, {{"Origin", origin}})->response.fields, kCredentials), "-");
  }
  const auto with_credentials = cors({.allow_origins = {"*"}, .allow_credentials = true});
  EXPECT_EQ(values(simple(*with_credentials, {{"Origin", "https://a.com"}})->response.fields, kOrigin),
            "https://a.com");
  EXPECT_EQ(values(simple(*with_credentials, {{"Origin", "null"}})->response.fields, kOrigin), "-");
}

TEST(Cors, TwoOriginFieldsAreNone) {
  const auto policy = cors({.allow_origins = {"*"}});
  EXPECT_EQ(
      values(simple(*policy, {{"Origin", "https://a.com"}, {"Origin", "https://b.com"}})->response.fields,
             kOrigin),
      "-");
}

TEST(Cors, RemembersTheOriginThatOtherPoliciesRemove) {
  const auto policy = cors({.allow_origins = {"https://a.com"}});
  TestExchange test("/", {{"Origin", "https://a.com"}});
  policy->on_request(test.exchange);
  test.request.fields.remove(http::FieldId::origin);
  test.respond(200);
  policy->on_response(test.exchange);
  EXPECT_EQ(values(test.response.fields, kOrigin), "https://a.com");
}

TEST(Cors, OptionsWithoutARequestedMethodIsNoPreflight) {
  const auto policy = cors({.allow_origins = {"*"}});
  TestExchange test("/", {{"Origin", "https://a.com"}});
  test.request.method = http::Method::options;
  EXPECT_EQ(policy->on_request(test.exchange), Verdict::next);
}

TEST(Cors, ExposesNoWildcardWithCredentials) {
  const auto open = cors({.allow_origins = {"*"}, .expose_headers = {"*"}});
  EXPECT_EQ(values(simple(*open, {{"Origin", "https://a.com"}})->response.fields, kExpose), "*");
  const auto secret = cors({.allow_origins = {"*"}, .allow_credentials = true, .expose_headers = {"*"}});
  EXPECT_EQ(values(simple(*secret, {{"Origin", "https://a.com"}})->response.fields, kExpose), "-");
}

TEST(Cors, RefusesWhatCannotBeMeant) {
  const auto error = [](CorsConfig config) {
    const auto policy = Cors::make(std::move(config));
    return policy ? std::string("accepted") : policy.error();
  };
  for (const std::string_view origin :
       {"a.com", "ftp://a.com", "https://a.com/", "https://*a.com", "https://a.*.com", "https://*.*.com",
        "*.com", "https://a.com:0", "https://a.com:x", "https://"})
    EXPECT_NE(error({.allow_origins = {std::string(origin)}}), "accepted") << origin;
  EXPECT_EQ(error({.allow_origins = {"*", "https://a.com"}}),
            "allowOrigins: '*' stands for all and cannot have others beside it");
  EXPECT_EQ(error({.allow_methods = {"*", "GET"}}),
            "allowMethods: '*' stands for all and cannot have others beside it");
  EXPECT_EQ(error({.allow_headers = {"a b"}}), "allowHeaders: 'a b' is not a name");
  EXPECT_EQ(error({.expose_headers = {"a\r\nb"}}), "exposeHeaders: 'a\r\nb' is not a name");
  EXPECT_EQ(error({.max_age = -1}), "maxAge cannot be negative");
}

TEST(Cors, DescribesItself) {
  EXPECT_EQ(
      cors(conformance_one())->describe(),
      "origins https://www.foo.com, https://*.bar.com; methods GET, OPTIONS; headers x-header-1, x-header-2; "
      "with credentials");
}

}  // namespace
}  // namespace turnpike::policy
