// The subcommand `rest`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "tests/sim/oauth.h"
#include "tests/sim/rest_paging.h"
#include "tests/sim/rest_world.h"
#include "tests/sim/service.h"

namespace sluice::sim {

class RestCommand {
 public:
  // Adds the subcommand; `this` must outlive the parsing.
  explicit RestCommand(CLI::App& app);

  bool parsed() const { return command_.parsed(); }
  // Serves until it is told to stop; gives the exit code.
  int Run();

 private:
  CLI::App& command_;
  ServiceOptions service_;
  RestOptions world_;
  PagingOptions paging_;
  TokenOptions tokens_;
  std::string paginator_ = "header_link";
  std::string auth_;
};

}  // namespace sluice::sim
