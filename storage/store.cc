#include "storage/store.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>

#include "storage/cache.h"
#include "storage/schema.h"

namespace sluice {
namespace {

// Documents that are asked for in one step after the listing.
constexpr int kUnlistedBatch = 256;

const std::string kGeneration = "generation";
const std::string kFingerprint = "fingerprint";
const std::string kTrust = "trust";
const std::string kFinished = "finished";
// Its values.
const std::string kYes = "1";
const std::string kNotYet = "0";     // the next run goes on with the generation
const std::string kEnded = "ended";  // it was given up; the next run begins another one

std::string TrustName(Documents::Trust trust) {
  switch (trust) {
    case Documents::Trust::kRevisions:
      return "revisions";
    case Documents::Trust::kResponses:
      return "responses";
    case Documents::Trust::kNothing:
      return "nothing";
  }
  return "revisions";
}

Documents::Trust ParseTrust(std::string_view name) {
  if (name == "responses") return Documents::Trust::kResponses;
  if (name == "nothing") return Documents::Trust::kNothing;
  return Documents::Trust::kRevisions;
}

}  // namespace

struct Store::Statements {
  explicit Statements(Database& database)
      : get_meta(database, "SELECT value FROM meta WHERE key = ?"),
        set_meta(database, "INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)"),
        get_counter(database, "SELECT value FROM counters WHERE name = ?"),
        set_counter(database, "INSERT OR REPLACE INTO counters(name, value) VALUES(?, ?)"),
        begin_run(database, "INSERT INTO runs(generation, started_ms) VALUES(?, ?) RETURNING run"),
        save_run(database,
                 "UPDATE runs SET requests = ?, cache_hits = ?, outputs = ? WHERE run = ?"),
        end_run(database, R"sql(
          UPDATE runs SET finished_ms = ?, outcome = ?, exit_code = ?, message = ?
           WHERE run = ?)sql") {}

  Statement get_meta;
  Statement set_meta;
  Statement get_counter;
  Statement set_counter;
  Statement begin_run;
  Statement save_run;
  Statement end_run;
};

Result<std::unique_ptr<Store>> Store::Open(const std::filesystem::path& file, StoreOptions options,
                                           const Clock& clock, Intact intact) {
  return CatchSqlite(file, [&]() -> Result<std::unique_ptr<Store>> {
    {
      Database database(file, Database::Mode::kReadWrite);
      if (auto status = PrepareSchema(database, file); !status) return Fail(status.error());
      if (auto status = CheckIndexes(database, file); !status) return Fail(status.error());
    }
    return std::unique_ptr<Store>(new Store(file, std::move(options), clock, std::move(intact)));
  });
}

Store::Store(const std::filesystem::path& file, StoreOptions options, const Clock& clock,
             Intact intact)
    : file_(file),
      options_(std::move(options)),
      clock_(clock),
      intact_(std::move(intact)),
      database_(file, Database::Mode::kReadWrite),
      frontier_(std::make_unique<Frontier>(database_)),
      manifest_(std::make_unique<Manifest>(database_)),
      collections_(std::make_unique<Collections>(database_)),
      documents_(std::make_unique<Documents>(
          database_, *frontier_, *collections_,
          [this](const DocumentId& id) {
            const auto outputs = manifest_->OutputsOf(id);
            return !outputs.empty() && std::all_of(outputs.begin(), outputs.end(), intact_);
          },
          [this](const std::string& why) { manifest_->AddShortfall(why); })),
      statements_(std::make_unique<Statements>(database_)) {
  cache_ = std::make_unique<CacheWriter>(database_, options_.cache,
                                         CacheWriter::Size{.entries = GetCounter("cache_entries"),
                                                           .bytes = GetCounter("cache_bytes")});
}

Store::~Store() = default;

// --- runs ---------------------------------------------------------------------------------------

Result<Store::Start> Store::BeginRun(const Opener& open) {
  return Transaction([&]() -> Result<Start> {
    Recall();
    const bool same_job = GetMeta(kFingerprint) == options_.fingerprint;
    const bool resume =
        generation_ > 0 && GetMeta(kFinished) == kNotYet && same_job && !options_.ignore_revisions;
    std::int64_t lost = 0;
    if (resume) {
      documents_->Begin(generation_, ParseTrust(GetMeta(kTrust)));
      lost = RemakeLostOutputs();
    } else {
      const auto trust = options_.ignore_revisions      ? Documents::Trust::kNothing
                         : same_job || generation_ == 0 ? Documents::Trust::kRevisions
                                                        : Documents::Trust::kResponses;
      BeginGeneration(open, std::max(trust, LeftTrust()));
    }
    AddRunRow();
    return Start{.resumed = resume, .generation = generation_, .lost = lost};
  });
}

// What every run begins with, whatever it is going to do: the counters as the last one left them,
// and the traces of a kill put right.
void Store::Recall() {
  generation_ = Generation();
  requests_done_ = GetCounter("requests_done");
  cache_hits_ = GetCounter("cache_hits");
  cache_misses_ = GetCounter("cache_misses");
  collections_->Begin(generation_);
  manifest_->AdoptAnnounced();
  RecountCache();
  MoveWaitsWithTheClock();
}

// A clock that was ahead during the last run would leave what waits waiting for as long as it was.
void Store::MoveWaitsWithTheClock() {
  const WallMs last_ms = GetCounter("committed_ms");
  clock_set_back_ = std::chrono::milliseconds(std::max<WallMs>(0, last_ms - clock_.WallNow()));
  if (clock_set_back_.count() > 0) frontier_->Hasten(clock_set_back_);
}

// Nothing says what happened to the files while no run went on. What this generation has not come
// to yet is compared when it does.
std::int64_t Store::RemakeLostOutputs() {
  constexpr int kBatch = 1000;
  std::int64_t lost = 0;
  std::vector<OutputRow> batch;
  std::string last;
  do {
    batch = manifest_->FinishedIn(generation_, last, kBatch);
    for (const OutputRow& row : batch) {
      if (!intact_(row) && documents_->OutputLost(row.source)) ++lost;
    }
    if (!batch.empty()) last = batch.back().path;
  } while (!batch.empty());
  return lost;
}

void Store::AddRunRow() {
  auto run = statements_->begin_run.Use();
  run.Bind(generation_).Bind(clock_.WallNow());
  run.Next();
  run_ = run.Int(0);
}

// How much of what the last generation left may be trusted by the next. One that did not finish has
// not reached everything, so its own distrust goes on.
Documents::Trust Store::LeftTrust() {
  if (generation_ == 0 || GetMeta(kFinished) == kYes) return Documents::Trust::kRevisions;
  return ParseTrust(GetMeta(kTrust));
}

void Store::EndGeneration(Documents::Ready ready) {
  frontier_->Clear();
  documents_->EndGeneration(ready);
  collections_->EndGeneration();
}

void Store::BeginGeneration(const Opener& open, Documents::Trust trust) {
  EndGeneration(Documents::Ready::kOpen);
  ++generation_;
  SetMeta(kGeneration, std::to_string(generation_));
  SetMeta(kFingerprint, options_.fingerprint);
  SetMeta(kTrust, TrustName(trust));
  SetMeta(kFinished, kNotYet);
  requests_done_ = 0;
  manifest_->ClearShortfalls();
  if (trust == Documents::Trust::kNothing) cache_->Clear();
  documents_->Begin(generation_, trust);
  collections_->Begin(generation_);
  collections_->BeginGeneration();
  const bool trusted = trust != Documents::Trust::kNothing;
  const Opening opening =
      open({.generation = generation_,
            .now_ms = clock_.WallNow(),
            .find =
                [&](const DocumentId& id) {
                  return trusted ? collections_->Find(id) : std::optional<LastRun::Collection>();
                },
            .find_document =
                [&](const DocumentId& id) {
                  return trusted ? documents_->Left(id) : std::optional<LastRun::Document>();
                }});
  for (const DocumentUpdate& document : opening.documents) {
    documents_->Update(document, Documents::SeenIn::kElsewhere);
  }
  for (const Request& request : opening.requests) {
    documents_->AddRequest(request, Frontier::Repeat::kOnce);
  }
}

Result<Store::OfflineStart> Store::BeginOffline() {
  return Transaction([&]() -> Result<OfflineStart> {
    Recall();
    documents_->Begin(generation_, Documents::Trust::kResponses);
    // Without a listing nothing has vanished.
    asked_for_unseen_ = true;
    if (GetMeta(kFinished) == kNotYet && !documents_->OnlyRenderingIsLeft()) {
      EndGeneration(Documents::Ready::kDone);
      SetMeta(kFinished, kEnded);
    }
    // Those that are left of it will be asked for by the next listing.
    discovers_ = GetMeta(kFinished) != kEnded;
    frontier_->DropFailedDocuments();
    documents_->RenderAll();
    const Documents::LeftOut left_out = documents_->CountLeftOut();
    if (frontier_->counts().queued() > 0 && discovers_) SetMeta(kFinished, kNotYet);
    AddRunRow();
    return OfflineStart{.documents = frontier_->counts().documents,
                        .left_out = left_out.count,
                        .first_left_out = left_out.first,
                        .listed = discovers_};
  });
}

Result<std::int64_t> Store::BeginRetry() {
  return Transaction([&]() -> Result<std::int64_t> {
    Recall();
    if (GetMeta(kFinished) == kEnded) {
      return Fail(Code::kUsage,
                  "there is nothing to try again: the export is to be listed anew; run it");
    }
    documents_->Begin(generation_, ParseTrust(GetMeta(kTrust)));
    const auto owners = frontier_->RequeueFailed();
    documents_->RequestsRequeued(owners);
    const std::int64_t lost = RemakeLostOutputs();
    if (!owners.empty() || lost > 0) SetMeta(kFinished, kNotYet);
    AddRunRow();
    return static_cast<std::int64_t>(owners.size());
  });
}

Status Store::EndRun(std::string_view outcome, int exit_code, std::string_view message) {
  return Transaction([&]() -> Status {
    const bool drained = discovery_ended_ && frontier_->counts().queued() == 0;
    if (drained && GetMeta(kFinished) != kEnded) SetMeta(kFinished, kYes);
    in_flight_ = 0;
    SaveCounters();
    const std::string outcome_text(outcome);
    const std::string message_text(message);
    statements_->end_run.Use()
        .Bind(clock_.WallNow())
        .Bind(outcome_text)
        .Bind(exit_code)
        .Bind(message_text)
        .Bind(run_)
        .Done();
    return {};
  });
}

// --- files that are about to be put in place ---------------------------------------------------

Result<std::vector<FileState>> Store::WrittenAt(const std::string& path) {
  return CatchSqlite(
      file_, [&]() -> Result<std::vector<FileState>> { return manifest_->WrittenAt(path); });
}

Status Store::Announce(std::span<const OutputFile* const> files, std::span<const KeptEdit> edits) {
  return Transaction([&]() -> Status {
    for (const OutputFile* file : files) manifest_->Announce(*file);
    for (const KeptEdit& edit : edits) manifest_->NoteEdit(edit);
    return {};
  });
}

// --- one commit ---------------------------------------------------------------------------------

Status Store::Commit(const std::vector<CommitRecord>& records) {
  auto status = Transaction([&]() -> Status {
    for (const CommitRecord& record : records) Apply(record);
    cache_->Evict(clock_.WallNow());
    SaveCounters();
    return {};
  });
  if (status) RememberResponses(records);
  return status;
}

void Store::RememberResponses(const std::vector<CommitRecord>& records) {
  if (options_.memory == nullptr) return;
  for (const CommitRecord& record : records) {
    const bool stored = record.item.kind == ItemKind::kRequest && record.response &&
                        (!record.cache_hit || record.confirmed);
    if (!stored || record.verdict != CommitRecord::Verdict::kDone) continue;
    StoredResponse response = *record.response;
    response.fetched_ms = clock_.WallNow();
    options_.memory->Replace(RequestKey(record.item.request), response);
  }
}

void Store::Apply(const CommitRecord& record) {
  switch (record.verdict) {
    case CommitRecord::Verdict::kReturn:
      frontier_->Return(record.item);
      return;
    case CommitRecord::Verdict::kRetry:
      frontier_->Retry(record.item, record.failure.value_or(Failure{}), record.next_attempt,
                       record.not_before_ms);
      return;
    case CommitRecord::Verdict::kFailed:
      ApplyFailure(record);
      return;
    case CommitRecord::Verdict::kDone:
    case CommitRecord::Verdict::kReopen:
      break;
  }
  if (record.item.kind == ItemKind::kRequest) {
    ApplyRequest(record);
  } else {
    ApplyDocument(record);
  }
}

void Store::ApplyFailure(const CommitRecord& record) {
  const Failure failure = record.failure.value_or(Failure{});
  if (record.item.kind == ItemKind::kDocument) {
    frontier_->Fail(record.item, failure);
    documents_->RenderFailed(record.item.document);
    return;
  }
  const DocumentId& document = record.item.request.document;
  if (documents_->MayLeadNowhere(document, failure)) {
    frontier_->Finish(record.item);
    documents_->RequestDone(document);
    return;
  }
  frontier_->Fail(record.item, failure);
  documents_->RequestFailed(document);
}

void Store::ApplyRequest(const CommitRecord& record) {
  const Request& request = record.item.request;
  const auto seen_in =
      request.listing ? Documents::SeenIn::kListing : Documents::SeenIn::kElsewhere;
  for (const DocumentUpdate& update : record.documents) documents_->Update(update, seen_in);
  documents_->AddMentions(request.document, record.mentions);
  if (record.rows) documents_->AddRows(request.document, *record.rows);
  std::string shortfall = record.shortfall;
  for (const Request& discovered : record.requests) {
    const bool fresh = documents_->AddRequest(discovered, Frontier::Repeat::kOnce);
    if (!fresh && discovered.next_page) {
      shortfall = fmt::format("{}: the API leads in a circle: the next page of {} was asked before",
                              request.document.value, RequestText(request));
    }
  }
  if (record.confirmed) {
    cache_->Confirm(request, clock_.WallNow());
  } else if (record.response && !record.cache_hit) {
    cache_->Put(request, *record.response, clock_.WallNow());
  }
  manifest_->AddNotes(Manifest::Origin::kFetch, record.notes);
  if (!shortfall.empty()) {
    manifest_->AddShortfall(shortfall);
    collections_->MarkShort(request.document);
  }
  ++(record.cache_hit ? cache_hits_ : cache_misses_);
  if (record.cache_hit) ++totals_.cache_hits;
  ++requests_done_;
  frontier_->Finish(record.item);
  documents_->RequestDone(request.document);
}

void Store::ApplyDocument(const CommitRecord& record) {
  const DocumentId& document = record.item.document;
  frontier_->Finish(record.item);
  if (record.verdict == CommitRecord::Verdict::kReopen) {
    documents_->Reopen(document, record.requests);
    return;
  }
  std::vector<OutputRow> outputs;
  for (const OutputFile& file : record.outputs) {
    outputs.push_back(
        {.path = file.path, .bytes = file.bytes, .sha256 = file.sha256, .mtime_ns = file.mtime_ns});
  }
  if (!outputs.empty()) manifest_->Put(document, record.revision, outputs);
  manifest_->ReplaceNotes(document, Manifest::Origin::kRender, record.notes);
  documents_->Rendered(document, record.item.epoch);
  ++totals_.outputs;
}

void Store::SaveCounters() {
  SetCounter("requests_done", requests_done_);
  SetCounter("in_flight", in_flight_);
  SetCounter("cache_entries", cache_->entries());
  SetCounter("cache_bytes", cache_->bytes());
  SetCounter("cache_hits", cache_hits_);
  SetCounter("cache_misses", cache_misses_);
  SetCounter("cache_evictions", GetCounter("cache_evictions") + cache_->TakeEvictions());
  SetCounter("committed_ms", clock_.WallNow());
  statements_->save_run.Use()
      .Bind(totals_.requests_sent)
      .Bind(totals_.cache_hits)
      .Bind(totals_.outputs)
      .Bind(run_)
      .Done();
}

// The counters are kept in the same transactions as the table, but the table can be changed by
// hand. A million entries are counted in 0.1 s (an index, no bodies).
void Store::RecountCache() {
  if (cache_->Recount()) return;
  SetCounter("cache_rebuilds", GetCounter("cache_rebuilds") + 1);
  SetCounter("cache_entries", cache_->entries());
  SetCounter("cache_bytes", cache_->bytes());
}

Result<std::int64_t> Store::TrimCache(const CacheLimits& limits) {
  return ShrinkCache([&] { cache_->Trim(limits, clock_.WallNow()); });
}

Result<std::int64_t> Store::ClearCache() {
  return ShrinkCache([&] { cache_->Clear(); });
}

template <class Work>
Result<std::int64_t> Store::ShrinkCache(Work&& work) {
  auto gone = Transaction([&]() -> Result<std::int64_t> {
    RecountCache();
    const std::int64_t before = cache_->entries();
    work();
    SetCounter("cache_entries", cache_->entries());
    SetCounter("cache_bytes", cache_->bytes());
    SetCounter("cache_evictions", GetCounter("cache_evictions") + cache_->TakeEvictions());
    return before - cache_->entries();
  });
  if (!gone) return gone;
  return CatchSqlite(file_, [&]() -> Result<std::int64_t> {
    database_.Exec("PRAGMA incremental_vacuum");
    Checkpoint();
    return gone;
  });
}

// --- between commits ----------------------------------------------------------------------------

Result<std::vector<FrontierItem>> Store::Take(std::size_t count, Frontier::Which which) {
  return Transaction([&]() -> Result<std::vector<FrontierItem>> {
    auto items = frontier_->Take(count, clock_.WallNow(), which);
    for (FrontierItem& item : items) {
      if (item.kind == ItemKind::kDocument) item.epoch = documents_->Epoch(item.document);
    }
    return items;
  });
}

Result<WallMs> Store::NextDue() {
  return CatchSqlite(file_, [&]() -> Result<WallMs> { return frontier_->NextDue(); });
}

const Frontier::Counts& Store::counts() const { return frontier_->counts(); }

Result<bool> Store::Advance(const Ask& ask) {
  if (!discovers_ || frontier_->counts().listing > 0) return false;
  return Transaction([&]() -> Result<bool> {
    const auto unlisted = documents_->TakeUnlisted(kUnlistedBatch);
    for (const DocumentRow& row : unlisted) {
      documents_->Ask(row.id, ask(row));
    }
    if (!unlisted.empty()) return true;
    if (frontier_->counts().requests > 0 || discovery_ended_) return false;

    if (!asked_for_unseen_) {
      asked_for_unseen_ = true;
      const bool too_many = TooMany(documents_->CountVanished(), documents_->CountKnown());
      const auto which = too_many ? Documents::Unseen::kNeverListed : Documents::Unseen::kAll;
      if (documents_->AskForUnseen(which)) return true;
    }
    discovery_ended_ = !documents_->SettleRest();
    return true;
  });
}

// Says so in the report, too.
bool Store::TooMany(std::int64_t gone, std::int64_t known) {
  const bool too_many =
      (options_.delete_max >= 0 && gone > options_.delete_max) ||
      (options_.delete_max < 0 &&
       static_cast<double>(gone) > options_.delete_max_fraction * static_cast<double>(known));
  if (too_many) {
    manifest_->AddShortfall(
        fmt::format("{} of {} documents are gone from the source, more than --max-delete allows; "
                    "nothing was deleted. If they are gone for good, run with --max-delete {}",
                    gone, known, gone));
  }
  return too_many;
}

Result<std::int64_t> Store::WithdrawMissing() {
  return Transaction([&]() -> Result<std::int64_t> {
    const std::int64_t missing = manifest_->CountMissing();
    if (missing > 0 && TooMany(missing, documents_->CountKnown() + missing)) return 0;
    return manifest_->WithdrawMissing();
  });
}

Result<std::vector<std::string>> Store::ObsoleteOutputs() {
  return CatchSqlite(file_,
                     [&]() -> Result<std::vector<std::string>> { return manifest_->Obsolete(); });
}

Status Store::ForgetOutputs(const std::vector<std::string>& paths) {
  return Transaction([&]() -> Status {
    for (const std::string& path : paths) manifest_->Forget(path);
    totals_.deleted += static_cast<std::int64_t>(paths.size());
    return {};
  });
}

Result<std::vector<std::string>> Store::Shortfalls() {
  return CatchSqlite(file_,
                     [&]() -> Result<std::vector<std::string>> { return manifest_->Shortfalls(); });
}

Result<Frontier::Counts> Store::CountOpen() {
  return CatchSqlite(file_, [&]() -> Result<Frontier::Counts> { return frontier_->CountTable(); });
}

Result<Store::DocumentCounts> Store::CountDocuments() {
  return CatchSqlite(file_, [&]() -> Result<DocumentCounts> {
    Statement count(database_, R"sql(
      SELECT count(*), coalesce(sum(state = 'done'), 0), coalesce(sum(state = 'failed'), 0)
        FROM documents WHERE extension <> '' AND known)sql");
    auto run = count.Use();
    run.Next();
    return DocumentCounts{.total = run.Int(0), .done = run.Int(1), .failed = run.Int(2)};
  });
}

Status Store::SetLimits(const std::map<std::string, std::string>& limits) {
  return Transaction([&]() -> Status {
    database_.Exec("DELETE FROM limits");
    Statement insert(database_, "INSERT INTO limits(name, value) VALUES(?, ?)");
    for (const auto& [name, value] : limits) insert.Use().Bind(name).Bind(value).Done();
    return {};
  });
}

Result<std::string> Store::Fact(const std::string& name) {
  return CatchSqlite(file_, [&]() -> Result<std::string> { return GetMeta("fact." + name); });
}

Status Store::ResetCollection(const DocumentId& id) {
  return Transaction([&]() -> Status {
    generation_ = Generation();
    collections_->Begin(generation_);
    if (!collections_->Reset(id)) {
      return Fail(
          Code::kNotFound,
          fmt::format("{}: no collection has that name; `v_collections` names them", id.value));
    }
    EndGeneration(Documents::Ready::kOpen);
    documents_->Reset(id);
    // What a finished one left may be trusted, and the next one begins there.
    if (GetMeta(kFinished) == kYes) SetMeta(kTrust, TrustName(Documents::Trust::kRevisions));
    SetMeta(kFinished, kEnded);
    return {};
  });
}

Status Store::SetFact(const std::string& name, const std::string& value) {
  return Transaction([&]() -> Status {
    SetMeta("fact." + name, value);
    return {};
  });
}

void Store::Checkpoint() noexcept {
  try {
    database_.Exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const SQLite::Exception&) {
    // A reader is there; the log is folded in next time. Nothing is lost.
  }
}

// --- helpers ------------------------------------------------------------------------------------

template <class Work>
auto Store::Transaction(Work&& work) -> std::invoke_result_t<Work> {
  if (broken_) return Fail(*broken_);
  auto result = CatchSqlite(file_, [&]() -> std::invoke_result_t<Work> {
    database_.Begin();
    auto value = work();
    if (value) database_.Commit();
    return value;
  });
  if (!result) {
    broken_ = result.error();
    database_.Rollback();
  }
  return result;
}

std::int64_t Store::Generation() {
  const std::string text = GetMeta(kGeneration);
  if (text.empty()) return 0;
  std::int64_t generation = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), generation);
  if (error != std::errc() || end != text.data() + text.size() || generation < 1) {
    throw DamagedRow("the number of the generation in `meta` is damaged");
  }
  return generation;
}

std::string Store::GetMeta(const std::string& key) {
  auto run = statements_->get_meta.Use();
  run.Bind(key);
  return run.Next() ? run.Text(0) : std::string();
}

void Store::SetMeta(const std::string& key, const std::string& value) {
  statements_->set_meta.Use().Bind(key).Bind(value).Done();
}

std::int64_t Store::GetCounter(const std::string& name) {
  auto run = statements_->get_counter.Use();
  run.Bind(name);
  return run.Next() ? run.Int(0) : 0;
}

void Store::SetCounter(const std::string& name, std::int64_t value) {
  statements_->set_counter.Use().Bind(name).Bind(value).Done();
}

}  // namespace sluice
