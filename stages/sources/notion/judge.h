// What a refusal of the Notion API means: whether to ask again, and what stands in for an answer
// that will never come.
#pragma once

#include <optional>
#include <string_view>

#include "stages/sources/notion/notion_options.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// By the status alone: bodies of the edge in front of the API are HTML. The body's own words, where
// there are any, are for people.
//   400                  invalid       the request is not what the API wants
//   401                  unauthorized  the token is wrong; nothing else will work
//   403                  invalid       this kind of thing is closed to the integration
//   404                  not-found     not there, or not shared with the integration
//   408, 409, 5xx        transient     ask again
//   429, 529             rate-limited  ask again later
//   other                invalid
Verdict JudgeAnswer(const Request& request, int status, std::string_view body);

// See Source::ReadRefusal. Nullopt also for every status that JudgeAnswer does not call permanent.
std::optional<Reading> ReadRefusedAnswer(const Request& request, int status, std::string_view body,
                                         const NotionOptions& options);

}  // namespace sluice::notion
