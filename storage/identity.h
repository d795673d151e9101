// The checksum of a documents row: SQLite does not notice a damaged value, and a wrong title, name
// or path would go straight into the outputs. It covers what says which document it is, where it is
// and what of it is stored; not its progress, which is counted anew by a run.
#pragma once

#include <array>
#include <cstdint>

#include "storage/database.h"

namespace sluice {

// The covered columns of `documents d`, in the order in which IdentityChecksum() takes them.
#define SLUICE_IDENTITY_COLUMNS                                               \
  "d.id, d.kind, d.place, d.parent, d.anchor, d.title, d.name, d.extension, " \
  "d.revision, coalesce(d.stem, ''), d.stem IS NULL, d.part_of_parent, d.settled, d.known"

struct DocumentIdentity {
  std::array<std::string_view, 10> texts;  // the first ten columns
  std::array<bool, 4> flags;               // and the rest
};

std::int64_t IdentityChecksum(const DocumentIdentity& identity);

// Throws DamagedRow unless the covered columns, which begin at `first`, have the checksum that
// follows them.
void VerifyIdentity(const Statement::Run& run, int first);

}  // namespace sluice
