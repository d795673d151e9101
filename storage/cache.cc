#include "storage/cache.h"

#include "storage/base/compress.h"

namespace sluice {
namespace {
// One batch costs about 5 ms and leaves room, so that not every commit evicts.
constexpr int kEvictionBatch = 500;
}  // namespace

CacheWriter::CacheWriter(Database& database, std::int64_t bytes_max)
    : bytes_max_(bytes_max),
      database_(database),
      size_of_(database, "SELECT bytes FROM cache WHERE key = ?"),
      erase_(database, "DELETE FROM cache WHERE key = ?"),
      insert_(database, R"sql(
        INSERT INTO cache(key, request, revision, status, fetched_ms, bytes, checksum, body)
        VALUES(?, ?, ?, ?, ?, ?, ?, ?))sql") {
  Statement totals(database, "SELECT count(*), coalesce(sum(bytes), 0) FROM cache");
  auto run = totals.Use();
  run.Next();
  entries_ = run.Int(0);
  bytes_ = run.Int(1);
}

void CacheWriter::Put(const Request& request, const StoredResponse& response, WallMs now_ms) {
  const Hash128 key = RequestKey(request);
  const std::string text = RequestText(request);
  const bool plain = response.encoding == StoredResponse::Encoding::kPlain;
  const std::string packed = plain ? Compress(response.body) : std::string();
  const std::string& body = plain ? packed : response.body;
  Erase(key);
  insert_.Use()
      .BindBlob(key)
      .Bind(text)
      .Bind(response.revision.value)
      .Bind(response.status)
      .Bind(now_ms)
      .Bind(static_cast<std::int64_t>(body.size()))
      .Bind(Checksum(body))
      .BindBlob(body)
      .Done();
  ++entries_;
  bytes_ += static_cast<std::int64_t>(body.size());
}

void CacheWriter::Erase(const Hash128& key) {
  std::int64_t size = -1;
  {
    auto run = size_of_.Use();
    run.BindBlob(key);
    if (run.Next()) size = run.Int(0);
  }
  if (size < 0) return;
  erase_.Use().BindBlob(key).Done();
  --entries_;
  bytes_ -= size;
}

void CacheWriter::Evict() {
  while (bytes_max_ > 0 && bytes_ > bytes_max_) {
    Statement oldest(database_,
                     "DELETE FROM cache WHERE id IN "
                     "(SELECT id FROM cache ORDER BY id LIMIT ?) RETURNING bytes");
    auto run = oldest.Use();
    run.Bind(kEvictionBatch);
    std::int64_t erased = 0;
    while (run.Next()) {
      bytes_ -= run.Int(0);
      ++erased;
    }
    if (erased == 0) break;
    entries_ -= erased;
    evictions_ += erased;
  }
}

void CacheWriter::Clear() {
  database_.Exec("DELETE FROM cache");
  entries_ = 0;
  bytes_ = 0;
}

}  // namespace sluice
