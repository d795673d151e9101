// `sluice verify`: the proof of storage/verify, for people and for scripts. Pure formatting.
#pragma once

#include <filesystem>
#include <string>

#include "storage/verify.h"

namespace sluice {

// One line a problem, then a summary.
std::string VerifyText(const std::filesystem::path& output, const Verification& verification);
std::string VerifyJson(const std::filesystem::path& output, const Verification& verification);

}  // namespace sluice
