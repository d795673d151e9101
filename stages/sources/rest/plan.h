// A REST job as the source works with it: the resources with what follows from all of them.
// Constant after it was made. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "stages/sources/rest/rest_spec.h"
#include "storage/base/ids.h"

namespace sluice::rest {

struct PlannedResource {
  Resource spec;
  DocumentId id;
  // A hash of everything that decides which rows there are, and not of how they are written.
  Revision definition;
  std::vector<std::size_t> children;  // indexes
  std::vector<std::size_t> below;     // children and theirs
  int depth = 0;
};

// One output file.
struct PlannedFile {
  DocumentId id;          // "file:records.jsonl"
  std::string stem;       // "records"
  std::string extension;  // ".jsonl"
  std::vector<std::size_t> resources;
  Revision form;  // a hash of how it is written
};

struct Plan {
  RestSpec spec;  // its resources are in `resources`
  std::vector<PlannedResource> resources;
  std::vector<PlannedFile> files;

  // nullptr: there is none.
  const PlannedResource* Find(const DocumentId& id) const;
};

// REQUIRES: ValidateSpec(spec).
Plan MakePlan(RestSpec spec);

}  // namespace sluice::rest
