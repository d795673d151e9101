// A Trail is what the source itself remembers along a chain of requests: which cursors of a list it
// has followed, and why it asks. It travels in Request::context, which is no part of the cache key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::notion {

struct Trail {
  std::vector<std::string> cursors;  // hashes of the cursors followed in this list, 16 hex digits
  std::string created_from;          // of a query: where its window begins (ISO time)
  std::string created_last;          // of a query: created_time of the last row seen so far
  std::string synced_from;           // of a synced copy's children: the block that it copies
  bool root = false;                 // the job names this id in `roots`
  bool optional = false;             // the reference may well lead nowhere
  bool restarted = false;            // the list was begun anew once, after a stale cursor
};

// Words separated by spaces; unknown words are skipped, so that an older state can be read.
std::string EncodeTrail(const Trail& trail);
Trail DecodeTrail(std::string_view context);

std::string CursorHash(std::string_view cursor);
bool HasSeen(const Trail& trail, std::string_view cursor);

}  // namespace sluice::notion
