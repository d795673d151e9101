// The order of incremental cursors: the values by which an API says what changed since.
#pragma once

#include <string_view>

namespace sluice {

// Whether `a` lies before `b`. Whole and decimal numbers compare by value, whatever their length;
// RFC 3339 timestamps ("2024-05-01T10:00:00.123+02:00", "2024-05-01") by instant; everything else,
// and values of different kinds, byte by byte. Empty lies before everything.
//
// Pure. A total order within one kind of value.
bool CursorLess(std::string_view a, std::string_view b);

}  // namespace sluice
