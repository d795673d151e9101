// The secrets of a REST job: where they are named, and the job with them in their places.
#pragma once

#include <filesystem>
#include <memory>

#include "pipeline/rest_job.h"
#include "pipeline/sources.h"
#include "stages/http/credential.h"

namespace sluice {

// Every reference of the job, with its key.
std::vector<SecretReference> RestReferences(const RestJob& job);

struct RestSetup {
  rest::RestSpec spec;  // the references in headers and query resolved, an api_key in its place
  std::shared_ptr<Credential> credential;  // null: none
};
// `state_folder` keeps tokens that are renewed while the export runs. Errors as of MakeSource().
Result<RestSetup> SetUpRest(const RestJob& job, Secrets secrets,
                            const std::filesystem::path& state_folder);

}  // namespace sluice
