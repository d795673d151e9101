// From a job to the source that it names: options, secrets, and what the state must know of both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipeline/job.h"
#include "stages/http/credential.h"
#include "stages/sources/source.h"
#include "stages/sources/trakt/trakt_options.h"

namespace sluice {

struct SourceSetup {
  std::unique_ptr<Source> source;
  // What authorises its requests where that can be renewed or is not the source's own business;
  // null: ToHttp() says everything. The source shares it.
  std::shared_ptr<Credential> credential;
  // What decides which documents there are and how they look. Not the address (a proxy may move),
  // and no secret.
  std::string fingerprint;
};

// What the job says to the source; `client_id` as it was resolved.
trakt::TraktOptions TraktOptionsOf(const Job::Trakt& trakt, std::string client_id);

// What opens the first run of a source; and the requests in it, those of its documents included.
Opening FirstOpening(const Source& source);
std::vector<Request> FirstRequests(const Source& source);

enum class Secrets {
  kResolve,  // read the variables and files, run the commands
  kMask,     // "***" stands for each: nothing will be sent
};

// kUsage: a secret cannot be found, or the job names what the source does not have.
Result<SourceSetup> MakeSource(const Job& job, Secrets secrets);

// The references that a run of this job resolves; not the secrets.
struct SecretReference {
  std::string key;    // "notion.token"
  std::string value;  // "env:NOTION_TOKEN"
};
std::vector<SecretReference> SecretReferences(const Job& job);

const std::string& BaseUrl(const Job& job);
// For messages: the key of the API's address, and what to look at when the API refuses.
std::string BaseUrlKey(const Job& job);
std::string CredentialAdvice(const Job& job);

// Whether the job lets its requests go out as plain http to any host.
bool AllowsPlainHttp(const Job& job);

}  // namespace sluice
