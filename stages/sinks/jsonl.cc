#include <fmt/format.h>

#include <optional>
#include <string>

#include "stages/sinks/part_writer.h"
#include "stages/sinks/record_formats.h"
#include "stages/sinks/table_rows.h"

namespace sluice {
namespace {

// Makes the lines. A value is never changed: what is not taken apart stands as the API wrote it.
class LineMaker {
 public:
  explicit LineMaker(TableRows& rows)
      : rows_(rows),
        flatten_(rows.table().output.flatten),
        renames_(rows.selection().renames()),
        whole_(rows.selection().everything() && !flatten_ && renames_.empty()) {}

  const std::string& Line(const TableRow& row) {
    line_.clear();
    const bool everything = rows_.selection().everything();
    if (everything && (!row.record.is_object() || (whole_ && !rows_.shape().frozen()))) {
      row.record.AppendJson(line_);
    } else {
      members_.clear();
      ambiguous_ = !renames_.empty();
      if (everything) {
        AddMembers(row.record, "", "", rows_.shape().frozen() ? Shape::kRoot : Shape::kNone);
      } else {
        AddFields(row.record);
      }
      if (ambiguous_) MakeUnique();
      AppendMembers();
    }
    line_ += '\n';
    return line_;
  }

 private:
  struct Member {
    std::string name;
    std::optional<JsonValue> value;
  };

  void AddFields(const JsonValue& record) {
    const auto& values = rows_.selection().Select(record);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string& name = rows_.selection().names()[i];
      if (flatten_ && values[i] && values[i]->is_object() && values[i]->size() > 0) {
        ambiguous_ = true;
        AddMembers(*values[i], name, "", Shape::kNone);
      } else {
        members_.push_back({.name = name, .value = values[i]});
      }
    }
  }

  // `known`: the field of the frozen schema that `object` is; kNone: there is no such schema.
  void AddMembers(const JsonValue& object, const std::string& name, const std::string& path,
                  Shape::Id known) {
    std::size_t expected = 0;
    for (auto member = object.first(); member; member = member->next()) {
      const std::string_view key = member->key();
      Shape::Id at = Shape::kNone;
      if (known != Shape::kNone) {
        at = rows_.shape().MemberOf(known, key, expected);
        if (at == Shape::kNone) continue;
      }
      ambiguous_ = ambiguous_ || (flatten_ && MayCollide(key));
      std::string full =
          name.empty() ? std::string(key) : fmt::format("{}{}{}", name, kNestedSeparator, key);
      std::string full_path;
      if (!renames_.empty()) {
        full_path = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
        const auto renamed = renames_.find(full_path);
        if (renamed != renames_.end()) full = renamed->second;
      }
      if (flatten_ && member->is_object() && member->size() > 0) {
        AddMembers(*member, full, full_path, at);
      } else if (at == Shape::kNone || member->is_null() || member->is_object() ||
                 rows_.shape().field(at).is_column) {
        members_.push_back({.name = std::move(full), .value = *member});
      }
    }
  }

  // Keys that could make the name of another field when they are joined.
  static bool MayCollide(std::string_view key) {
    return key.empty() || key.front() == '_' || key.back() == '_' ||
           key.find(kNestedSeparator) != key.npos;
  }

  void MakeUnique() {
    UniqueNames unique(UniqueNames::Case::kCounts);
    for (Member& member : members_) member.name = unique.Take(member.name);
  }

  void AppendMembers() {
    line_ += '{';
    for (const Member& member : members_) {
      if (line_.size() > 1) line_ += ',';
      line_ += JsonQuote(member.name);
      line_ += ':';
      if (member.value) {
        member.value->AppendJson(line_);
      } else {
        line_ += "null";
      }
    }
    line_ += '}';
  }

  TableRows& rows_;
  const bool flatten_;
  const Renames& renames_;
  const bool whole_;  // but for what a frozen schema leaves out
  std::string line_;
  std::vector<Member> members_;
  bool ambiguous_ = false;
};

}  // namespace

Result<WriteReport> WriteJsonl(const RecordTable& table, TextSink& out) {
  const auto objects = table.output.flatten ? Shape::Objects::kFields : Shape::Objects::kValues;
  auto rows = TableRows::Make(table, objects, 0);
  if (!rows) return Fail(rows.error());
  if (auto learned = rows->Learn(TableRows::Pass::kSchema); !learned) return Fail(learned.error());

  LineMaker lines(*rows);
  PartWriter parts(out, "",
                   {.rows = table.output.rows_per_file, .bytes = table.output.bytes_per_file});
  const Status written = rows->ForEach([&](const TableRow& row) -> Status {
    parts.Add(lines.Line(row));
    return {};
  });
  parts.Finish();
  if (!written) return Fail(written.error());
  return WriteReport{.notes = rows->Notes()};
}

}  // namespace sluice
