// A row of the documents table, as the parts of Documents share it. Nobody else includes this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/documents.h"
#include "storage/identity.h"

namespace sluice {

// Column `state`; documents.h says what each means.
inline const std::string kUnlisted = "unlisted";
inline const std::string kAsked = "asked";
inline const std::string kOpen = "open";
inline const std::string kWaiting = "waiting";
inline const std::string kReady = "ready";
inline const std::string kDone = "done";
inline const std::string kFailed = "failed";
inline const std::string kMissing = "missing";

// Column `place`.
inline const std::string kTop = "top";
inline const std::string kUnder = "under";
inline const std::string kUnresolved = "unresolved";

struct Documents::Row {
  std::int64_t doc = 0;
  std::string id;
  std::string kind;
  std::string state = kUnlisted;
  std::string place = kTop;
  std::string parent;
  std::string anchor;
  std::string title;
  std::string name;
  std::string extension;
  bool part_of_parent = false;
  std::string revision;
  std::optional<std::string> stem;
  bool settled = false;
  bool known = false;
  bool optional = false;
  bool listed = false;
  std::int64_t open_requests = 0;
  std::int64_t failed_requests = 0;
  std::int64_t waiting_for = 0;
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
};

#define SLUICE_DOCUMENT_COLUMNS                                                         \
  "d.doc, d.id, d.kind, d.state, d.place, d.parent, d.anchor, d.title, d.name, "        \
  "d.extension, d.part_of_parent, d.revision, d.stem, d.settled, d.known, d.optional, " \
  "d.open_requests, d.failed_requests, d.waiting_for, d.epoch, d.generation, "          \
  "d.listed, " SLUICE_IDENTITY_COLUMNS ", d.checksum"

// Where the identity columns begin among these.
constexpr int kIdentityColumn = 22;

}  // namespace sluice
