// The objects of the Notion API, written as JSON in the shape of one API version.
//
// Thread-safe: everything is const. Borrows the world and the blocks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tests/sim/json_out.h"
#include "tests/sim/notion_blocks.h"
#include "tests/sim/notion_world.h"

namespace sluice::sim {

enum class ApiVersion { k2022, k2025, k2026 };

// A column of every generated database.
struct Property {
  std::string_view name;
  std::string_view id;  // as delivered: already percent-encoded
  std::string_view type;
};
std::span<const Property> Properties();

class NotionJson {
 public:
  // The API gives at most this many references or text items in a page object.
  static constexpr std::uint32_t kInlineItemsMax = 25;

  NotionJson(const World& world, const Blocks& blocks) : world_(world), blocks_(blocks) {}

  // Each writes one object; Fields variants leave it open, for the request id.
  void PageFields(JsonOut& out, PageIndex page, ApiVersion version) const;
  void DatabaseFields(JsonOut& out, DatabaseIndex database, ApiVersion version) const;
  void DataSourceFields(JsonOut& out, DatabaseIndex database) const;
  void BlockFields(JsonOut& out, const Entry& entry, ApiVersion version) const;
  void UserFields(JsonOut& out, std::uint32_t user) const;
  void CommentFields(JsonOut& out, const Ref& parent, std::uint32_t index) const;

  // Of list-valued properties (title, rich_text, people, relation): how many, and one item.
  std::uint32_t ItemCount(PageIndex page, const Property& property) const;
  void Item(JsonOut& out, PageIndex page, const Property& property, std::uint32_t index) const;
  // The field named after the type, with the whole value.
  void ValueField(JsonOut& out, PageIndex page, const Property& property) const;

  std::string PageId(PageIndex page) const;
  std::string DatabaseId(DatabaseIndex database) const;
  std::string DataSourceId(DatabaseIndex database) const;
  std::string UserId(std::uint32_t user) const;

 private:
  void Text(JsonOut& out, std::string_view content, std::uint64_t style = 0) const;
  void PlainText(JsonOut& out, std::string_view content) const;  // an array of one item, or none
  void RichText(JsonOut& out, std::uint64_t hash, int words) const;
  void Mention(JsonOut& out, std::uint64_t hash) const;
  void UserRef(JsonOut& out, std::string_view key, std::uint32_t user) const;
  void PageParent(JsonOut& out, PageIndex page, ApiVersion version) const;
  void DatabaseParentField(JsonOut& out, std::string_view key, DatabaseIndex database) const;
  void BlockParent(JsonOut& out, const BlockNode& block) const;
  void Payload(JsonOut& out, const BlockNode& block, ApiVersion version) const;
  void TextPayload(JsonOut& out, const BlockNode& block) const;
  void MediaPayload(JsonOut& out, const BlockNode& block) const;
  void Icon(JsonOut& out, std::uint64_t hash) const;
  void Schema(JsonOut& out, DatabaseIndex database, ApiVersion version) const;
  void TrashFields(JsonOut& out, ApiVersion version) const;

  const World& world_;
  const Blocks& blocks_;
};

}  // namespace sluice::sim
