// The subcommand `trakt`.
#pragma once

#include <CLI/CLI.hpp>

#include "tests/sim/service.h"
#include "tests/sim/trakt_oauth.h"
#include "tests/sim/trakt_world.h"

namespace sluice::sim {

class TraktCommand {
 public:
  // Adds the subcommand; `this` must outlive the parsing.
  explicit TraktCommand(CLI::App& app);

  bool parsed() const { return command_.parsed(); }
  // Serves until it is told to stop; gives the exit code.
  int Run();

 private:
  CLI::App& command_;
  ServiceOptions service_;
  TraktOptions world_;
  TokenOptions tokens_;
  DeviceOptions device_;
};

}  // namespace sluice::sim
