// A REST job against an API that is a function, without network and without state.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stages/sources/rest/rest_source.h"
#include "stages/sources/rest/url.h"
#include "storage/base/cursor_order.h"
#include "tests/support/rows.h"

namespace sluice::rest {

struct FakeAnswer {
  int status = 200;
  std::string body;
  std::vector<HttpHeader> headers;

  AnswerView View() const { return {.status = status, .body = body, .headers = headers}; }
};

// One resource "records" at https://api.test/v1/records, single page unless said otherwise.
inline Resource Records(Paginator paginator = {.type = Paginator::Type::kSinglePage}) {
  return {.name = "records", .path = "records", .paginator = std::move(paginator)};
}

inline RestSpec Job(std::vector<Resource> resources) {
  return {.name = "test", .base_url = "https://api.test/v1", .resources = std::move(resources)};
}

// What a first run knows: nothing.
inline LastRun FirstRun(std::int64_t generation = 1) {
  return {.generation = generation,
          .find = [](const DocumentId&) { return std::optional<LastRun::Collection>(); }};
}

// Walks a job to its end as the machine does: what an answer reveals is asked for, nothing twice.
class Walk {
 public:
  using Server = std::function<FakeAnswer(const Request&)>;

  Walk(RestSpec spec, Server server, LastRun last = FirstRun(), unsigned seed = 0)
      : source_(std::move(spec), nullptr), server_(std::move(server)), rng_(seed), seed_(seed) {
    for (const DocumentUpdate& document : source_.Open(last).documents) {
      if (document.collection) definitions_[document.id.value] = document.revision;
      for (const Request& request : document.content) Discover(request);
    }
    while (!open_.empty()) Step();
  }

  // The bodies in the order of their positions, a blank between them.
  std::string Rows(const std::string& resource = "records") const {
    std::map<std::string, std::string> sorted;
    const auto rows = rows_.find(resource);
    if (rows == rows_.end()) return {};
    for (const auto& [key, row] : rows->second) sorted[row.position] = row.body;
    std::string text;
    for (const auto& [position, body] : sorted) text += (text.empty() ? "" : " ") + body;
    return text;
  }
  std::vector<std::string> Keys(const std::string& resource = "records") const {
    std::vector<std::string> keys;
    const auto rows = rows_.find(resource);
    if (rows == rows_.end()) return keys;
    for (const auto& [key, row] : rows->second) keys.push_back(key);
    return keys;
  }
  // What the next run will know, had this one been complete.
  LastRun Next(std::int64_t generation = 2) const {
    return {.generation = generation, .find = [this](const DocumentId& id) {
              const auto known = definitions_.find(id.value);
              if (known == definitions_.end()) return std::optional<LastRun::Collection>();
              const auto cursor = cursors.find(id.value);
              return std::optional(
                  LastRun::Collection{.definition = known->second,
                                      .cursor = cursor == cursors.end() ? "" : cursor->second});
            }};
  }
  bool HasNote(std::string_view kind, std::string_view part) const {
    return std::any_of(notes.begin(), notes.end(), [&](const Note& note) {
      return note.kind == kind && note.text.find(part) != std::string::npos;
    });
  }
  const RestSource& source() const { return source_; }

  std::vector<std::string> asked;  // targets (and bodies), in the order of asking
  std::vector<std::string> shortfalls;
  std::vector<std::string> errors;
  std::vector<Note> notes;
  std::map<std::string, std::string> cursors;
  std::size_t most_open = 0;  // requests that were known and not answered, at most

 private:
  bool Discover(const Request& request) {
    if (!seen_.insert(RequestText(request) + request.revision.value).second) return false;
    open_.push_back(request);
    most_open = std::max(most_open, open_.size());
    return true;
  }

  void Step() {
    const std::size_t index = seed_ == 0 ? 0 : rng_() % open_.size();
    const Request request = open_[index];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
    asked.push_back(request.body.empty() ? request.target : request.target + " " + request.body);
    ASSERT_LT(asked.size(), 20'000u) << "the walk has no end";
    const FakeAnswer answer = server_(request);
    if (answer.status / 100 == 2) {
      auto reading = source_.Read(request, answer.View(), 0);
      if (reading) return Take(request, std::move(*reading));
      errors.push_back(reading.error().message);
    } else if (auto reading = source_.ReadRefusal(request, answer.View())) {
      Take(request, std::move(*reading));
    } else {
      errors.push_back(source_.Judge(request, answer.View()).message);
    }
  }

  void Take(const Request& request, Reading reading) {
    if (!reading.shortfall.empty()) shortfalls.push_back(reading.shortfall);
    for (const Request& next : reading.requests) {
      if (!Discover(next) && next.next_page) shortfalls.push_back("circle");
    }
    notes.insert(notes.end(), reading.notes.begin(), reading.notes.end());
    if (!reading.rows) return;
    std::string& cursor = cursors[request.document.value];
    if (CursorLess(cursor, reading.rows->cursor)) cursor = reading.rows->cursor;
    auto& rows = rows_[request.document.value];
    for (Row& row : RowsOf(reading.rows->rows)) {
      const std::string key = row.key.empty() ? "#" + std::to_string(rows.size()) : row.key;
      const auto [known, fresh] = rows.emplace(key, row);
      if (fresh) continue;
      const std::string position = std::min(known->second.position, row.position);
      if (known->second.position < row.position) known->second = row;
      known->second.position = position;
    }
    auto& tally = tallies_[request.document.value + " " + reading.rows->list];
    tally += reading.rows->given;
    if (reading.rows->declared) declared[reading.rows->list] = *reading.rows->declared;
    given[reading.rows->list] = tally;
  }

  const RestSource source_;
  const Server server_;
  std::mt19937 rng_;
  const unsigned seed_;
  std::vector<Request> open_;
  std::set<std::string> seen_;
  std::map<std::string, std::map<std::string, Row>> rows_;
  std::map<std::string, Revision> definitions_;
  std::map<std::string, std::int64_t> tallies_;

 public:
  std::map<std::string, std::int64_t> declared;  // by list
  std::map<std::string, std::int64_t> given;
};

// [{"id":first}, ..., {"id":last}]
inline std::string Ids(std::int64_t first, std::int64_t last) {
  std::string text = "[";
  for (std::int64_t id = first; id <= last; ++id) {
    text += (id == first ? "{\"id\":" : ",{\"id\":") + std::to_string(id) + "}";
  }
  return text + "]";
}

// What Walk::Rows() gives for these.
inline std::string IdRows(std::int64_t first, std::int64_t last) {
  std::string text;
  for (std::int64_t id = first; id <= last; ++id) {
    text += (id == first ? "{\"id\":" : " {\"id\":") + std::to_string(id) + "}";
  }
  return text;
}

inline std::int64_t NumberParam(const Request& request, std::string_view name,
                                std::int64_t fallback) {
  const auto value = GetParam(request.target, name);
  return value ? std::stoll(*value) : fallback;
}

}  // namespace sluice::rest
