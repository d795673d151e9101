// One function a format; record_writer.h says what they share.
#pragma once

#include <vector>

#include "stages/sinks/record_writer.h"

namespace sluice {

// One record a line, LF.
Result<WriteReport> WriteJsonl(const RecordTable& table, TextSink& out);
// RFC 4180, UTF-8 without a BOM, CRLF, a header in every file.
Result<WriteReport> WriteCsv(const RecordTable& table, TextSink& out);
// Typed tables and child tables; see stages/README.md.
Result<WriteReport> WriteSqlite(const std::vector<RecordTable>& tables, TextSink& out);

}  // namespace sluice
