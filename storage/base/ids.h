// Strong names: a DocumentId does not convert to a Revision.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace sluice {

template <class Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

// The stable name of one thing at the source: a page, a database, a listing.
using DocumentId = Id<struct DocumentIdTag>;
// Its version at the source, compared for equality only. Empty: unknown.
using Revision = Id<struct RevisionTag>;

// The order in which the commit thread wrote an item into the frontier; never reused.
enum class Seq : std::int64_t {};

}  // namespace sluice

template <class Tag>
struct std::hash<sluice::Id<Tag>> {
  std::size_t operator()(const sluice::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
