// A database as one CSV: a column for each property, a row for each page in it.
#pragma once

#include "stages/sinks/csv.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// Columns: the title, then the names in byte order, from the schema in the object of a database
// (version 2022-06-28) or data source (2025-09-03). Rows by time of creation, then id; a small key
// for each is held, and one row at a time. Otherwise as RenderPage().
Result<Rendering> RenderDatabaseCsv(const DocumentRow& database, DocumentInputs& inputs,
                                    TextSink& out, const CsvOptions& csv = {});

}  // namespace sluice::notion
