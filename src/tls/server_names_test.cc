#include "tls/server_names.h"

#include <gtest/gtest.h>

#include "tls/test_pair.h"

namespace turnpike::tls {
namespace {

using crypto::KeyType;

crypto::KeyPair pair_for(std::vector<std::string> names, KeyType key = KeyType::ec) {
  for (std::string& name : names) name.insert(0, "DNS:");
  return test_root().issue({.common_name = "x", .names = std::move(names), .key = key}).pair();
}

// "name/certificate,certificate" or "-".
std::string chosen(const ServerNames& names, std::string_view sni) {
  const auto found = names.find(sni);
  if (!found) return "-";
  const ServerNames::SetRef& set = names.sets()[*found];
  std::string out = std::to_string(set.name) + "/";
  for (const std::size_t i : set.certificates) out += (out.back() == '/' ? "" : ",") + std::to_string(i);
  return out;
}

TEST(ServerNames, OneForAll) {
  const ServerNames names({{.hostname = "", .certificates = {pair_for({"a.example.com"})}}});
  for (const char* sni : {"", "a.example.com", "b.example.com", "localhost"})
    EXPECT_EQ(chosen(names, sni), "0/0") << sni;
  EXPECT_EQ(names.sets().size(), 1U) << "no second context where none is needed";
}

TEST(ServerNames, MostSpecificListener) {
  const ServerNames names({{.hostname = "*.example.com", .certificates = {pair_for({"*.example.com"})}},
                           {.hostname = "a.example.com", .certificates = {pair_for({"a.example.com"})}},
                           {.hostname = "*.b.Example.com", .certificates = {pair_for({"*.b.example.com"})}},
                           {.hostname = "*.com", .certificates = {pair_for({"example.com"})}}});
  EXPECT_EQ(chosen(names, "a.example.com"), "1/0");
  EXPECT_EQ(chosen(names, "c.example.com"), "0/0");
  EXPECT_EQ(chosen(names, "x.b.example.com"), "2/0");
  EXPECT_EQ(chosen(names, "x.y.b.example.com"), "2/0") << "a listener's wildcard stands for several labels";
  EXPECT_EQ(chosen(names, "b.example.com"), "0/0");
  EXPECT_EQ(chosen(names, "example.com"), "3/0");
  EXPECT_EQ(chosen(names, "com"), "-");
  EXPECT_EQ(chosen(names, "example.org"), "-");
  EXPECT_EQ(chosen(names, ""), "-");
}

TEST(ServerNames, CertificateByItsNames) {
  const ServerNames names({{.hostname = "",
                            .certificates = {pair_for({"default.example.com"}), pair_for({"*.example.com"}),
                                             pair_for({"a.example.com", "A.example.org"})}}});
  EXPECT_EQ(chosen(names, "default.example.com"), "0/0");
  EXPECT_EQ(chosen(names, "a.example.com"), "0/2") << "an exact name before a wildcard";
  EXPECT_EQ(chosen(names, "a.example.org"), "0/2");
  EXPECT_EQ(chosen(names, "b.example.com"), "0/1");
  EXPECT_EQ(chosen(names, "x.b.example.com"), "0/0") << "a certificate's wildcard stands for one label";
  EXPECT_EQ(chosen(names, "elsewhere.org"), "0/0");
  EXPECT_EQ(chosen(names, ""), "0/0");
  EXPECT_EQ(names.sets().front().certificates, ServerNames::Set{0}) << "the default comes first";
}

TEST(ServerNames, KeysSideBySide) {
  const ServerNames names(
      {{.hostname = "",
        .certificates = {pair_for({"a.example.com"}, KeyType::rsa), pair_for({"b.example.com"}),
                         pair_for({"a.example.com"}), pair_for({"a.example.com"})}}});
  EXPECT_EQ(chosen(names, "a.example.com"), "0/0,2") << "the first of each type";
  EXPECT_EQ(chosen(names, ""), "0/0,2");
  EXPECT_EQ(chosen(names, "b.example.com"), "0/1");
}

TEST(ServerNames, CertificateWithoutNames) {
  const ServerNames names({{.hostname = "a.example.com", .certificates = {pair_for({})}}});
  EXPECT_EQ(chosen(names, "a.example.com"), "0/0");
}

}  // namespace
}  // namespace turnpike::tls
