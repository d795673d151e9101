#include "stages/sinks/record_writer.h"

#include "stages/sinks/compressed_sink.h"
#include "stages/sinks/record_formats.h"

namespace sluice {
namespace {

Result<WriteReport> WriteText(const RecordTable& table, TextSink& out) {
  return table.output.format == Format::kCsv ? WriteCsv(table, out) : WriteJsonl(table, out);
}

}  // namespace

Result<WriteReport> WriteRecords(const std::vector<RecordTable>& tables, TextSink& out) {
  if (tables.empty()) return Fail(Code::kFatal, "there is no table to write");
  const OutputSpec& output = tables.front().output;
  if (output.format == Format::kSqlite) return WriteSqlite(tables, out);
  if (tables.size() > 1) {
    return Fail(Code::kFatal, "a JSONL or CSV file has one table");
  }
  if (output.compression == Compression::kNone) return WriteText(tables.front(), out);
  CompressedSink compressed(out, output.compression);
  auto report = WriteText(tables.front(), compressed);
  compressed.Finish();
  return report;
}

}  // namespace sluice
