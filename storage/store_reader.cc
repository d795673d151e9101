#include "storage/store_reader.h"

#include <fmt/format.h>

#include "storage/base/compress.h"
#include "storage/cache.h"
#include "storage/collections.h"
#include "storage/database.h"
#include "storage/identity.h"
#include "storage/packed_body.h"
#include "storage/schema.h"

namespace sluice {
namespace {

// A stored body never exceeds what a response may have; anything larger is damage.
constexpr std::size_t kBodyBytesMax = std::size_t{1} << 30;

// Rows a statement hands out before it is reset, so that no snapshot grows old.
constexpr int kChildrenBatch = 256;

// The same for collections; fewer where rows are large.
constexpr int kRowsBatch = 1000;
constexpr std::size_t kRowsBatchBytes = std::size_t{1} << 20;

constexpr const char* kColumns =
    "d.id, d.kind, d.parent, d.title, d.stem, d.extension, d.revision, "
    "d.known, " SLUICE_IDENTITY_COLUMNS ", d.checksum";

// Where the identity columns begin among these.
constexpr int kIdentityColumn = 8;

std::string Select(std::string_view rest) { return fmt::format("SELECT {} {}", kColumns, rest); }

DocumentRow ReadDocument(const Statement::Run& run) {
  VerifyIdentity(run, kIdentityColumn);
  DocumentRow row{.id = DocumentId(run.Text(0)),
                  .kind = run.Text(1),
                  .parent = DocumentId(run.Text(2)),
                  .title = run.Text(3),
                  .extension = run.Text(5),
                  .revision = Revision(run.Text(6)),
                  .known = run.Int(7) != 0};
  if (!run.IsNull(4) && !row.extension.empty()) row.path = run.Text(4) + row.extension;
  return row;
}

// Nothing where it does not unpack.
std::optional<StoredResponse> Unpacked(StoredResponse response) {
  if (response.encoding == StoredResponse::Encoding::kPlain) return response;
  auto body = Decompress(response.body, kBodyBytesMax);
  if (!body) return std::nullopt;
  response.body = Body(std::move(*body));
  response.encoding = StoredResponse::Encoding::kPlain;
  return response;
}

}  // namespace

struct StoreReader::State {
  State(const std::filesystem::path& file, const SpillDir* spill_dir)
      : spill(spill_dir),
        database(file, Database::Mode::kReadOnly),
        response(database,
                 "SELECT revision, status, fetched_ms, checksum, body, etag, last_modified, bytes, "
                 "id FROM cache WHERE key = ?"),
        part(database, "SELECT checksum, body FROM cache_parts WHERE id = ? AND part = ?"),
        object(database,
               "SELECT o.checksum, o.body FROM documents d JOIN objects o ON o.doc = d.doc "
               "WHERE d.id = ?"),
        document(database, Select("FROM documents d WHERE d.id = ?").c_str()),
        alias(database, Select("FROM aliases a JOIN documents d ON d.id = a.document "
                               "WHERE a.alias = ? ORDER BY d.id LIMIT 1")
                            .c_str()),
        children(database, Select("FROM documents d WHERE d.parent = ? AND d.kind = ? "
                                  "AND d.id > ? AND d.known AND d.place = 'under' "
                                  "ORDER BY d.id LIMIT ?")
                               .c_str()),
        collection(database, "SELECT collection, rows FROM collections WHERE id = ?"),
        rows(database,
             "SELECT row, position, key, checksum, body FROM rows "
             "WHERE collection = ? AND (position, row) > (?, ?) ORDER BY position, row LIMIT ?") {}

  // Packed, as it is stored; a long one plain.
  Result<std::optional<StoredResponse>> ReadResponse(const Hash128& key);
  // Its parts, put together and unpacked. Code::kDamaged: one is missing, or not what was stored.
  Result<Body> ReadLong(std::int64_t id, std::string_view first, std::int64_t bytes);

  const SpillDir* const spill;
  ResponseMemory* memory = nullptr;
  Database database;
  Statement response;
  Statement part;
  Statement object;
  Statement document;
  Statement alias;
  Statement children;
  Statement collection;
  Statement rows;
};

StoreReader::StoreReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
StoreReader::~StoreReader() = default;

Result<std::unique_ptr<StoreReader>> StoreReader::Open(const std::filesystem::path& file,
                                                       const SpillDir* spill) {
  return CatchSqlite(file, [&]() -> Result<std::unique_ptr<StoreReader>> {
    Database probe(file, Database::Mode::kReadOnly);
    if (auto status = CheckVersion(probe, file); !status) return Fail(status.error());
    return std::unique_ptr<StoreReader>(new StoreReader(std::make_unique<State>(file, spill)));
  });
}

void StoreReader::UseMemory(ResponseMemory& memory) { state_->memory = &memory; }

Result<std::optional<StoredResponse>> StoreReader::FindStored(const Request& request) {
  const Hash128 key = RequestKey(request);
  ResponseMemory* const memory = state_->memory;
  if (memory != nullptr) {
    if (auto remembered = memory->Find(key)) return Unpacked(std::move(*remembered));
  }
  const auto epoch = memory != nullptr ? memory->epoch() : ResponseMemory::Epoch{};
  auto found = state_->ReadResponse(key);
  if (!found || !*found) return found;
  const bool packed = (*found)->encoding == StoredResponse::Encoding::kZstd;
  if (memory != nullptr && packed) memory->Fill(key, **found, epoch);
  return Unpacked(std::move(**found));
}

Result<std::optional<StoredResponse>> StoreReader::State::ReadResponse(const Hash128& key) {
  return CatchSqlite({}, [&]() -> Result<std::optional<StoredResponse>> {
    auto run = response.Use();
    run.BindBlob(key);
    if (!run.Next()) return std::nullopt;
    StoredResponse stored{.status = static_cast<int>(run.Int(1)),
                          .revision = Revision(run.Text(0)),
                          .etag = run.Text(5),
                          .last_modified = run.Text(6),
                          .fetched_ms = run.Int(2)};
    const std::string_view first = run.Blob(4);
    if (Checksum(first) != run.Int(3)) return std::nullopt;
    const std::int64_t bytes = run.Int(7);
    if (bytes <= static_cast<std::int64_t>(kCachePartBytes)) {
      stored.body = std::string(first);
      stored.encoding = StoredResponse::Encoding::kZstd;
      return stored;
    }
    // The statement above stays open meanwhile, so that all parts are of one snapshot.
    auto body = ReadLong(run.Int(8), first, bytes);
    if (!body && body.error().code == Code::kDamaged) return std::nullopt;
    if (!body) return Fail(body.error());
    stored.body = std::move(*body);
    return stored;
  });
}

Result<Body> StoreReader::State::ReadLong(std::int64_t id, std::string_view first,
                                          std::int64_t bytes) {
  Unpacker unpacker(spill);
  if (auto added = unpacker.Add(first, kBodyBytesMax); !added) return Fail(added.error());
  auto read = static_cast<std::int64_t>(first.size());
  for (std::int64_t number = 1; read < bytes; ++number) {
    auto run = part.Use();
    run.Bind(id).Bind(number);
    if (!run.Next() || Checksum(run.Blob(1)) != run.Int(0) || run.Blob(1).empty()) {
      return Fail(Code::kDamaged, "a part of a stored body is damaged");
    }
    if (auto added = unpacker.Add(run.Blob(1), kBodyBytesMax); !added) return Fail(added.error());
    read += static_cast<std::int64_t>(run.Blob(1).size());
  }
  return unpacker.Finish();
}

Result<std::optional<StoredResponse>> StoreReader::FindResponse(const Request& request,
                                                                WallMs oldest_ms) {
  auto stored = FindStored(request);
  if (!stored || !*stored) return stored;
  const bool current = request.revision.empty() ? (*stored)->fetched_ms >= oldest_ms
                                                : (*stored)->revision == request.revision;
  if (!current) return std::nullopt;
  return stored;
}

Result<std::string> StoreReader::Object(const DocumentId& id) {
  return CatchSqlite({}, [&]() -> Result<std::string> {
    auto run = state_->object.Use();
    run.Bind(id.value);
    if (!run.Next()) return Fail(Code::kNotFound, fmt::format("{}: no object stored", id.value));
    if (Checksum(run.Blob(1)) != run.Int(0)) {
      return Fail(Code::kNotFound, fmt::format("{}: stored object is damaged", id.value));
    }
    return Decompress(run.Blob(1), kBodyBytesMax);
  });
}

Result<std::optional<DocumentRow>> StoreReader::FindDocument(const DocumentId& id) {
  return CatchSqlite({}, [&]() -> Result<std::optional<DocumentRow>> {
    for (Statement* statement : {&state_->document, &state_->alias}) {
      auto run = statement->Use();
      run.Bind(id.value);
      if (run.Next()) return ReadDocument(run);
    }
    return std::nullopt;
  });
}

Status StoreReader::ForEachChild(const DocumentId& parent, std::string_view kind,
                                 const std::function<bool(const DocumentRow&)>& use) {
  return CatchSqlite({}, [&]() -> Status {
    const std::string kind_text(kind);
    std::string last;
    while (true) {
      std::vector<DocumentRow> batch;
      {
        auto run = state_->children.Use();
        run.Bind(parent.value).Bind(kind_text).Bind(last).Bind(kChildrenBatch);
        while (run.Next()) batch.push_back(ReadDocument(run));
      }
      for (const DocumentRow& row : batch) {
        if (!use(row)) return {};
      }
      if (batch.size() < kChildrenBatch) return {};
      last = batch.back().id.value;
    }
  });
}

Status StoreReader::ForEachRow(const DocumentId& collection,
                               const std::function<bool(const Row&)>& use) {
  return CatchSqlite({}, [&]() -> Status {
    std::int64_t number = 0;
    std::int64_t expected = 0;
    {
      auto run = state_->collection.Use();
      run.Bind(collection.value);
      if (!run.Next()) return {};
      number = run.Int(0);
      expected = run.Int(1);
    }
    std::string position;
    std::int64_t last = 0;
    std::int64_t count = 0;
    std::vector<Row> batch;
    do {
      batch.clear();
      std::size_t bytes = 0;
      auto run = state_->rows.Use();
      const std::string from = position;
      run.Bind(number).BindBlob(from).Bind(last).Bind(kRowsBatch);
      while (bytes < kRowsBatchBytes && run.Next()) {
        last = run.Int(0);
        Row row{.key = run.Text(2), .position = std::string(run.Blob(1)), .body = run.Text(4)};
        if (RowChecksum(row.position, row.key, row.body) != run.Int(3)) {
          return Fail(Code::kDamaged,
                      fmt::format("row {} of '{}' is damaged in the state; run with --fresh", last,
                                  collection.value));
        }
        position = row.position;
        bytes += row.body.size();
        batch.push_back(std::move(row));
      }
      for (const Row& row : batch) {
        ++count;
        if (!use(row)) return {};
      }
    } while (!batch.empty());
    if (count == expected) return {};
    return Fail(Code::kDamaged,
                fmt::format("'{}' has {} rows in the state where there should be {}; run with "
                            "--fresh",
                            collection.value, count, expected));
  });
}

}  // namespace sluice
