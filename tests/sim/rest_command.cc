#include "tests/sim/rest_command.h"

#include "tests/sim/rest_api.h"

namespace sluice::sim {

RestCommand::RestCommand(CLI::App& app)
    : command_(*app.add_subcommand("rest", "Generated records behind one of several paginators")) {
  tokens_.expires_in_s = 3600;
  AddServiceFlags(command_, service_);
  AddTokenFlags(command_, tokens_);
  command_.add_option("--paginator", paginator_, "How the lists are handed out")
      ->check(CLI::IsMember(
          {"header_link", "cursor", "offset", "page_number", "json_link", "header_cursor"}));
  command_.add_option("--records", world_.records, "Records, deleted ones included")
      ->check(CLI::Range(0u, 99'999'999u));
  command_.add_option("--notes", world_.notes, "A record has up to so many notes")
      ->check(CLI::Range(0u, 999u));
  command_.add_option("--edit", world_.edits, "So many records have a newer revision");
  command_.add_option("--delete", world_.deletions, "So many records are gone");
  command_.add_flag("--big-ids", world_.big_ids, "Ids above 2^53 and a field of 25 digits");
  command_.add_flag("--hostile", world_.hostile, "Names, keys and shapes that are hard to write");
  command_.add_option("--page-max", paging_.page_max, "A page holds at most so many")
      ->check(CLI::Range(1u, 1'000'000u));
  command_.add_option("--cap", paging_.cap, "Lists seem to end after so many; the total does not");
  command_.add_option("--auth", auth_,
                      "bearer:TOKEN, basic:USER:PASSWORD, api_key:NAME:VALUE or "
                      "oauth2[:CLIENT_ID:CLIENT_SECRET]");
}

int RestCommand::Run() {
  world_.seed = tokens_.seed = service_.seed;
  paging_.paginator = *ParsePaginator(paginator_);
  if (auth_.starts_with("oauth2")) EndTokensInsteadOfService(service_.faults, tokens_);
  RestApi api(world_, paging_, auth_, tokens_);
  return Serve(service_, api);
}

}  // namespace sluice::sim
