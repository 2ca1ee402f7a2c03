#include "control/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "crypto/test_certificates.h"
#include "resource/loader.h"

namespace turnpike::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// A Secret whose certificate ends then.
std::string secret(const std::string& name, std::chrono::seconds valid_until,
                   const crypto::TestAuthority& ca) {
  const auto identity = ca.issue({.common_name = name, .names = {"DNS:" + name}, .valid_until = valid_until});
  std::string text =
      "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: " + name + "}\nstringData:\n";
  for (const auto& [key, pem] :
       {std::pair{"tls.crt", identity.chain_pem}, std::pair{"tls.key", identity.key_pem}}) {
    text += "  " + std::string(key) + ": |\n";
    for (std::size_t at = 0; at < pem.size();) {
      const std::size_t end = std::min(pem.find('\n', at), pem.size());
      text += "    " + pem.substr(at, end - at) + "\n";
      at = end + 1;
    }
  }
  return text + "---\n";
}

class CertificatesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(pipe.data()), 0); }
  void TearDown() override {
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  // What was logged since the last call.
  std::string logged() {
    EXPECT_EQ(::write(pipe[1], "\n", 1), 1);  // so that reading never waits
    char text[4096];
    const ssize_t size = ::read(pipe[0], text, sizeof text);
    return {text, static_cast<std::size_t>(size) - 1};
  }

  std::array<int, 2> pipe{};
  observe::Registry registry{1};
  observe::Families families = observe::define_families(registry);
  crypto::TestAuthority ca{"root"};
};

TEST_F(CertificatesTest, ExpiryIsAMetricAndTheLastDaysAWarning) {
  observe::Log log({.fd = pipe[1]});
  Certificates certificates(registry, families.certificate, log);
  const auto loaded = resource::load_text(secret("long", 24h * 90, ca) + secret("short", 24h * 3, ca) +
                                          secret("gone", -60s, ca));
  ASSERT_TRUE(loaded.ok()) << loaded.diagnostics.front().text();
  certificates.update(*loaded.store, std::chrono::system_clock::now());
  const std::string metrics = registry.render();
  EXPECT_THAT(metrics, HasSubstr("turnpike_certificate_expiry_timestamp_seconds{secret=\"default/long\"} "));
  EXPECT_THAT(metrics, HasSubstr("{secret=\"default/gone\"} "));
  const std::string text = logged();
  EXPECT_THAT(text, HasSubstr("certificate expires soon secret=default/short"));
  EXPECT_THAT(text, HasSubstr("certificate has expired secret=default/gone"));
  EXPECT_THAT(text, Not(HasSubstr("default/long")));
}

TEST_F(CertificatesTest, SecretsWithoutACertificateAreOfNoInterest) {
  observe::Log log({.fd = pipe[1]});
  Certificates certificates(registry, families.certificate, log);
  const auto loaded = resource::load_text(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\nstringData: {token: x}\n---\n"
      "apiVersion: v1\nkind: Secret\nmetadata: {name: broken}\nstringData: {tls.crt: no certificate}\n");
  certificates.update(*loaded.store, std::chrono::system_clock::now());
  EXPECT_THAT(registry.render(), Not(HasSubstr("secret=\"")));
  EXPECT_EQ(logged(), "");
}

}  // namespace
}  // namespace turnpike::control
