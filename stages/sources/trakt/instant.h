// Times as Trakt writes them, and bytes that sort as numbers do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/clock.h"

namespace sluice::trakt {

// "2014-09-01T09:10:11.000Z"; fractions beyond milliseconds are cut, "+02:00" is understood.
// nullopt: it is no such time.
std::optional<WallMs> ParseInstant(std::string_view text);
// In the same form.
std::string InstantText(WallMs instant_ms);

// When something was watched. Trakt gives 1970-01-01T00:00:00.000Z where the user did not know;
// that, and what is no time at all, is nullopt.
std::optional<WallMs> WatchedInstant(std::string_view text);

// Eight bytes that sort as the numbers do. nullopt sorts before all.
std::string SortBytes(std::optional<std::int64_t> value);
// A whole number by its digits; else 0. Ids have 64 bits.
std::uint64_t WholeNumber(std::string_view digits);

}  // namespace sluice::trakt
