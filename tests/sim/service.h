// What every simulated service has in common: the flags, and the way of a request through rate
// limit and faults to the API and back.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/api.h"
#include "tests/sim/faults.h"
#include "tests/sim/oauth.h"
#include "tests/sim/rate_limit.h"

namespace sluice::sim {

struct ServiceOptions {
  int port = 0;
  std::uint64_t seed = 1;
  std::chrono::milliseconds latency{0};
  double rate = 0;
  double burst = 1;
  int wall_s = 0;
  int outage_s = 0;
  std::vector<Fault> faults;
  std::string log;
};

// Adds the common flags to a subcommand; `options` must outlive the parsing.
void AddServiceFlags(CLI::App& command, ServiceOptions& options);

// Adds the flags of a service that gives out tokens.
void AddTokenFlags(CLI::App& command, TokenOptions& options);
// Turns 401-after:N into tokens that serve N requests, so that a renewed one works again.
void EndTokensInsteadOfService(std::vector<Fault>& faults, TokenOptions& tokens);

// Prints the 'listening' line and serves `api` until SIGTERM or SIGINT. Both signals must be
// blocked in every thread. Returns the exit code.
int Serve(const ServiceOptions& options, Api& api);

}  // namespace sluice::sim
