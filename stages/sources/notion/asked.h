// What a request asked for, read back from its target (requests.h builds it).
#pragma once

#include <string>
#include <string_view>

#include "stages/sources/notion/requests.h"
#include "storage/records.h"

namespace sluice::notion {

enum class Subject {
  kSearch,
  kQuery,
  kChildren,
  kComments,
  kProperty,
  kPage,
  kDatabase,
  kDataSource,
  kUser,
  kUnknown,  // no request of requests.h
};

struct Asked {
  Subject subject = Subject::kUnknown;
  std::string id;          // of the page, block, database or user
  std::string property;    // kProperty: its id, percent-encoded as the API gave it
  ApiVersion version{};    // kQuery: which of the two query endpoints
  bool continued = false;  // a cursor was sent: not the first page of its list
};

Asked ParseRequest(const Request& request);
// For messages: "children of block 0123 (document 4567)".
std::string Describe(const Request& request);

// The page of the same list that `cursor` opens; empty: its first page. `created_from` as in
// QueryRequest. REQUIRES: `asked` is a list (kSearch to kProperty).
Request ListRequest(const Request& request, const Asked& asked, std::string_view cursor,
                    std::string_view created_from);

}  // namespace sluice::notion
