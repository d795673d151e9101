#include "storage/cache.h"

#include <algorithm>
#include <limits>

#include "storage/packed_body.h"

namespace sluice {
namespace {

// One batch costs about 5 ms; a tenth leaves room, so that not every commit evicts.
constexpr std::int64_t kEvictionBatch = 500;
constexpr std::int64_t kEvictionPart = 10;

constexpr WallMs kEver = std::numeric_limits<WallMs>::max();

bool Exceeds(std::int64_t value, std::int64_t bound) { return bound > 0 && value > bound; }

}  // namespace

CacheWriter::CacheWriter(Database& database, CacheLimits limits, Size size)
    : limits_(limits),
      size_(size),
      database_(database),
      size_of_(database, "SELECT id, bytes FROM cache WHERE key = ?"),
      erase_(database, "DELETE FROM cache WHERE key = ?"),
      insert_(database, R"sql(
        INSERT INTO cache(key, request, document, revision, status, fetched_ms, etag, last_modified,
                          bytes, checksum, body)
        VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"),
      insert_part_(database,
                   "INSERT INTO cache_parts(id, part, checksum, body) "
                   "VALUES(?, ?, ?, ?)"),
      erase_parts_(database, "DELETE FROM cache_parts WHERE id = ?"),
      confirm_(database, "UPDATE cache SET fetched_ms = ?, revision = ? WHERE key = ?"),
      evict_finished_(database, R"sql(
        DELETE FROM cache WHERE id IN (
          SELECT c.id FROM cache c LEFT JOIN documents d ON d.id = c.document
           WHERE c.fetched_ms < ? AND (d.state IS NULL OR d.state IN ('done', 'failed', 'missing'))
           ORDER BY c.fetched_ms LIMIT ?) RETURNING id, bytes)sql"),
      evict_future_(database, R"sql(
        DELETE FROM cache WHERE id IN (
          SELECT c.id FROM cache c LEFT JOIN documents d ON d.id = c.document
           WHERE c.fetched_ms > ? AND (d.state IS NULL OR d.state IN ('done', 'failed', 'missing'))
           ORDER BY c.fetched_ms LIMIT ?) RETURNING id, bytes)sql"),
      evict_any_(database, R"sql(
        DELETE FROM cache WHERE id IN (
          SELECT id FROM cache WHERE fetched_ms < ? ORDER BY fetched_ms LIMIT ?)
        RETURNING id, bytes)sql") {}

void CacheWriter::Put(const Request& request, const StoredResponse& response, WallMs now_ms) {
  ++puts_;
  Erase(RequestKey(request));
  if (response.encoding == StoredResponse::Encoding::kZstd) {
    Insert(request, response, response.body.view(), now_ms);
  } else {
    // In memory it cannot fail.
    Insert(request, response, Pack(response.body.view(), /*spill=*/nullptr)->view(), now_ms);
  }
}

void CacheWriter::Insert(const Request& request, const StoredResponse& response,
                         const BodyView& packed, WallMs now_ms) {
  const std::string text = RequestText(request);
  const Hash128 key = RequestKey(request);
  const auto bytes = static_cast<std::int64_t>(packed.size());
  const std::string_view first = packed.text().substr(0, kCachePartBytes);
  insert_.Use()
      .BindBlob(key)
      .Bind(text)
      .Bind(request.document.value)
      .Bind(response.revision.value)
      .Bind(response.status)
      .Bind(now_ms)
      .Bind(response.etag)
      .Bind(response.last_modified)
      .Bind(bytes)
      .Bind(Checksum(first))
      .BindBlob(first)
      .Done();
  InsertParts(packed);
  ++size_.entries;
  size_.bytes += bytes;
}

void CacheWriter::InsertParts(const BodyView& packed) {
  const std::int64_t id = database_.raw().getLastInsertRowid();
  std::int64_t part = 1;
  for (std::size_t at = kCachePartBytes; at < packed.size(); at += kCachePartBytes, ++part) {
    packed.Release(0, at);
    const std::string_view bytes = packed.text().substr(at, kCachePartBytes);
    insert_part_.Use().Bind(id).Bind(part).Bind(Checksum(bytes)).BindBlob(bytes).Done();
  }
}

void CacheWriter::Confirm(const Request& request, WallMs now_ms) {
  const Hash128 key = RequestKey(request);
  confirm_.Use().Bind(now_ms).Bind(request.revision.value).BindBlob(key).Done();
}

void CacheWriter::Erase(const Hash128& key) {
  std::int64_t id = 0;
  std::int64_t size = -1;
  {
    auto run = size_of_.Use();
    run.BindBlob(key);
    if (run.Next()) {
      id = run.Int(0);
      size = run.Int(1);
    }
  }
  if (size < 0) return;
  erase_.Use().BindBlob(key).Done();
  Forget(id, size);
  --size_.entries;
}

void CacheWriter::Forget(std::int64_t id, std::int64_t bytes) {
  size_.bytes -= bytes;
  if (bytes > static_cast<std::int64_t>(kCachePartBytes)) erase_parts_.Use().Bind(id).Done();
}

void CacheWriter::Evict(WallMs now_ms) {
  if (puts_ < no_use_before_) return;
  Evict(limits_, now_ms, Spare::kUnfinished);
}

void CacheWriter::Trim(const CacheLimits& limits, WallMs now_ms) {
  Evict(limits, now_ms, Spare::kNothing);
}

void CacheWriter::Evict(const CacheLimits& limits, WallMs now_ms, Spare spare) {
  if (limits.age_max.count() > 0) {
    while (EvictBatch(evict_finished_, now_ms - limits.age_max.count(), kEvictionBatch) > 0) {
    }
    // Nobody knows how old an answer is that has a date in the future: too old.
    while (EvictBatch(evict_future_, now_ms, kEvictionBatch) > 0) {
    }
  }
  while (Exceeds(size_.bytes, limits.bytes_max) || Exceeds(size_.entries, limits.entries_max)) {
    const std::int64_t count =
        std::clamp<std::int64_t>(size_.entries / kEvictionPart, 1, kEvictionBatch);
    if (EvictBatch(evict_finished_, kEver, count) > 0) continue;
    if (spare == Spare::kNothing && EvictBatch(evict_any_, kEver, count) > 0) continue;
    // A search that found nothing has read the whole table; not again at the next commit.
    no_use_before_ = puts_ + size_.entries / kEvictionPart;
    break;
  }
}

std::int64_t CacheWriter::EvictBatch(Statement& statement, WallMs bound_ms, std::int64_t count) {
  auto run = statement.Use();
  run.Bind(bound_ms).Bind(count);
  std::int64_t erased = 0;
  while (run.Next()) {
    Forget(run.Int(0), run.Int(1));
    ++erased;
  }
  size_.entries -= erased;
  evictions_ += erased;
  return erased;
}

void CacheWriter::Clear() {
  database_.Exec("DELETE FROM cache");
  database_.Exec("DELETE FROM cache_parts");
  size_ = {};
}

bool CacheWriter::Recount() {
  Statement totals(database_, "SELECT count(*), coalesce(sum(bytes), 0) FROM cache");
  auto run = totals.Use();
  run.Next();
  const Size counted{.entries = run.Int(0), .bytes = run.Int(1)};
  if (std::exchange(size_, counted) == counted) return true;
  // Rows that were deleted by hand leave their parts behind.
  database_.Exec("DELETE FROM cache_parts WHERE id NOT IN (SELECT id FROM cache)");
  return false;
}

}  // namespace sluice
