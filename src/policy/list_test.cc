#include "policy/list.h"

#include <gtest/gtest.h>

namespace turnpike::policy {
namespace {

using resource::HttpFilterType;
using resource::HttpRouteFilter;

HttpRouteFilter filter_of(HttpFilterType type) {
  HttpRouteFilter filter;
  filter.type = type;
  return filter;
}

TEST(PolicyList, MakesEachFilter) {
  HttpRouteFilter headers = filter_of(HttpFilterType::request_header_modifier);
  headers.request_header_modifier.emplace().set.push_back({"X-A", "1"});
  HttpRouteFilter response = filter_of(HttpFilterType::response_header_modifier);
  response.response_header_modifier.emplace().remove.push_back("X-A");
  HttpRouteFilter redirect = filter_of(HttpFilterType::request_redirect);
  redirect.request_redirect.emplace().scheme = "https";
  HttpRouteFilter rewrite = filter_of(HttpFilterType::url_rewrite);
  rewrite.url_rewrite.emplace().path.emplace() = {resource::HttpPathModifier::Type::replace_prefix_match,
                                                  "/y"};
  HttpRouteFilter cors = filter_of(HttpFilterType::cors);
  cors.cors.emplace().allow_origins.push_back("*");
  for (const auto& [filter, text] : {std::pair{&headers, "set X-A: 1"},
                                     {&response, "remove X-A"},
                                     {&redirect, "302 to scheme https"},
                                     {&rewrite, "replace prefix by /y"},
                                     {&cors, "origins *"}}) {
    const auto policy = make_policy(*filter);
    ASSERT_TRUE(policy) << policy.error();
    EXPECT_EQ((*policy)->describe(), text);
    EXPECT_EQ((*policy)->name(), name_of(filter->type));
    EXPECT_LT(place_of((*policy)->name()), kOrder.size());
  }
}

TEST(PolicyList, MirrorsAreNoPolicies) {
  HttpRouteFilter mirror = filter_of(HttpFilterType::request_mirror);
  mirror.request_mirror.emplace();
  const auto policy = make_policy(mirror);
  ASSERT_TRUE(policy);
  EXPECT_EQ(*policy, nullptr);
}

TEST(PolicyList, UnknownExtensionsAreErrors) {
  HttpRouteFilter filter = filter_of(HttpFilterType::extension_ref);
  filter.extension_ref.emplace().group = "example.com";
  filter.extension_ref->kind = "Filter";
  EXPECT_EQ(make_policy(filter).error(),
            "there is no filter of kind example.com/Filter: Turnpike has no extension filters");
  EXPECT_EQ(make_policy(filter_of(HttpFilterType::cors)).error(), "filter CORS lacks its settings");
}

TEST(PolicyList, ActsInAnExplicitOrder) {
  EXPECT_LT(place_of("CORS"), place_of("RequestRedirect"));
  EXPECT_LT(place_of("RequestRedirect"), place_of("RequestHeaderModifier"));
  EXPECT_LT(place_of("RequestHeaderModifier"), place_of("URLRewrite"));
  EXPECT_EQ(place_of("Nonsense"), kOrder.size());
}

}  // namespace
}  // namespace turnpike::policy
