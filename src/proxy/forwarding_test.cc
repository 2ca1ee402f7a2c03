#include "proxy/forwarding.h"

#include <gtest/gtest.h>

namespace turnpike::proxy {
namespace {

using http::FieldId;

struct Forwarded : testing::Test {
  Arena arena;
  http::RequestHead request;
  plan::ClientSettings settings;
  ClientFacts client{.ip = "203.0.113.7", .port = 4711};

  void add(std::string_view name, std::string_view value) { request.fields.add(arena, name, value); }
  std::string_view value(std::string_view name) {
    const http::Field* field = request.fields.find(name);
    return field == nullptr ? std::string_view("(none)") : field->value;
  }
  Forwarding write() { return write_forwarding_fields(request, client, settings, arena); }
};

TEST_F(Forwarded, WritesAllForAnUntrustedClientAndDropsWhatItClaims) {
  request.authority = "shop.example";
  add("X-Forwarded-For", "10.0.0.1");
  add("x-forwarded-for", "10.0.0.2");
  add("X-Forwarded-Proto", "https");
  add("X-Forwarded-Host", "evil.example");
  add("Forwarded", "for=10.0.0.1");
  const Forwarding result = write();
  EXPECT_EQ(result.client_ip, "203.0.113.7");
  EXPECT_EQ(result.scheme, "http");
  EXPECT_EQ(value("X-Forwarded-For"), "203.0.113.7");
  EXPECT_EQ(request.fields.count(FieldId::x_forwarded_for), 1U);
  EXPECT_EQ(value("X-Forwarded-Proto"), "http");
  EXPECT_EQ(value("X-Forwarded-Host"), "shop.example");
  EXPECT_EQ(value("Forwarded"), "for=203.0.113.7;host=\"shop.example\";proto=http");
  EXPECT_EQ(value("Via"), "1.1 turnpike");
}

TEST_F(Forwarded, AppendsForATrustedProxyAndFindsTheClientBehindIt) {
  settings.trusted_proxies = {*io::Cidr::parse("203.0.113.0/24"), *io::Cidr::parse("10.0.0.0/8")};
  client.trusted = is_trusted(settings, client.ip);
  ASSERT_TRUE(client.trusted);
  request.authority = "shop.example";
  add("X-Forwarded-For", "1.1.1.1, 198.51.100.9, 10.1.1.1");
  add("X-Forwarded-Proto", "HTTPS");
  add("X-Forwarded-Host", "www.shop.example");
  add("Via", "1.0 cdn");
  const Forwarding result = write();
  // 10.1.1.1 is trusted, 198.51.100.9 is not: what stands left of it is the client's own claim.
  EXPECT_EQ(result.client_ip, "198.51.100.9");
  EXPECT_EQ(result.scheme, "https");
  EXPECT_EQ(value("X-Forwarded-For"), "1.1.1.1, 198.51.100.9, 10.1.1.1, 203.0.113.7");
  EXPECT_EQ(value("X-Forwarded-Host"), "www.shop.example");
  EXPECT_EQ(value("Via"), "1.0 cdn, 1.1 turnpike");
}

TEST_F(Forwarded, StopsAtWhatIsNoAddress) {
  settings.trusted_proxies = {*io::Cidr::parse("203.0.113.7"), *io::Cidr::parse("10.0.0.0/8")};
  client.trusted = true;
  add("X-Forwarded-For", "198.51.100.9, unknown, 10.0.0.3");
  EXPECT_EQ(write().client_ip, "10.0.0.3");
}

TEST_F(Forwarded, QuotesIpv6AndLeavesOutAHostItCannotQuote) {
  client.ip = "2001:db8::1";
  client.tls = true;
  request.authority = "a\"b";
  write();
  EXPECT_EQ(value("Forwarded"), "for=\"[2001:db8::1]\";proto=https");
}

TEST_F(Forwarded, RemovesHopByHopFieldsAndWhatConnectionNames) {
  add("Connection", "close, X-Private , keep-alive");
  add("X-Private", "1");
  add("Keep-Alive", "timeout=5");
  add("Proxy-Authorization", "Basic x");
  add("TE", "trailers");
  add("Transfer-Encoding", "chunked");
  add("Upgrade", "h2c");
  add("X-Public", "2");
  write();
  EXPECT_EQ(value("X-Private"), "(none)");
  EXPECT_EQ(value("X-Public"), "2");
  for (const FieldId id : {FieldId::connection, FieldId::keep_alive, FieldId::proxy_authorization,
                           FieldId::te, FieldId::transfer_encoding, FieldId::upgrade}) {
    EXPECT_EQ(request.fields.count(id), 0U) << name_of(id);
  }
}

TEST_F(Forwarded, ConnectionCannotTakeFieldsWithMeaningAwayFromTheUpstream) {
  add("Connection", "Authorization, Cookie, X-Forwarded-For, Host");
  add("Authorization", "Bearer t");
  add("Cookie", "a=b");
  write();
  EXPECT_EQ(value("Authorization"), "Bearer t");
  EXPECT_EQ(value("Cookie"), "a=b");
  EXPECT_EQ(value("X-Forwarded-For"), "203.0.113.7");
}

TEST_F(Forwarded, InternalFieldsFromOutsideAreRemovedInEverySpelling) {
  add("X-Turnpike-User", "root");
  add("x-turnpike-user", "root");
  add("X_Turnpike_User", "root");
  add("x-Turnpike_user", "root");
  add("X-Turnpikes", "fine");
  settings.allow_underscores = true;
  remove_untrusted_fields(request.fields, settings, false);
  ASSERT_EQ(request.fields.size(), 1U);
  EXPECT_EQ(request.fields.begin()->name, "X-Turnpikes");
}

TEST_F(Forwarded, WhatOnlyProxiesSayIsTakenFromProxiesOnly) {
  for (const char* name : {"X-Forwarded-Client-Cert", "X-FORWARDED-PORT", "X-Original-URL", "x-rewrite-url",
                           "X-Real-IP", "True-Client-IP", "Front-End-Https", "X_Real_IP"}) {
    add(name, "1");
  }
  settings.allow_underscores = true;
  add("X-Real-IP-Too", "fine");
  add("X-Forwarder", "fine");
  remove_untrusted_fields(request.fields, settings, true);
  EXPECT_EQ(request.fields.size(), 10U);
  remove_untrusted_fields(request.fields, settings, false);
  ASSERT_EQ(request.fields.size(), 2U);
  EXPECT_EQ(request.fields.begin()->name, "X-Real-IP-Too");
}

TEST_F(Forwarded, UnderscoresAreRemovedUnlessAllowed) {
  add("X_Custom", "1");
  settings.allow_underscores = true;
  remove_untrusted_fields(request.fields, settings, false);
  EXPECT_EQ(request.fields.size(), 1U);
  settings.allow_underscores = false;
  remove_untrusted_fields(request.fields, settings, false);
  EXPECT_EQ(request.fields.size(), 0U);
}

TEST_F(Forwarded, ExpectIsPassedOnExceptFromHttp10) {
  add("Expect", "100-continue");
  write();
  EXPECT_EQ(value("Expect"), "100-continue");
  client.version = http::Version::http10;
  write();
  EXPECT_EQ(value("Expect"), "(none)");
}

}  // namespace
}  // namespace turnpike::proxy
