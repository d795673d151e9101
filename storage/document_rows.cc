// Rows of the documents table: found, inserted, saved.
#include "storage/base/check.h"
#include "storage/document_row.h"

namespace sluice {
namespace {

template <class RowType>
RowType ReadRow(const Statement::Run& run) {
  RowType row;
  row.doc = run.Int(0);
  row.id = run.Text(1);
  row.kind = run.Text(2);
  row.state = run.Text(3);
  row.place = run.Text(4);
  row.parent = run.Text(5);
  row.anchor = run.Text(6);
  row.title = run.Text(7);
  row.name = run.Text(8);
  row.extension = run.Text(9);
  row.part_of_parent = run.Int(10) != 0;
  row.revision = run.Text(11);
  if (!run.IsNull(12)) row.stem = run.Text(12);
  row.settled = run.Int(13) != 0;
  row.known = run.Int(14) != 0;
  row.optional = run.Int(15) != 0;
  row.open_requests = run.Int(16);
  row.failed_requests = run.Int(17);
  row.waiting_for = run.Int(18);
  row.epoch = run.Int(19);
  row.generation = run.Int(20);
  row.listed = run.Int(21) != 0;
  VerifyIdentity(run, kIdentityColumn);
  return row;
}

template <class RowType>
std::int64_t ChecksumOf(const RowType& row) {
  return IdentityChecksum(
      {.texts = {row.id, row.kind, row.place, row.parent, row.anchor, row.title, row.name,
                 row.extension, row.revision, row.stem ? std::string_view(*row.stem) : ""},
       .flags = {!row.stem, row.part_of_parent, row.settled, row.known}});
}

}  // namespace

std::optional<Documents::Row> Documents::Find(const DocumentId& id) {
  auto run = find_.Use();
  run.Bind(id.value);
  if (!run.Next()) return std::nullopt;
  return ReadRow<Row>(run);
}

std::optional<Documents::Row> Documents::FindByAlias(const DocumentId& id) {
  auto run = find_by_alias_.Use();
  run.Bind(id.value);
  if (!run.Next()) return std::nullopt;
  return ReadRow<Row>(run);
}

Documents::Row Documents::InsertRow(const DocumentUpdate& update) {
  Row row;
  row.id = update.id.value;
  row.kind = update.kind;
  auto run = insert_.Use();
  run.Bind(row.id).Bind(row.kind).Bind(ChecksumOf(row));
  row.title = update.title;
  row.optional = update.optional;
  SLUICE_CHECK(run.Next());
  row.doc = run.Int(0);
  return row;
}

void Documents::Save(const Row& row) {
  auto run = save_.Use();
  run.Bind(row.state)
      .Bind(row.place)
      .Bind(row.parent)
      .Bind(row.anchor)
      .Bind(row.title)
      .Bind(row.name)
      .Bind(row.extension)
      .Bind(row.part_of_parent ? 1 : 0)
      .Bind(row.revision);
  if (row.stem) {
    run.Bind(*row.stem);
  } else {
    run.BindNull();
  }
  run.Bind(row.settled ? 1 : 0)
      .Bind(row.known ? 1 : 0)
      .Bind(row.optional ? 1 : 0)
      .Bind(row.listed ? 1 : 0)
      .Bind(row.open_requests)
      .Bind(row.failed_requests)
      .Bind(row.waiting_for)
      .Bind(row.epoch)
      .Bind(row.generation)
      .Bind(ChecksumOf(row))
      .Bind(row.doc)
      .Done();
}

void Documents::SaveProgress(const Row& row) {
  save_progress_.Use()
      .Bind(row.state)
      .Bind(row.open_requests)
      .Bind(row.failed_requests)
      .Bind(row.waiting_for)
      .Bind(row.epoch)
      .Bind(row.doc)
      .Done();
}

}  // namespace sluice
