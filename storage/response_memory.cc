#include "storage/response_memory.h"

#include <array>
#include <cstring>
#include <string_view>

namespace sluice {
namespace {

// How a response lies in memory: this, and behind it revision, etag, last_modified and body.
struct Head {
  WallMs fetched_ms;
  std::int32_t status;
  std::uint32_t revision_bytes;
  std::uint32_t etag_bytes;
  std::uint32_t last_modified_bytes;
};

StoredResponse Read(std::string_view value) {
  Head head;
  std::memcpy(&head, value.data(), sizeof head);
  value.remove_prefix(sizeof head);
  const auto take = [&](std::size_t bytes) {
    const std::string_view part = value.substr(0, bytes);
    value.remove_prefix(bytes);
    return std::string(part);
  };
  StoredResponse response;
  response.status = head.status;
  response.fetched_ms = head.fetched_ms;
  response.encoding = StoredResponse::Encoding::kZstd;
  response.revision = Revision(take(head.revision_bytes));
  response.etag = take(head.etag_bytes);
  response.last_modified = take(head.last_modified_bytes);
  response.body = std::string(value);
  return response;
}

}  // namespace

std::optional<StoredResponse> ResponseMemory::Find(const Hash128& key) {
  std::optional<StoredResponse> response;
  memory_.Get(key, [&](std::string_view value) { response = Read(value); });
  return response;
}

template <class Condition>
void ResponseMemory::PutIf(const Hash128& key, const StoredResponse& response,
                           Condition condition) {
  const Head head{.fetched_ms = response.fetched_ms,
                  .status = response.status,
                  .revision_bytes = static_cast<std::uint32_t>(response.revision.value.size()),
                  .etag_bytes = static_cast<std::uint32_t>(response.etag.size()),
                  .last_modified_bytes = static_cast<std::uint32_t>(response.last_modified.size())};
  const std::array<std::string_view, 5> parts = {
      std::string_view(reinterpret_cast<const char*>(&head), sizeof head), response.revision.value,
      response.etag, response.last_modified, response.body.view().text()};
  memory_.PutIf(key, parts, condition);
}

void ResponseMemory::Fill(const Hash128& key, const StoredResponse& response, Epoch read_at) {
  if (!response.body.in_memory()) return;
  PutIf(key, response, [&] { return epoch() == read_at; });
}

void ResponseMemory::Replace(const Hash128& key, const StoredResponse& response) {
  ++epoch_;
  const bool plain = response.encoding == StoredResponse::Encoding::kPlain;
  if (plain || !response.body.in_memory()) return memory_.Erase(key);
  PutIf(key, response, [] { return true; });
}

}  // namespace sluice
