#include "storage/manifest.h"

#include <fmt/format.h>

namespace sluice {
namespace {

const std::string kFetch = "fetch";
const std::string kRender = "render";
const std::string kEdit = "edit";
const std::string kShortfall = "shortfall";
const std::string kNoDocument;

const std::string& OriginName(Manifest::Origin origin) {
  switch (origin) {
    case Manifest::Origin::kFetch:
      return kFetch;
    case Manifest::Origin::kRender:
      return kRender;
    case Manifest::Origin::kEdit:
      return kEdit;
  }
  return kFetch;
}

}  // namespace

Manifest::Manifest(Database& database)
    : database_(database),
      put_(database, R"sql(
        INSERT OR REPLACE INTO outputs(path, source_id, revision, bytes, sha256, mtime_ns, obsolete)
        VALUES(?, ?, ?, ?, ?, ?, 0))sql"),
      written_(database, R"sql(
        SELECT bytes, mtime_ns, sha256 FROM outputs WHERE path = ?1
        UNION ALL SELECT bytes, 0, sha256 FROM publishing WHERE path = ?1)sql"),
      announce_(database, R"sql(
        INSERT OR REPLACE INTO publishing(path, sha256, source_id, bytes)
        VALUES(?, ?, ?, ?))sql"),
      settle_(database, "DELETE FROM publishing WHERE path = ?"),
      note_edit_(database, R"sql(
        INSERT INTO notes(document, origin, kind, text)
        SELECT coalesce((SELECT source_id FROM publishing WHERE path = ?1),
                        (SELECT source_id FROM outputs WHERE path = ?1), ''), 'edit', 'edited', ?2
         WHERE NOT EXISTS (SELECT 1 FROM notes WHERE origin = 'edit' AND text = ?2))sql"),
      of_source_(database, R"sql(
        SELECT path, revision, bytes, sha256, mtime_ns FROM outputs
         WHERE source_id = ? AND obsolete = 0 ORDER BY path)sql"),
      finished_(database, R"sql(
        SELECT o.path, o.source_id, o.revision, o.bytes, o.sha256, o.mtime_ns
          FROM outputs o JOIN documents d ON d.id = o.source_id
         WHERE o.path > ? AND o.obsolete = 0 AND d.state = 'done' AND d.generation = ?
         ORDER BY o.path LIMIT ?)sql"),
      make_obsolete_(database, "UPDATE outputs SET obsolete = 1 WHERE source_id = ?"),
      count_missing_(database, R"sql(
        SELECT count(*) FROM outputs o JOIN documents d ON d.id = o.source_id
         WHERE o.obsolete = 0 AND d.state = 'missing'
           AND NOT EXISTS (SELECT 1 FROM needs n WHERE n.document = d.id))sql"),
      make_missing_obsolete_(database, R"sql(
        UPDATE outputs SET obsolete = 1
         WHERE obsolete = 0
           AND source_id IN (SELECT id FROM documents WHERE state = 'missing'))sql"),
      obsolete_(database, "SELECT path FROM outputs WHERE obsolete = 1 LIMIT 1000"),
      forget_(database, "DELETE FROM outputs WHERE path = ? AND obsolete = 1"),
      add_note_(database, "INSERT INTO notes(document, origin, kind, text) VALUES(?, ?, ?, ?)"),
      clear_notes_(database, "DELETE FROM notes WHERE document = ? AND origin = ?"),
      shortfalls_(database, "SELECT text FROM notes WHERE kind = 'shortfall' ORDER BY note") {}

void Manifest::Put(const DocumentId& source, const Revision& revision,
                   const std::vector<OutputRow>& outputs) {
  Withdraw(source);
  for (const OutputRow& output : outputs) {
    put_.Use()
        .Bind(output.path)
        .Bind(source.value)
        .Bind(revision.value)
        .Bind(output.bytes)
        .Bind(output.sha256)
        .Bind(output.mtime_ns)
        .Done();
    settle_.Use().Bind(output.path).Done();
  }
}

std::vector<FileState> Manifest::WrittenAt(const std::string& path) {
  std::vector<FileState> states;
  auto run = written_.Use();
  run.Bind(path);
  while (run.Next()) {
    states.push_back({.bytes = run.Int(0), .mtime_ns = run.Int(1), .sha256 = run.Text(2)});
  }
  return states;
}

void Manifest::Announce(const OutputFile& file) {
  announce_.Use().Bind(file.path).Bind(file.sha256).Bind(file.source.value).Bind(file.bytes).Done();
}

void Manifest::NoteEdit(const KeptEdit& edit) {
  const std::string text =
      fmt::format("{} was edited; that version is kept as {}", edit.path, edit.kept_as);
  note_edit_.Use().Bind(edit.path).Bind(text).Done();
}

void Manifest::AdoptAnnounced() {
  database_.Exec(R"sql(
    INSERT OR IGNORE INTO outputs(path, source_id, revision, bytes, sha256, mtime_ns)
    SELECT path, source_id, '', bytes, sha256, 0 FROM publishing WHERE source_id <> '')sql");
}

std::vector<OutputRow> Manifest::OutputsOf(const DocumentId& source) {
  std::vector<OutputRow> rows;
  auto run = of_source_.Use();
  run.Bind(source.value);
  while (run.Next()) {
    rows.push_back({.path = run.Text(0),
                    .source = source,
                    .revision = Revision(run.Text(1)),
                    .bytes = run.Int(2),
                    .sha256 = run.Text(3),
                    .mtime_ns = run.Int(4)});
  }
  return rows;
}

std::vector<OutputRow> Manifest::FinishedIn(std::int64_t generation, const std::string& after,
                                            int limit) {
  std::vector<OutputRow> rows;
  auto run = finished_.Use();
  run.Bind(after).Bind(generation).Bind(limit);
  while (run.Next()) {
    rows.push_back({.path = run.Text(0),
                    .source = DocumentId(run.Text(1)),
                    .revision = Revision(run.Text(2)),
                    .bytes = run.Int(3),
                    .sha256 = run.Text(4),
                    .mtime_ns = run.Int(5)});
  }
  return rows;
}

void Manifest::Withdraw(const DocumentId& source) {
  make_obsolete_.Use().Bind(source.value).Done();
}

std::int64_t Manifest::CountMissing() {
  auto run = count_missing_.Use();
  run.Next();
  return run.Int(0);
}

std::int64_t Manifest::WithdrawMissing() { return make_missing_obsolete_.Use().Done(); }

std::vector<std::string> Manifest::Obsolete() {
  std::vector<std::string> paths;
  auto run = obsolete_.Use();
  while (run.Next()) paths.push_back(run.Text(0));
  return paths;
}

void Manifest::Forget(const std::string& path) { forget_.Use().Bind(path).Done(); }

void Manifest::ReplaceNotes(const DocumentId& document, Origin origin,
                            const std::vector<Note>& notes) {
  clear_notes_.Use().Bind(document.value).Bind(OriginName(origin)).Done();
  AddNotes(origin, notes);
}

void Manifest::AddNotes(Origin origin, const std::vector<Note>& notes) {
  for (const Note& note : notes) {
    add_note_.Use()
        .Bind(note.document.value)
        .Bind(OriginName(origin))
        .Bind(note.kind)
        .Bind(note.text)
        .Done();
  }
}

void Manifest::AddShortfall(const std::string& why) {
  AddNotes(Origin::kFetch, {{.document = DocumentId(), .kind = kShortfall, .text = why}});
}

std::vector<std::string> Manifest::Shortfalls() {
  std::vector<std::string> texts;
  auto run = shortfalls_.Use();
  while (run.Next()) texts.push_back(run.Text(0));
  return texts;
}

void Manifest::ClearShortfalls() { clear_notes_.Use().Bind(kNoDocument).Bind(kFetch).Done(); }

}  // namespace sluice
