// sluice-sim: the services that tests, benchmarks and the demo export from.
#include <exception>
#include <iostream>
#include <map>
#include <optional>

#include "tests/sim/notion_api.h"
#include "tests/sim/replay.h"
#include "tests/sim/rest_command.h"
#include "tests/sim/service.h"
#include "tests/sim/trakt_api.h"
#include "tests/sim/trakt_command.h"

namespace {

using sluice::sim::ApiVersion;

void AddNotionFlags(CLI::App& command, sluice::sim::WorldOptions& world, std::string& version) {
  command.add_option("--pages", world.pages, "Pages, rows of databases included")
      ->check(CLI::Range(1u, 100'000'000u));
  command.add_option("--blocks", world.blocks, "Average top-level blocks of a page")
      ->check(CLI::Range(0u, 10'000u));
  command.add_option("--depth", world.depth, "Levels of blocks below a page")
      ->check(CLI::Range(1u, 7u));
  command.add_option("--databases", world.databases, "Databases; every fifth page is a row of one")
      ->check(CLI::Range(0u, 100'000u));
  command.add_option("--edit", world.edits, "So many pages have a newer revision");
  command.add_option("--delete", world.deletions, "So many leaf pages are gone");
  command.add_option("--giant", world.giant, "One more page with so many blocks")
      ->check(CLI::Range(0u, 16'000'000u));
  command
      .add_option("--list-max", world.list_max,
                  "A list gives so many entries at a time, whatever was asked for")
      ->check(CLI::Range(0u, 1'000'000u));
  command.add_option("--api", version, "The version answered, whatever the request's header says")
      ->check(CLI::IsMember({"2022-06-28", "2025-09-03", "2026-03-11", "both"}));
}

std::optional<ApiVersion> ForcedVersion(const std::string& text) {
  if (text == "2022-06-28") return ApiVersion::k2022;
  if (text == "2025-09-03") return ApiVersion::k2025;
  if (text == "2026-03-11") return ApiVersion::k2026;
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulated services on the loopback interface");
  app.require_subcommand(1);
  sluice::sim::ServiceOptions service;
  sluice::sim::WorldOptions world;
  std::string version = "both";
  std::string recordings;
  CLI::App& notion = *app.add_subcommand("notion", "A generated Notion workspace");
  AddServiceFlags(notion, service);
  AddNotionFlags(notion, world, version);
  CLI::App& replay = *app.add_subcommand("replay", "A recorded Notion workspace or Trakt account");
  AddServiceFlags(replay, service);
  replay.add_option("dir", recordings, "Folder with api/, exchanges.jsonl or api.trakt.tv/")
      ->required()
      ->check(CLI::ExistingDirectory);
  sluice::sim::RestCommand rest(app);
  sluice::sim::TraktCommand trakt(app);
  CLI11_PARSE(app, argc, argv);
  try {
    if (replay.parsed()) {
      if (const auto trakt_bodies = sluice::sim::TraktRecordings::Below(recordings)) {
        sluice::sim::TokenOptions tokens{.seed = service.seed};
        EndTokensInsteadOfService(service.faults, tokens);
        sluice::sim::TraktApi api(*trakt_bodies, tokens);
        return Serve(service, api);
      }
      sluice::sim::ReplayApi api(recordings);
      return Serve(service, api);
    }
    if (rest.parsed()) return rest.Run();
    if (trakt.parsed()) return trakt.Run();
    world.seed = service.seed;
    sluice::sim::NotionApi api(world, ForcedVersion(version));
    return Serve(service, api);
  } catch (const std::exception& error) {
    std::cerr << "sluice-sim: " << error.what() << "\n";
    return 2;
  }
}
