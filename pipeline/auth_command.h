// `sluice auth trakt`: lets the user grant access on a page of Trakt, and stores the token pair.
//
// On the command line: Verb::kAuthTrakt with Command::auth; main() makes the SignalWatch first,
// since the transport starts a thread:
//   const SignalWatch signals;
//   return RunAuthTrakt(command.auth, signals, SystemClock(), std::cout);
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "pipeline/exit_code.h"
#include "pipeline/job.h"
#include "pipeline/signals.h"
#include "pipeline/trakt_credential.h"
#include "stages/http/transport.h"

namespace sluice {

struct AuthOptions {
  std::string client_id = Job::Trakt().client_id;          // --client-id REF
  std::string client_secret = Job::Trakt().client_secret;  // --client-secret REF
  std::string auth_url = Job::Trakt().auth_url;            // --auth-url URL
  std::string token_file = Job::Trakt().token_file;        // --token-file PATH
  bool revoke = false;                                     // --revoke: end the stored one instead
};

struct TraktClient {
  std::string auth_url;
  std::string id;
  std::string secret;
};

// The world that the command runs in.
struct AuthWorld {
  // Sends, and waits for the answer.
  std::function<TransportResult(HttpRequest)> send;
  // Sleeps; true: the user wants to leave.
  std::function<bool(Duration)> sleep;
};

// Shows the code, and waits until the user has typed it. kUnauthorized: denied, expired or refused,
// with the next step. kNetwork: no answer. kCancelled: the user has left.
Result<TokenPair> Authorise(const TraktClient& client, const AuthWorld& world, const Clock& clock,
                            std::ostream& out);
// Ends the token at the server, then removes the file.
Status Revoke(const TraktClient& client, const TokenFile& file, const AuthWorld& world);

// The whole command. Messages for the user go to `out`, errors to the standard error output.
int RunAuthTrakt(const AuthOptions& options, const SignalWatch& signals, const Clock& clock,
                 std::ostream& out);

}  // namespace sluice
