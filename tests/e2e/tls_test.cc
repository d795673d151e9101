// TLS: a server that cannot prove who it is gets nothing, and the message says whose certificate it
// was and what is wrong with it.
#include "tests/e2e/export_fixture.h"
#include "tests/support/tls_server.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

struct TlsCase {
  std::string name;
  TlsOptions options;
  std::string cause;  // a regular expression
};
void PrintTo(const TlsCase& test, std::ostream* out) { *out << test.name; }

class TlsTest : public ExportTest {
 protected:
  // Trusts the server's authority, as a user behind a proxy of a company does.
  Outcome ExportOver(const TlsServer& server, const std::string& variable = "SSL_CERT_FILE") {
    exporter_.UseService(server.url());
    Set(variable + "=" + server.authority().string());
    return exporter_.Export({"--set", "retry.base=10ms"});
  }
  // The one variable of its kind that sluice sees; "": none.
  void Set(const std::string& variable) {
    std::vector<std::string> wrapper = {"env", "-u", "SSL_CERT_FILE", "-u", "CURL_CA_BUNDLE"};
    if (!variable.empty()) wrapper.push_back(variable);
    exporter_.RunUnder(std::move(wrapper));
  }

  const SimProcess sim_ = Simulate({"--pages", "20", "--blocks", "4", "--databases", "1"});
};

class BadTlsTest : public TlsTest, public testing::WithParamInterface<TlsCase> {};

TEST_P(BadTlsTest, EndsTheRunAndNothingIsSent) {
  const TlsServer server(sim_.port(), GetParam().options);
  const Outcome outcome = ExportOver(server);
  EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("127.0.0.1"), ContainsRegex(GetParam().cause)));
  EXPECT_EQ(sim_.Answered(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Handshakes, BadTlsTest,
    testing::Values(
        TlsCase{"WrongHost", {.address = "other.example"}, "subject name|IP address"},
        TlsCase{"Expired", {.days_from = -2, .days_to = -1}, "certificate has expired"},
        TlsCase{"NotYetValid", {.days_from = 1, .days_to = 2}, "not yet valid"},
        TlsCase{"SelfSigned", {.signer = TlsOptions::Signer::kItself}, "self.signed certificate"},
        TlsCase{"UnknownAuthority",
                {.signer = TlsOptions::Signer::kStranger},
                "unable to get local issuer certificate"},
        TlsCase{"OldVersionsOnly", {.version_max = TLS1_VERSION}, "protocol"}),
    [](const auto& test) { return test.param.name; });

TEST_F(TlsTest, AnAuthorityOfTheUsersOwnIsTrusted) {
  const TlsServer server(sim_.port());
  for (const char* variable : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    exporter_.Clear();
    const Outcome outcome = ExportOver(server, variable);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(Differences(ExportOf(sim_), exporter_.Output()), IsEmpty());
  }
}

TEST_F(TlsTest, WithoutItTheServerIsRefused) {
  const TlsServer server(sim_.port());
  exporter_.UseService(server.url());
  Set("");
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
  EXPECT_EQ(sim_.Answered(), 0u);
}

TEST_F(TlsTest, AMissingFileOfAuthoritiesIsNamed) {
  const TlsServer server(sim_.port());
  exporter_.UseService(server.url());
  Set("SSL_CERT_FILE=/nowhere.pem");
  const Outcome outcome = exporter_.Export();
  EXPECT_EQ(outcome.exit_code, 5) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("/nowhere.pem"));
}

}  // namespace
}  // namespace sluice
