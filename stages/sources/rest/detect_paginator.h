// The paginator `auto`: what the first answer of a list shows of the way on. Pure.
#pragma once

#include <string>

#include "stages/sources/rest/paginate.h"

namespace sluice::rest {

struct Detected {
  Paginator paginator;
  std::string why;          // "a Link header leads to the next page"
  bool may_be_cut = false;  // one page, of a length at which APIs cut
};

// In this order: a Link header; a link in the body; a cursor in the body, where the parameter that
// takes it is known; a page count in a header; an offset and a total in the body; else one page.
Detected DetectPaginator(const PageAnswer& page);

}  // namespace sluice::rest
