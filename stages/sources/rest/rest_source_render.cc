#include <fmt/format.h>

#include <algorithm>

#include "stages/sinks/record_writer.h"
#include "stages/sources/rest/rest_source.h"

namespace sluice::rest {
namespace {

RecordTable TableOf(const PlannedResource& resource, DocumentInputs& inputs) {
  const Resource& spec = resource.spec;
  return {.name = spec.table_name.empty() ? spec.name : spec.table_name,
          .primary_key = spec.primary_key,
          .output = spec.output,
          .for_each = [&inputs, id = resource.id](
                          const std::function<Status(std::string_view)>& use) -> Status {
            Status used;
            const Status read = inputs.ForEachRow(id, [&](const Row& row) {
              used = use(row.body);
              return used.has_value();
            });
            return used ? read : used;
          }};
}

}  // namespace

Result<Rendering> RestSource::Render(const DocumentRow& document, DocumentInputs& inputs,
                                     TextSink& out) const {
  const auto file = std::find_if(plan_.files.begin(), plan_.files.end(),
                                 [&](const PlannedFile& known) { return known.id == document.id; });
  if (file == plan_.files.end()) {
    return Fail(Code::kInvalid,
                fmt::format("the job has no output '{}' any more", document.id.value));
  }
  std::vector<RecordTable> tables;
  for (const std::size_t index : file->resources) {
    tables.push_back(TableOf(plan_.resources[index], inputs));
  }
  auto report = WriteRecords(tables, out);
  if (!report) return Fail(report.error());
  Rendering rendering{.notes = std::move(report->notes)};
  for (Note& note : rendering.notes) note.document = document.id;
  return rendering;
}

}  // namespace sluice::rest
