// The Link header (RFC 8288). Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "stages/http/transport.h"

namespace sluice::rest {

// The target of the first link of that relation in all Link headers, as written (it may be
// relative). nullopt: there is none. Relations are compared without regard to case; what is
// malformed is passed over.
std::optional<std::string> FindLink(std::span<const HttpHeader> headers, std::string_view rel);

}  // namespace sluice::rest
