#include "storage/frontier.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/base/check.h"

namespace sluice {
namespace {

// Documents first (they finish what was begun), then the listing (one sequential chain that hides
// everything behind it), then deep requests before shallow ones.
constexpr int kDocumentPriority = 0;
constexpr int kListingPriority = 1;
constexpr int kShallowPriority = 1000;
constexpr int kDepthMax = 900;

const std::string kRequestKind = "request";
const std::string kDocumentKind = "document";

int PriorityOf(const Request& request) {
  return request.listing ? kListingPriority
                         : kShallowPriority - std::clamp(request.depth, 0, kDepthMax);
}

std::int64_t RowChecksum(ItemKind kind, const Request& request) {
  std::string bytes = kind == ItemKind::kRequest ? "request" : "document";
  for (const std::string* field :
       {&request.operation, &request.method, &request.target, &request.body,
        &request.document.value, &request.revision.value, &request.context}) {
    bytes.push_back('\0');
    bytes += *field;
  }
  bytes += fmt::format("{}/{}", request.depth, request.listing);
  return Checksum(bytes);
}

std::int64_t SeenHash(const Request& request) {
  return Checksum(RequestText(request) + '\0' + request.revision.value);
}

}  // namespace

Frontier::Frontier(Database& database)
    : database_(database),
      insert_(database, R"sql(
        INSERT INTO frontier(seq, kind, state, priority, not_before_ms, attempt, operation, method,
                             target, body, document, revision, depth, listing, context, checksum)
        VALUES(?, ?, 'queued', ?, 0, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"),
      see_(database, "INSERT OR IGNORE INTO seen(hash) VALUES(?)"),
      ready_(database, R"sql(
        SELECT seq FROM frontier WHERE state = 'queued' AND not_before_ms = 0 AND priority <= ?
         ORDER BY priority, seq LIMIT ?)sql"),
      load_(database, R"sql(
        SELECT kind, attempt, operation, method, target, body, document, revision, depth, listing,
               context, checksum
          FROM frontier WHERE seq = ?)sql"),
      make_due_(database, R"sql(
        UPDATE frontier SET not_before_ms = 0
         WHERE state = 'queued' AND not_before_ms > 0 AND not_before_ms <= ?)sql"),
      next_due_(database, R"sql(
        SELECT min(not_before_ms) FROM frontier WHERE state = 'queued' AND not_before_ms > 0)sql"),
      erase_(database, "DELETE FROM frontier WHERE seq = ?"),
      retry_(database, R"sql(
        UPDATE frontier SET attempt = ?, not_before_ms = ?, http_status = ?, error_class = ?,
                            last_error = ?
         WHERE seq = ?)sql"),
      fail_(database, R"sql(
        UPDATE frontier SET state = 'failed', http_status = ?, error_class = ?, last_error = ?
         WHERE seq = ?)sql") {
  Statement last(database, "SELECT max(seq) FROM frontier");
  auto run = last.Use();
  if (run.Next() && !run.IsNull(0)) next_seq_ = run.Int(0) + 1;
  counts_ = CountTable();
}

Frontier::Counts Frontier::CountTable() {
  Statement count(database_, R"sql(
    SELECT coalesce(sum(state = 'queued' AND kind = 'request' AND listing), 0),
           coalesce(sum(state = 'queued' AND kind = 'request'), 0),
           coalesce(sum(state = 'queued' AND kind = 'document'), 0),
           coalesce(sum(state = 'failed'), 0)
      FROM frontier)sql");
  auto run = count.Use();
  run.Next();
  return {
      .listing = run.Int(0), .requests = run.Int(1), .documents = run.Int(2), .failed = run.Int(3)};
}

void Frontier::Insert(ItemKind kind, int priority, const Request& request) {
  insert_.Use()
      .Bind(next_seq_++)
      .Bind(kind == ItemKind::kRequest ? kRequestKind : kDocumentKind)
      .Bind(priority)
      .Bind(request.operation)
      .Bind(request.method)
      .Bind(request.target)
      .Bind(request.body)
      .Bind(request.document.value)
      .Bind(request.revision.value)
      .Bind(request.depth)
      .Bind(request.listing ? 1 : 0)
      .Bind(request.context)
      .Bind(RowChecksum(kind, request))
      .Done();
  Count(kind, request.listing, +1);
}

bool Frontier::AddRequest(const Request& request, Repeat repeat) {
  const bool fresh = see_.Use().Bind(SeenHash(request)).Done() > 0;
  if (!fresh && repeat == Repeat::kOnce) return false;
  Insert(ItemKind::kRequest, PriorityOf(request), request);
  return true;
}

void Frontier::AddDocument(const DocumentId& document) {
  Insert(ItemKind::kDocument, kDocumentPriority, {.method = "", .document = document});
}

std::vector<FrontierItem> Frontier::Take(std::size_t count, WallMs now_ms, Which which) {
  make_due_.Use().Bind(now_ms).Done();
  std::vector<std::int64_t> seqs;
  {
    // What was handed out stays in the table until it is finished, so look past it.
    auto run = ready_.Use();
    run.Bind(which == Which::kAll ? kShallowPriority : kDocumentPriority)
        .Bind(static_cast<std::int64_t>(count + taken_.size()));
    while (seqs.size() < count && run.Next()) {
      if (!taken_.contains(run.Int(0))) seqs.push_back(run.Int(0));
    }
  }
  std::vector<FrontierItem> items;
  items.reserve(seqs.size());
  for (const std::int64_t seq : seqs) {
    items.push_back(Load(seq));
    taken_.insert(seq);
  }
  return items;
}

FrontierItem Frontier::Load(std::int64_t seq) {
  auto run = load_.Use();
  run.Bind(seq);
  SLUICE_CHECK(run.Next());
  FrontierItem item;
  item.seq = Seq{seq};
  item.kind = run.Text(0) == kRequestKind ? ItemKind::kRequest : ItemKind::kDocument;
  item.attempt = static_cast<int>(run.Int(1));
  item.request = {.operation = run.Text(2),
                  .method = run.Text(3),
                  .target = run.Text(4),
                  .body = run.Text(5),
                  .document = DocumentId(run.Text(6)),
                  .revision = Revision(run.Text(7)),
                  .depth = static_cast<int>(run.Int(8)),
                  .listing = run.Int(9) != 0,
                  .context = run.Text(10)};
  if (RowChecksum(item.kind, item.request) != run.Int(11)) {
    throw DamagedRow(fmt::format("frontier row {} is damaged", seq));
  }
  if (item.kind == ItemKind::kDocument) item.document = item.request.document;
  return item;
}

WallMs Frontier::NextDue() {
  auto run = next_due_.Use();
  return run.Next() && !run.IsNull(0) ? run.Int(0) : 0;
}

void Frontier::Hasten(std::chrono::milliseconds by) {
  Statement hasten(database_,
                   "UPDATE frontier SET not_before_ms = max(not_before_ms - ?, 1) "
                   "WHERE state = 'queued' AND not_before_ms > 0");
  hasten.Use().Bind(by.count()).Done();
}

void Frontier::Finish(const FrontierItem& item) {
  SLUICE_CHECK(erase_.Use().Bind(static_cast<std::int64_t>(item.seq)).Done() == 1);
  Return(item);
  Count(item.kind, item.request.listing, -1);
}

void Frontier::Retry(const FrontierItem& item, const Failure& failure, int next_attempt,
                     WallMs not_before_ms) {
  const std::string error_class(CodeName(failure.code));
  retry_.Use()
      .Bind(next_attempt)
      .Bind(not_before_ms)
      .Bind(failure.http_status)
      .Bind(error_class)
      .Bind(failure.message)
      .Bind(static_cast<std::int64_t>(item.seq))
      .Done();
  Return(item);
}

void Frontier::Fail(const FrontierItem& item, const Failure& failure) {
  const std::string error_class(CodeName(failure.code));
  fail_.Use()
      .Bind(failure.http_status)
      .Bind(error_class)
      .Bind(failure.message)
      .Bind(static_cast<std::int64_t>(item.seq))
      .Done();
  Return(item);
  Count(item.kind, item.request.listing, -1);
  ++counts_.failed;
}

void Frontier::Return(const FrontierItem& item) {
  taken_.erase(static_cast<std::int64_t>(item.seq));
}

std::vector<DocumentId> Frontier::RequeueFailed() {
  std::vector<DocumentId> waiting;
  {
    Statement owners(database_, "SELECT document FROM frontier WHERE state = 'failed'");
    auto run = owners.Use();
    while (run.Next()) waiting.emplace_back(run.Text(0));
  }
  database_.Exec(
      "UPDATE frontier SET state = 'queued', attempt = 1, not_before_ms = 0 WHERE state = "
      "'failed'");
  counts_ = CountTable();
  return waiting;
}

void Frontier::DropFailedDocuments() {
  database_.Exec("DELETE FROM frontier WHERE kind = 'document' AND state = 'failed'");
  counts_ = CountTable();
}

void Frontier::Clear() {
  database_.Exec("DELETE FROM frontier");
  database_.Exec("DELETE FROM seen");
  taken_.clear();
  counts_ = {};
}

void Frontier::Count(ItemKind kind, bool listing, std::int64_t by) {
  if (kind == ItemKind::kDocument) {
    counts_.documents += by;
    return;
  }
  counts_.requests += by;
  if (listing) counts_.listing += by;
}

}  // namespace sluice
