// What a response says about documents, and what becomes of one when its requests are done.
#include "storage/documents.h"

#include <fmt/format.h>

#include "storage/base/check.h"
#include "storage/base/compress.h"
#include "storage/document_row.h"

namespace sluice {

Documents::Documents(Database& database, Frontier& frontier, Collections& collections,
                     Intact intact, Shortfall shortfall)
    : intact_(std::move(intact)),
      shortfall_(std::move(shortfall)),
      database_(database),
      frontier_(frontier),
      collections_(collections),
      find_(database, "SELECT " SLUICE_DOCUMENT_COLUMNS " FROM documents d WHERE d.id = ?"),
      find_by_alias_(database, "SELECT " SLUICE_DOCUMENT_COLUMNS
                               " FROM aliases a JOIN documents d ON d.id = a.document"
                               " WHERE a.alias = ? ORDER BY d.id LIMIT 1"),
      insert_(database, R"sql(
        INSERT INTO documents(id, kind, state, place, parent, anchor, title, name, extension,
                              part_of_parent, revision, settled, known, optional, listed,
                              open_requests, failed_requests, waiting_for, epoch, generation,
                              checksum)
        VALUES(?, ?, 'unlisted', 'top', '', '', '', '', '', 0, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, ?)
        RETURNING doc)sql"),
      save_(database, R"sql(
        UPDATE documents
           SET state = ?, place = ?, parent = ?, anchor = ?, title = ?, name = ?, extension = ?,
               part_of_parent = ?, revision = ?, stem = ?, settled = ?, known = ?, optional = ?, listed = ?,
               open_requests = ?, failed_requests = ?, waiting_for = ?, epoch = ?, generation = ?,
               checksum = ?
         WHERE doc = ?)sql"),
      save_progress_(database, R"sql(
        UPDATE documents
           SET state = ?, open_requests = ?, failed_requests = ?, waiting_for = ?, epoch = ?
         WHERE doc = ?)sql"),
      erase_(database, "DELETE FROM documents WHERE doc = ?"),
      get_object_(database, "SELECT checksum, body FROM objects WHERE doc = ?"),
      put_object_(database, "INSERT OR REPLACE INTO objects(doc, body, checksum) VALUES(?, ?, ?)"),
      erase_object_(database, "DELETE FROM objects WHERE doc = ?"),
      add_alias_(database, "INSERT OR IGNORE INTO aliases(alias, document) VALUES(?, ?)"),
      names_(database, "SELECT alias FROM aliases WHERE document = ?"),
      children_(database, "SELECT id FROM documents WHERE parent = ? AND place = 'under'"),
      add_mention_(database, "INSERT OR IGNORE INTO mentions(document, target) VALUES(?, ?)"),
      clear_mentions_(database, "DELETE FROM mentions WHERE document = ?"),
      clear_notes_(database, "DELETE FROM notes WHERE document = ? AND origin = 'fetch'"),
      count_unsettled_(database, R"sql(
        SELECT count(*) FROM mentions m
         WHERE m.document = ?
           AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = m.target AND d.settled)
           AND NOT EXISTS (SELECT 1 FROM aliases a JOIN documents d ON d.id = a.document
                            WHERE a.alias = m.target AND d.settled))sql"),
      count_open_parts_(database, R"sql(
        SELECT count(*) FROM documents
         WHERE parent = ? AND part_of_parent AND open_requests > 0)sql"),
      add_need_(database, "INSERT OR IGNORE INTO needs(document, target) VALUES(?, ?)"),
      clear_needs_(database, "DELETE FROM needs WHERE document = ?"),
      needing_(database, "SELECT document FROM needs WHERE target = ? ORDER BY document"),
      count_needs_(database, R"sql(
        SELECT coalesce(sum(d.state NOT IN ('done', 'failed', 'missing')), 0),
               coalesce(sum(d.state = 'failed'), 0)
          FROM needs n JOIN documents d ON d.id = n.target WHERE n.document = ?)sql"),
      one_less_(database, R"sql(
        UPDATE documents SET waiting_for = max(waiting_for - 1, 0)
         WHERE state = 'waiting' AND id IN (SELECT document FROM mentions WHERE target = ?))sql"),
      mentioning_(database, R"sql(
        SELECT d.id FROM mentions m JOIN documents d ON d.id = m.document
         WHERE m.target = ? AND m.document > ?
           AND (d.state IN ('done', 'ready') OR d.state = 'waiting' AND d.waiting_for = 0)
         ORDER BY m.document LIMIT 256)sql") {}

void Documents::Begin(std::int64_t generation, Trust trust) {
  generation_ = generation;
  trust_ = trust;
  discovery_ended_ = false;
}

void Documents::EndGeneration(Ready ready) {
  if (ready == Ready::kDone) {
    database_.Exec("UPDATE documents SET state = 'done' WHERE state = 'ready'");
  }
  // A reference that nothing shows any more may well lead nowhere now.
  database_.Exec(R"sql(
    UPDATE documents
       SET state = iif(known, 'open', 'unlisted'),
           optional = optional OR NOT known
                      AND NOT EXISTS (SELECT 1 FROM mentions m WHERE m.target = documents.id),
           open_requests = 0, failed_requests = 0, waiting_for = 0
     WHERE state NOT IN ('done', 'missing') OR open_requests > 0 OR failed_requests > 0)sql");
}

bool Documents::OnlyRenderingIsLeft() {
  if (frontier_.counts().requests > 0) return false;
  return Ids("SELECT id FROM documents WHERE state NOT IN ('ready', 'done', 'failed', 'missing')"
             " LIMIT 1")
      .empty();
}

// --- what a response said -----------------------------------------------------------------------

void Documents::Update(const DocumentUpdate& update, SeenIn seen_in) {
  if (update.object.empty()) {
    UpdateHint(update);
  } else {
    UpdateKnown(update, seen_in);
  }
}

// The walk saw a reference. It may create the row, and it says under which document the thing
// hangs where the thing itself names only a block.
void Documents::UpdateHint(const DocumentUpdate& update) {
  auto row = Find(update.id);
  if (!row) row = FindByAlias(update.id);
  if (!row) row = InsertRow(update);
  if (!update.optional) row->optional = false;
  if (!row->known) {
    if (row->title.empty()) row->title = update.title;
    if (row->state == kMissing && row->generation < generation_) {
      row->state = kUnlisted;  // it led nowhere in an earlier run; this one asks again
      row->settled = false;
    }
    row->generation = generation_;
  }
  const std::string old_place = row->place + row->parent;
  if (update.place == Place::kUnder && (!row->known || row->place == kUnresolved)) {
    row->place = kUnder;
    row->parent = update.parent.value;
  }
  AddAliases(*row, update);
  Save(*row);
  // It may have been settled at the top, when discovery ended without this reference.
  const bool claimed = old_place != row->place + row->parent;
  if (row->known && (claimed || !row->settled)) SettleTree(row->id);
}

void Documents::UpdateKnown(const DocumentUpdate& update, SeenIn seen_in) {
  auto found = Find(update.id);
  Row row = found ? *found : InsertRow(update);
  const bool first = row.generation < generation_;
  // A revision that may still change under the same name is stored under a name of its own.
  const Revision revision(update.revision.empty() || update.stable
                              ? update.revision.value
                              : fmt::format("{}~{}", update.revision.value, generation_));
  const bool changed = ContentChanged(row, revision, first);
  const bool face_changed = !row.known || row.title != update.title || row.name != update.name;

  row.title = update.title;
  row.name = update.name;
  row.extension = update.extension;
  row.part_of_parent = update.part_of_parent;
  row.optional = false;
  // What is made from collections is as the job says; it does not vanish from a listing.
  const bool from_rows = update.collection || !update.needs.empty();
  row.listed = (seen_in == SeenIn::kListing && !from_rows) || (row.listed && !first);
  row.generation = generation_;
  const std::string old_place = row.place + row.parent;
  SetPlace(row, update);
  if (changed) {
    row.revision = revision.value;
    row.failed_requests = 0;
    ++row.epoch;
    clear_mentions_.Use().Bind(row.id).Done();
    clear_notes_.Use().Bind(row.id).Done();  // its answers are read again, and say it again
  }
  // A damaged object is replaced at any sight of a whole one; else it would be asked for for ever.
  if (changed || !ObjectIntact(row)) StoreObject(row, update);
  row.known = true;
  if (row.state == kUnlisted || row.state == kMissing) row.state = kOpen;
  AddAliases(row, update);
  Save(row);
  AddMentions(update.id, update.mentions);
  clear_needs_.Use().Bind(row.id).Done();
  for (const DocumentId& target : update.needs) {
    add_need_.Use().Bind(row.id).Bind(target.value).Done();
  }
  if (update.collection) {
    const bool forget = first && trust_ == Trust::kNothing &&
                        update.collection->disposition == Disposition::kAppend;
    collections_.Declare(update.id, *update.collection,
                         forget ? Collections::Rows::kForget : Collections::Rows::kKeep);
  }

  for (Request request : update.content) {
    const bool wanted = request.listing ? first || changed : changed;
    if (!wanted) continue;
    if (!request.listing) request.revision = revision;
    AddRequest(request, Frontier::Repeat::kOnce);
  }

  row = *Find(update.id);
  const bool verified = row.state == kAsked && !changed && intact_(update.id);
  if (verified) {
    row.state = kDone;  // it had vanished from the listing, and is as it was
    SaveProgress(row);
  } else if (row.open_requests > 0) {
    row.state = row.state == kAsked ? kAsked : kOpen;
    SaveProgress(row);
  } else if (changed || row.state != kDone) {
    if (row.state != kReady && row.state != kWaiting) Completed(row);
  } else if (!row.extension.empty() && !intact_(update.id)) {
    Completed(row);  // the file was changed or is gone: put it back
  } else if (update.collection && CountNeeds(row.id).open > 0) {
    Completed(row);  // its requests come from rows that are being listed anew
  }
  if (face_changed || old_place != row.place + row.parent || !row.settled) SettleTree(row.id);
  if (changed && row.part_of_parent) MarkStale(row.parent);
}

bool Documents::ContentChanged(const Row& row, const Revision& revision, bool first) const {
  if (!row.known || row.revision != revision.value) return true;
  if (!first) return false;
  // What an earlier generation did not finish is walked again, over its stored responses.
  const bool unfinished = row.state != kDone && row.state != kAsked;
  return unfinished || trust_ != Trust::kRevisions;
}

void Documents::SetPlace(Row& row, const DocumentUpdate& update) {
  switch (update.place) {
    case Place::kUnchanged:
      break;
    case Place::kTop:
      row.place = kTop;
      row.parent.clear();
      row.anchor.clear();
      break;
    case Place::kUnder:
      row.place = kUnder;
      row.parent = update.parent.value;
      row.anchor.clear();
      break;
    case Place::kUnresolved:
      // The walk's claim stands as long as the same block holds it.
      if (row.place == kUnder && (row.anchor == update.parent.value || row.anchor.empty())) {
        row.anchor = update.parent.value;
        break;
      }
      row.place = kUnresolved;
      row.parent.clear();
      row.anchor = update.parent.value;
      row.settled = false;
      break;
  }
}

void Documents::StoreObject(const Row& row, const DocumentUpdate& update) {
  const std::string packed = update.object_is_packed ? std::string() : Compress(update.object);
  const std::string& body = update.object_is_packed ? update.object : packed;
  put_object_.Use().Bind(row.doc).BindBlob(body).Bind(Checksum(body)).Done();
}

bool Documents::ObjectIntact(const Row& row) {
  auto run = get_object_.Use();
  run.Bind(row.doc);
  return run.Next() && Checksum(run.Blob(1)) == run.Int(0);
}

void Documents::AddAliases(Row& row, const DocumentUpdate& update) {
  for (const DocumentId& alias : update.aliases) {
    if (add_alias_.Use().Bind(alias.value).Bind(row.id).Done() == 0) continue;
    auto hint = Find(alias);
    if (!hint || hint->known) continue;
    // The walk saw it under its other name first: what it learned moves over.
    if (hint->place == kUnder && row.place == kUnresolved) {
      row.place = kUnder;
      row.parent = hint->parent;
    }
    erase_.Use().Bind(hint->doc).Done();
  }
}

void Documents::AddMentions(const DocumentId& document, const std::vector<DocumentId>& targets) {
  for (const DocumentId& target : targets) {
    if (target != document) add_mention_.Use().Bind(document.value).Bind(target.value).Done();
  }
}

bool Documents::AddRequest(const Request& request, Frontier::Repeat repeat) {
  if (!frontier_.AddRequest(request, repeat)) return false;
  if (request.document.empty()) return true;
  auto row = Find(request.document);
  if (!row) return true;
  ++row->open_requests;
  if (row->state != kAsked && row->state != kUnlisted) row->state = kOpen;
  SaveProgress(*row);
  return true;
}

// --- progress of one document -------------------------------------------------------------------

void Documents::AddRows(const DocumentId& document, const RowBatch& batch) {
  if (collections_.Add(document, batch)) RowsChanged(document.value);
}

void Documents::RequestDone(const DocumentId& document) {
  auto row = Find(document);
  if (!row || row->open_requests == 0) return;
  --row->open_requests;
  SaveProgress(*row);
  if (row->open_requests > 0) return;
  if (row->state != kDone) Completed(*row);
  if (row->part_of_parent) OneLessFor(row->parent);
}

// A table waits for the requests of its rows: their answers are part of it.
void Documents::OneLessFor(const std::string& id) {
  auto row = Find(DocumentId(id));
  if (!row || row->state != kWaiting || row->waiting_for == 0) return;
  --row->waiting_for;
  SaveProgress(*row);
  if (row->waiting_for == 0) BecomeReady(*row);
}

bool Documents::MayLeadNowhere(const DocumentId& document, const Failure& failure) {
  const bool refused = failure.code == Code::kNotFound || failure.code == Code::kInvalid;
  if (!refused) return false;
  const auto row = Find(document);
  return row && row->optional && row->state == kAsked;
}

void Documents::RequestFailed(const DocumentId& document) {
  auto row = Find(document);
  if (!row || row->open_requests == 0) return;
  ++row->failed_requests;
  SaveProgress(*row);
  RequestDone(document);
}

void Documents::RequestsRequeued(const std::vector<DocumentId>& documents) {
  for (const DocumentId& document : documents) {
    auto row = Find(document);
    if (!row) continue;
    if (row->failed_requests == 0) {
      if (row->state != kFailed) continue;
      row->state = kReady;  // it was its rendering that failed
      SaveProgress(*row);
      continue;
    }
    --row->failed_requests;
    ++row->open_requests;
    row->state = row->known ? kOpen : kAsked;
    SaveProgress(*row);
    if (row->part_of_parent) PartRequeued(row->parent);
  }
}

// A table that was made without the answers of this row is made again when they are there.
void Documents::PartRequeued(const std::string& table) {
  auto row = Find(DocumentId(table));
  if (!row) row = FindByAlias(DocumentId(table));
  if (!row || row->extension.empty() || row->open_requests > 0) return;
  if (row->state != kDone && row->state != kWaiting) return;
  ++row->epoch;
  Completed(*row);
}

// The last open request is done.
void Documents::Completed(Row& row) {
  // Asked for because no listing gave it, and the answer did not show it either.
  const bool gone = !row.known || (row.state == kAsked && row.generation < generation_);
  const Needs needs = CountNeeds(row.id);
  if (row.failed_requests > 0 || (needs.failed > 0 && needs.open == 0)) {
    row.state = kFailed;
    SaveProgress(row);
    if (!row.known) Settle(row);
    RecheckNeeding(row.id);
  } else if (gone) {
    BecomeMissing(row);
  } else if (row.extension.empty() && needs.open == 0) {
    // What a list lacked is asked for by the next run, even where nothing seems to have changed.
    if (!CollectionDone(row)) row.revision.clear();
    row.state = kDone;
    Save(row);
    RecheckNeeding(row.id);
  } else {
    row.waiting_for = needs.open + CountUnsettledMentions(row.id) + CountOpenParts(row.id) +
                      (row.settled ? 0 : 1);
    row.state = kWaiting;
    SaveProgress(row);
    if (row.waiting_for == 0) BecomeReady(row);
  }
}

// Does nothing where the document has no rows.
bool Documents::CollectionDone(const Row& row) {
  const Collections::Completion completion = collections_.Complete(DocumentId(row.id));
  for (const std::string& shortfall : completion.shortfalls) shortfall_(shortfall);
  if (completion.changed) RowsChanged(row.id);
  return completion.whole;
}

Documents::Needs Documents::CountNeeds(const std::string& id) {
  auto run = count_needs_.Use();
  run.Bind(id);
  run.Next();
  return {.open = run.Int(0), .failed = run.Int(1)};
}

std::vector<std::string> Documents::NeedingOf(const std::string& id) {
  std::vector<std::string> ids;
  auto run = needing_.Use();
  run.Bind(id);
  while (run.Next()) ids.push_back(run.Text(0));
  return ids;
}

// `id` is done or has failed: whoever waited for it may go on, and whoever failed because of it has
// another chance.
void Documents::RecheckNeeding(const std::string& id) {
  for (const std::string& needing : NeedingOf(id)) {
    auto row = Find(DocumentId(needing));
    if (!row || row->open_requests > 0) continue;
    if (row->state == kWaiting || row->state == kFailed) Completed(*row);
  }
}

// The outputs that are made from the rows of `id` are no longer what they should be. They are made
// again when `id` is done.
void Documents::RowsChanged(const std::string& id) {
  for (const std::string& needing : NeedingOf(id)) {
    auto row = Find(DocumentId(needing));
    if (!row || row->extension.empty() || row->state == kWaiting) continue;
    ++row->epoch;
    SaveProgress(*row);
    if (row->state == kDone) Completed(*row);
  }
}

void Documents::BecomeReady(Row& row) {
  row.state = kReady;
  SaveProgress(row);
  frontier_.AddDocument(DocumentId(row.id));
}

void Documents::BecomeMissing(Row& row) {
  const bool was_known = row.known;
  row.state = kMissing;
  row.known = false;
  row.generation = generation_;
  row.revision.clear();
  erase_object_.Use().Bind(row.doc).Done();
  clear_mentions_.Use().Bind(row.id).Done();
  clear_notes_.Use().Bind(row.id).Done();
  Save(row);
  Settle(row);
  collections_.Remove(DocumentId(row.id));
  RecheckNeeding(row.id);
  if (was_known && row.part_of_parent) MarkStale(row.parent);
}

// Something it shows has changed: a finished document is rendered again.
void Documents::MarkStale(const std::string& id) {
  auto row = Find(DocumentId(id));
  if (!row) row = FindByAlias(DocumentId(id));
  if (!row) return;
  ++row->epoch;
  SaveProgress(*row);
  if (row->state == kDone && !row->extension.empty()) BecomeReady(*row);
}

void Documents::Rendered(const DocumentId& document, std::int64_t epoch) {
  auto row = Find(document);
  if (!row || row->state != kReady) return;
  if (row->epoch != epoch) {
    BecomeReady(*row);
    return;
  }
  row->state = kDone;
  SaveProgress(*row);
}

void Documents::RenderAll() {
  constexpr int kBatch = 1000;
  Statement next(database_, R"sql(
    SELECT doc, id FROM documents
     WHERE doc > ? AND extension <> '' AND known AND state IN ('done', 'failed')
       AND open_requests = 0 AND failed_requests = 0
       AND NOT EXISTS (SELECT 1 FROM needs n JOIN documents d ON d.id = n.target
                        WHERE n.document = documents.id AND d.state NOT IN ('done', 'missing'))
     ORDER BY doc LIMIT ?)sql");
  std::int64_t last = 0;
  std::vector<std::string> ids;
  do {
    ids.clear();
    {
      auto run = next.Use();
      run.Bind(last).Bind(kBatch);
      while (run.Next()) {
        last = run.Int(0);
        ids.push_back(run.Text(1));
      }
    }
    for (const std::string& id : ids) {
      Row row = *Find(DocumentId(id));
      BecomeReady(row);
    }
  } while (!ids.empty());
}

Documents::LeftOut Documents::CountLeftOut() {
  Statement count(database_, R"sql(
    SELECT count(*), coalesce(min(title), '') FROM documents
     WHERE extension <> '' AND known AND state NOT IN ('ready', 'missing'))sql");
  auto run = count.Use();
  run.Next();
  return {.count = run.Int(0), .first = run.Text(1)};
}

bool Documents::OutputLost(const DocumentId& document) {
  auto row = Find(document);
  if (!row || row->state != kDone || row->extension.empty()) return false;
  Completed(*row);
  return true;
}

void Documents::RenderFailed(const DocumentId& document) {
  auto row = Find(document);
  if (!row) return;
  row->state = kFailed;
  SaveProgress(*row);
}

void Documents::Reopen(const DocumentId& document, const std::vector<Request>& requests) {
  auto row = Find(document);
  if (!row) return;
  row->state = kOpen;
  SaveProgress(*row);
  for (Request request : requests) {
    request.document = document;  // whosever it was: this document waits for it now
    AddRequest(request, Frontier::Repeat::kAgain);
  }
}

std::optional<LastRun::Document> Documents::Left(const DocumentId& document) {
  const auto row = Find(document);
  if (!row || !row->known) return std::nullopt;
  return LastRun::Document{.revision = Revision(row->revision), .done = row->state == kDone};
}

void Documents::Reset(const DocumentId& collection) {
  std::vector<std::string> ids = NeedingOf(collection.value);
  ids.push_back(collection.value);
  for (const std::string& id : ids) {
    auto row = Find(DocumentId(id));
    // A child has rows of its own; they are what they were.
    if (!row || (row->extension.empty() && id != collection.value)) continue;
    row->state = kOpen;
    row->revision.clear();
    Save(*row);
  }
}

std::int64_t Documents::Epoch(const DocumentId& document) {
  const auto row = Find(document);
  return row ? row->epoch : 0;
}

}  // namespace sluice
