// Names of time zones, as the system knows them.
#pragma once

#include <string>

namespace sluice {

// Whether `name` ("Europe/Paris", "UTC") is in the system's tz database. Reads one file.
bool IsTimeZone(const std::string& name);

}  // namespace sluice
