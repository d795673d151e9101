// `sluice check`: the job as it was understood, without any request.
#pragma once

#include <string>
#include <vector>

#include "pipeline/job.h"
#include "pipeline/token_reference.h"

namespace sluice {

// What the job asks for and this build does not do; one line each. A run warns of the same.
std::vector<std::string> WithoutEffect(const Job& job);

// What the job will do, for people: one line per key, and where each value came from that is not a
// default. Shows references, never a token.
std::string DescribeJob(const Job& job);

// DescribeJob() and whether the token can be found. kUsage: it cannot; names the variable or file.
Result<std::string> CheckJob(const Job& job, const GetEnv& get_env);

}  // namespace sluice
