#include "cli/proxy_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "resource/loader.h"

namespace turnpike::cli {
namespace {

using testing::HasSubstr;

std::expected<std::string, std::string> text_for(std::vector<std::string> to) { return proxy_text(8080, to); }

// What is generated must be what a user may write.
void expect_valid(const std::vector<std::string>& to) {
  const auto text = text_for(to);
  ASSERT_TRUE(text) << text.error();
  const resource::Loaded loaded = resource::load_text(*text, "proxy");
  for (const resource::Diagnostic& d : loaded.diagnostics) ADD_FAILURE() << d.text();
  ASSERT_EQ(loaded.store->all<resource::Gateway>().size(), 1U);
  EXPECT_EQ(loaded.store->all<resource::Backend>()[0]->endpoints.size(), to.size());
}

TEST(ProxyText, IsAValidConfiguration) {
  expect_valid({"127.0.0.1:9000"});
  expect_valid({"payments.internal:9000", "10.0.0.2:9001"});
  expect_valid({"[::1]:9000"});
  expect_valid({"https://api.example.com"});
  expect_valid({"http://api.example.com/"});
}

TEST(ProxyText, PortsAndSchemes) {
  EXPECT_THAT(*text_for({"http://a.example"}), HasSubstr("address: \"a.example\", port: 80}"));
  EXPECT_THAT(*text_for({"https://a.example"}), HasSubstr("port: 443}"));
  EXPECT_THAT(*text_for({"https://a.example:8443"}), HasSubstr("hostname: \"a.example\""));
  EXPECT_THAT(*text_for({":9000"}), HasSubstr("address: \"127.0.0.1\", port: 9000}"));
}

TEST(ProxyText, WhatIsNoUpstreamIsRefused) {
  const auto error = [](std::vector<std::string> to) {
    const auto text = text_for(std::move(to));
    return text ? "accepted: " + *text : text.error();
  };
  EXPECT_THAT(error({"payments"}), HasSubstr("is no upstream"));
  EXPECT_THAT(error({"payments:0"}), HasSubstr("is no upstream"));
  EXPECT_THAT(error({"http://a.example/path"}), HasSubstr("has a path"));
  EXPECT_THAT(error({"ftp://a.example"}), HasSubstr("neither http nor https"));
  EXPECT_THAT(error({"a\"b:80"}), HasSubstr("no valid host name"));
  EXPECT_THAT(error({"a}:80"}), HasSubstr("no valid host name"));
  EXPECT_THAT(error({"http://a:80", "https://a:443"}), HasSubstr("all upstreams are https or none"));
  EXPECT_THAT(error({"https://a:443", "https://b:443"}), HasSubstr("one name"));
}

}  // namespace
}  // namespace turnpike::cli
