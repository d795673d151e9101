#include "tests/sim/trakt_command.h"

#include "tests/sim/trakt_api.h"

namespace sluice::sim {

TraktCommand::TraktCommand(CLI::App& app)
    : command_(*app.add_subcommand("trakt", "A generated Trakt account")) {
  AddServiceFlags(command_, service_);
  AddTokenFlags(command_, tokens_);
  const CLI::Range up_to_a_million(0u, 1'000'000u);
  const auto count = [&](const char* flag, std::uint32_t& value, const char* what) {
    command_.add_option(flag, value, what)->check(up_to_a_million);
  };
  count("--history", world_.history, "Plays of movies");
  count("--ratings", world_.ratings, "Rated movies");
  count("--watchlist", world_.watchlist, "Movies of the watchlist");
  count("--collection", world_.collection, "Collected movies");
  count("--lists", world_.lists, "Personal lists, the longer the later: 5, 135, 265, ... movies");
  count("--shows", world_.shows, "Watched shows");
  count("--reviews", world_.reviews, "Comments on movies, every second one a review");
  count("--plays-edit", world_.new_plays, "So many plays more, newer than all others");
  count("--remove-plays", world_.removed_plays, "So many of the old plays are gone");
  count("--late-play", world_.late_play_after,
        "After so many requests for the movies' history one more play is in it, watched just now");
  command_.add_option("--timezone", world_.timezone, "What the account's settings say");
  command_.add_option("--device-polls", device_.polls, "So many polls for a token are pending");
  command_
      .add_option("--device-answer", device_.answer, "Instead of a token; 429 comes once, first")
      ->check(CLI::IsMember({404, 409, 410, 418, 429}));
  command_.add_option("--device-interval", device_.interval_s, "Seconds between polls, as told");
  command_.add_option("--device-seconds", device_.expires_in_s, "Life of a device code, as told");
}

int TraktCommand::Run() {
  world_.seed = tokens_.seed = service_.seed;
  EndTokensInsteadOfService(service_.faults, tokens_);
  TraktApi api(world_, tokens_, device_);
  return Serve(service_, api);
}

}  // namespace sluice::sim
