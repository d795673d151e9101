// `sluice auth trakt`: lets the user grant access on a page of Trakt, and stores the token pair.
//
// On the command line: Verb::kAuthTrakt with Command::auth.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "pipeline/cli.h"
#include "pipeline/exit_code.h"
#include "pipeline/signals.h"
#include "pipeline/trakt_credential.h"
#include "stages/http/transport.h"

namespace sluice {

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
// Ends the token at the server, then removes the file. kUsage: there is none.
Status Revoke(const TraktClient& client, const TokenFile& file, const AuthWorld& world);

// The whole command: an exit code. Messages for the user go to `out`, errors to the standard error
// output. REQUIRES: `signals` was made before any other thread.
int RunAuthTrakt(const AuthOptions& options, const SignalWatch& signals, const Clock& clock,
                 std::ostream& out);

}  // namespace sluice
