// What an answer means by the rules of a resource (error_handler), and by default:
//
//   401                     unauthorized; the credential is renewed where it can be
//   404                     not-found
//   408, 409, 425, 5xx      transient
//   429, 529                rate-limited
//   everything else         invalid
//
// The first rule that matches decides. A rule without http_codes matches every status, 2xx too:
// some APIs answer 200 with an error in the body.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stages/json/raw_json.h"
#include "stages/sources/rest/rest_spec.h"
#include "stages/sources/source.h"

namespace sluice::rest {

// The rule that says something about this answer. nullptr: none does.
const ResponseFilter* FindRule(const ErrorHandler& handler, const AnswerView& answer);

// Of an answer that is not 2xx.
Verdict JudgeRefusal(const Resource& resource, const AnswerView& answer);

// Of a 2xx answer, by the rule that is about it or by none: the error to return. nullopt: it is to
// be read as a page. Without a rule that is every one but 202, which says that the answer is still
// being made (GitHub's statistics): transient. Not for Action::kIgnore.
std::optional<Error> JudgeAccepted(const Resource& resource, const ResponseFilter* rule,
                                   const AnswerView& answer);

// The API's own words, without secrets, on one line and shortened: a message in JSON, the title of
// an HTML page.
std::string WordsOf(std::string_view body);
std::string WordsOf(const JsonValue& body);

}  // namespace sluice::rest
