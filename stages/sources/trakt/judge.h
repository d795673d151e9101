// What an answer of the Trakt API other than 2xx means. Its bodies are empty, HTML (Cloudflare's,
// and its own 404) or JSON: the status counts, the words only where they are JSON. A 403 in HTML is
// not Trakt's own: transient.
#pragma once

#include "stages/sources/source.h"

namespace sluice::trakt {

// See Source::Judge.
Verdict JudgeAnswer(const Request& request, const AnswerView& answer);
// See Source::ReadRefusal: a list that was deleted between its listing and its reading.
std::optional<Reading> ReadRefusedAnswer(const Request& request, const AnswerView& answer);

}  // namespace sluice::trakt
