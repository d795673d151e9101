#include "tests/sim/notion_json.h"

#include <algorithm>
#include <array>

namespace sluice::sim {
namespace {

constexpr std::array<std::string_view, 10> kColors = {
    "default",         "gray",   "brown", "orange",        "yellow", "green",
    "blue_background", "purple", "pink",  "red_background"};
constexpr std::array<std::string_view, 6> kLanguages = {"plain text", "c++",  "python",
                                                        "markdown",   "json", "java/c/c++/c#"};
constexpr std::array<std::string_view, 4> kCode = {
    "int main() {\n  return 0;\n}", "```\nfenced\n```", "echo \"$HOME\" | tr '`' '\\''",
    "a\n\n~~~\n````four````\n"};

std::string Hex(std::string_view id) {
  std::string hex(id);
  std::erase(hex, '-');
  return hex;
}

// "Meeting-notes" of a title, as the web address carries it.
std::string Slug(std::string_view title) {
  std::string slug;
  for (const char c : title.substr(0, 60)) {
    if (std::isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 128) {
      slug += c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  return slug.empty() || slug.back() == '-' ? slug : slug + "-";
}

void BlockTimes(JsonOut& out, const World& world, PageIndex page, bool changed) {
  out.Field("created_time", IsoTime(world.CreatedMs(page)));
  out.Field("last_edited_time", IsoTime(changed ? world.EditedMs(page) : world.CreatedMs(page)));
}

}  // namespace

std::string NotionJson::PageId(PageIndex page) const {
  return world_.ids().Encode({.kind = RefKind::kPage, .owner = page});
}
std::string NotionJson::DatabaseId(DatabaseIndex database) const {
  return world_.ids().Encode({.kind = RefKind::kDatabase, .owner = database});
}
std::string NotionJson::DataSourceId(DatabaseIndex database) const {
  return world_.ids().Encode({.kind = RefKind::kDataSource, .owner = database});
}
std::string NotionJson::UserId(std::uint32_t user) const {
  return world_.ids().Encode({.kind = RefKind::kUser, .owner = user});
}

void NotionJson::TrashFields(JsonOut& out, ApiVersion version) const {
  if (version != ApiVersion::k2026) out.Field("archived", false);
  out.Field("in_trash", false);
}

void NotionJson::UserRef(JsonOut& out, std::string_view key, std::uint32_t user) const {
  out.Key(key).BeginObject().Field("object", "user").Field("id", UserId(user)).EndObject();
}

void NotionJson::UserFields(JsonOut& out, std::uint32_t user) const {
  out.Field("object", "user").Field("id", UserId(user));
  const auto name = world_.UserName(user);
  name ? out.Field("name", *name) : out.Key("name").Null();
  out.Key("avatar_url").Null();
  if (user == World::kBot) {
    out.Field("type", "bot");
    out.RawField("bot",
                 R"({"owner":{"type":"workspace","workspace":true},"workspace_name":"Simulated",)"
                 R"("workspace_limits":{"max_file_upload_size_in_bytes":5242880}})");
    return;
  }
  out.Field("type", "person").Key("person").BeginObject();
  out.Field("email", "user" + std::to_string(user) + "@example.com").EndObject();
}

// One text item. `style` 0 is plain; other values choose annotations, a colour or a link.
void NotionJson::Text(JsonOut& out, std::string_view content, std::uint64_t style) const {
  const bool linked = style % 16 == 5;
  constexpr std::string_view kUrl = "https://example.com/a_(b)?c=d&e=1";
  out.BeginObject().Field("type", "text").Key("text").BeginObject().Field("content", content);
  if (linked) {
    out.Key("link").BeginObject().Field("url", kUrl).EndObject();
  } else {
    out.Key("link").Null();
  }
  out.EndObject().Key("annotations").BeginObject();
  out.Field("bold", style % 16 == 1).Field("italic", style % 16 == 2 || style % 16 == 7);
  out.Field("strikethrough", style % 16 == 3).Field("underline", style % 16 == 6);
  out.Field("code", style % 16 == 4);
  out.Field("color", style % 16 == 8 ? kColors[style / 16 % kColors.size()] : kColors[0]);
  out.EndObject().Field("plain_text", content);
  linked ? out.Field("href", kUrl) : out.Key("href").Null();
  out.EndObject();
}

void NotionJson::PlainText(JsonOut& out, std::string_view content) const {
  out.BeginArray();
  if (!content.empty()) Text(out, content);
  out.EndArray();
}

void NotionJson::Mention(JsonOut& out, std::uint64_t hash) const {
  std::string plain;
  std::string href;
  out.BeginObject().Field("type", "mention").Key("mention").BeginObject();
  if (hash % 5 < 2) {
    const auto user = static_cast<std::uint32_t>((hash >> 8) % World::kUsers);
    const auto name = world_.UserName(user);
    out.Field("type", "user").Key("user").BeginObject();
    name ? UserFields(out, user)
         : static_cast<void>(out.Field("object", "user").Field("id", UserId(user)));
    out.EndObject();
    plain = "@" + name.value_or("Anonymous");
  } else if (hash % 5 < 4) {
    const auto page = static_cast<PageIndex>((hash >> 8) % world_.PageCount());
    out.Field("type", "page").Key("page").BeginObject().Field("id", PageId(page)).EndObject();
    plain = world_.Exists(page) && !world_.Title(page).empty() ? world_.Title(page) : "Untitled";
    href = "https://www.notion.so/" + Hex(PageId(page));
  } else {
    plain =
        IsoTime(1'700'000'000'000 + static_cast<UnixMs>(hash % 1000) * 86'400'000).substr(0, 10);
    out.Field("type", "date").Key("date").BeginObject().Field("start", plain);
    out.Key("end").Null().Key("time_zone").Null().EndObject();
  }
  out.EndObject();
  out.RawField("annotations", R"({"bold":false,"italic":false,"strikethrough":false,)"
                              R"("underline":false,"code":false,"color":"default"})");
  out.Field("plain_text", plain);
  href.empty() ? out.Key("href").Null() : out.Field("href", href);
  out.EndObject();
}

void NotionJson::RichText(JsonOut& out, std::uint64_t hash, int words) const {
  out.BeginArray();
  Text(out, World::Words(hash, words), hash % 4 == 0 ? hash >> 4 : 0);
  if (hash % 10 == 1) {
    Text(out, " ");
    Mention(out, Mix(hash, 1));
  }
  if (hash % 10 == 2) Text(out, "\nsecond line " + World::Words(hash + 1, 3), hash >> 9);
  if (hash % 30 == 3) {
    out.Raw(R"({"type":"equation","equation":{"expression":"a^2 + b_{1}"},"annotations":)"
            R"({"bold":false,"italic":false,"strikethrough":false,"underline":false,)"
            R"("code":false,"color":"default"},"plain_text":"a^2 + b_{1}","href":null})");
  }
  out.EndArray();
}

void NotionJson::Icon(JsonOut& out, std::uint64_t hash) const {
  out.Key("icon");
  if (hash % 8 == 0) {
    out.Raw(R"({"type":"emoji","emoji":"🌄"})");
  } else if (hash % 8 == 1) {
    out.Raw(R"({"type":"external","external":{"url":"https://www.notion.so/icons/clipping.svg"}})");
  } else {
    out.Null();
  }
}

void NotionJson::PageParent(JsonOut& out, PageIndex page, ApiVersion version) const {
  out.Key("parent").BeginObject();
  if (world_.IsRow(page)) {
    const DatabaseIndex database = world_.DatabaseOf(page);
    if (version != ApiVersion::k2022) {
      out.Field("type", "data_source_id").Field("data_source_id", DataSourceId(database));
    } else {
      out.Field("type", "database_id");
    }
    out.Field("database_id", DatabaseId(database));
  } else if (const auto parent = world_.ParentOf(page); !parent) {
    out.Field("type", "workspace").Field("workspace", true);
  } else if (world_.NestingOf(page) == World::Nesting::kTop) {
    out.Field("type", "page_id").Field("page_id", PageId(*parent));
  } else {
    out.Field("type", "block_id");
    out.Field("block_id", world_.ids().Encode(blocks_.Holder(page)));
  }
  out.EndObject();
}

void NotionJson::PageFields(JsonOut& out, PageIndex page, ApiVersion version) const {
  const std::uint64_t hash = Mix(world_.PageHash(page), 0x0b7);
  const std::string id = PageId(page);
  out.Field("object", "page").Field("id", id);
  out.Field("created_time", IsoTime(world_.CreatedMs(page)));
  out.Field("last_edited_time", IsoTime(world_.EditedMs(page)));
  UserRef(out, "created_by", hash % World::kUsers);
  UserRef(out, "last_edited_by", (hash >> 8) % World::kUsers);
  if (hash % 9 == 0) {
    out.RawField("cover", R"({"type":"external","external":{"url":"https://example.com/c.jpg"}})");
  } else {
    out.Key("cover").Null();
  }
  Icon(out, hash >> 16);
  PageParent(out, page, version);
  TrashFields(out, version);
  if (version != ApiVersion::k2022) out.Field("is_locked", false);
  out.Key("properties").BeginObject();
  const auto properties = world_.IsRow(page) ? Properties() : Properties().first(1);
  for (const Property& property : properties) {
    out.Key(world_.IsRow(page) ? property.name : "title").BeginObject();
    out.Field("id", property.id).Field("type", property.type);
    ValueField(out, page, property);
    out.EndObject();
  }
  out.EndObject();
  out.Field("url", "https://www.notion.so/" + Slug(world_.Title(page)) + Hex(id));
  out.Key("public_url").Null();
}

void NotionJson::DatabaseParentField(JsonOut& out, std::string_view key,
                                     DatabaseIndex database) const {
  out.Key(key).BeginObject();
  if (const auto parent = world_.DatabaseParent(database)) {
    out.Field("type", "page_id").Field("page_id", PageId(*parent));
  } else {
    out.Field("type", "workspace").Field("workspace", true);
  }
  out.EndObject();
}

void NotionJson::DatabaseFields(JsonOut& out, DatabaseIndex database, ApiVersion version) const {
  const std::string title = world_.DatabaseTitle(database);
  out.Field("object", "database").Field("id", DatabaseId(database));
  out.Key("cover").Null();
  Icon(out, Mix(database, 7));
  out.Field("created_time", IsoTime(world_.DatabaseMs(database)));
  out.Field("last_edited_time", IsoTime(world_.DatabaseMs(database)));
  if (version == ApiVersion::k2022) {
    UserRef(out, "created_by", 0);
    UserRef(out, "last_edited_by", 1);
  }
  out.Key("title");
  PlainText(out, title);
  out.Key("description");
  PlainText(out, database % 2 == 0 ? "What *this* holds" : "");
  out.Field("is_inline", world_.DatabaseParent(database).has_value());
  if (version == ApiVersion::k2022) {
    Schema(out, database, version);
  } else {
    out.Key("data_sources").BeginArray().BeginObject();
    out.Field("id", DataSourceId(database)).Field("name", title).EndObject().EndArray();
    out.Field("is_locked", false);
  }
  DatabaseParentField(out, "parent", database);
  out.Field("url", "https://www.notion.so/" + Hex(DatabaseId(database)));
  out.Key("public_url").Null();
  TrashFields(out, version);
}

void NotionJson::DataSourceFields(JsonOut& out, DatabaseIndex database) const {
  out.Field("object", "data_source").Field("id", DataSourceId(database));
  out.Key("cover").Null();
  Icon(out, Mix(database, 7));
  out.Field("created_time", IsoTime(world_.DatabaseMs(database)));
  UserRef(out, "created_by", 0);
  UserRef(out, "last_edited_by", 1);
  out.Field("last_edited_time", IsoTime(world_.DatabaseMs(database)));
  out.Key("title");
  PlainText(out, world_.DatabaseTitle(database));
  out.Key("description").BeginArray().EndArray();
  out.Field("is_inline", world_.DatabaseParent(database).has_value());
  Schema(out, database, ApiVersion::k2025);
  out.Key("parent").BeginObject().Field("type", "database_id");
  out.Field("database_id", DatabaseId(database)).EndObject();
  DatabaseParentField(out, "database_parent", database);
  out.Field("url", "https://www.notion.so/" + Hex(DatabaseId(database)));
  out.Key("public_url").Null();
  TrashFields(out, ApiVersion::k2025);
}

void NotionJson::BlockParent(JsonOut& out, const BlockNode& block) const {
  out.Key("parent").BeginObject();
  if (block.level == 0) {
    out.Field("type", "page_id").Field("page_id", PageId(block.ref.owner));
  } else {
    // The parent's path is this one without its last step.
    Ref parent = block.ref;
    const std::uint64_t last = block.level == 1 ? 0 : (1ull << (8 + 5 * (block.level - 2))) - 1;
    parent.path &= last;
    out.Field("type", "block_id").Field("block_id", world_.ids().Encode(parent));
  }
  out.EndObject();
}

void NotionJson::BlockFields(JsonOut& out, const Entry& entry, ApiVersion version) const {
  out.Field("object", "block");
  if (entry.kind == Entry::Kind::kPage) {
    out.Field("id", PageId(entry.index));
    PageParent(out, entry.index, version);
    BlockTimes(out, world_, entry.index, true);
    UserRef(out, "created_by", 0);
    UserRef(out, "last_edited_by", 0);
    out.Field("has_children", blocks_.PageEntryCount(entry.index) > 0);
    TrashFields(out, version);
    out.Field("type", "child_page").Key("child_page").BeginObject();
    out.Field("title", world_.Title(entry.index)).EndObject();
    return;
  }
  if (entry.kind == Entry::Kind::kDatabase) {
    out.Field("id", DatabaseId(entry.index));
    DatabaseParentField(out, "parent", entry.index);
    out.Field("created_time", IsoTime(world_.DatabaseMs(entry.index)));
    out.Field("last_edited_time", IsoTime(world_.DatabaseMs(entry.index)));
    UserRef(out, "created_by", 0);
    UserRef(out, "last_edited_by", 0);
    out.Field("has_children", false);
    TrashFields(out, version);
    out.Field("type", "child_database").Key("child_database").BeginObject();
    out.Field("title", world_.DatabaseTitle(entry.index)).EndObject();
    return;
  }
  const BlockNode& block = entry.block;
  const PageIndex page = block.ref.owner;
  out.Field("id", world_.ids().Encode(block.ref));
  BlockParent(out, block);
  BlockTimes(out, world_, page, block.level == 0 && block.ref.top == 0);
  UserRef(out, "created_by", block.hash % World::kUsers);
  UserRef(out, "last_edited_by", (block.hash >> 8) % World::kUsers);
  out.Field("has_children", blocks_.BlockEntryCount(block) > 0);
  TrashFields(out, version);
  out.Field("type", BlockTypeName(block.type)).Key(BlockTypeName(block.type)).BeginObject();
  Payload(out, block, version);
  out.EndObject();
}

void NotionJson::TextPayload(JsonOut& out, const BlockNode& block) const {
  out.Key("rich_text");
  if (block.hash % 40 == 0 && block.type == BlockType::kParagraph) {
    out.BeginArray().EndArray();  // an empty line
  } else if (block.level == 0 && block.ref.top == 0 && world_.Edited(block.ref.owner)) {
    PlainText(out, "Edited: " + World::Words(block.hash, 6));
  } else {
    const bool heading = block.type >= BlockType::kHeading1 && block.type <= BlockType::kHeading3;
    RichText(out, block.hash, static_cast<int>(heading ? 3 : 3 + (block.hash >> 12) % 20));
  }
  if (block.type == BlockType::kTemplate) return;
  out.Field("color",
            block.hash % 50 == 7 ? kColors[(block.hash >> 6) % kColors.size()] : kColors[0]);
}

void NotionJson::MediaPayload(JsonOut& out, const BlockNode& block) const {
  out.Key("caption");
  PlainText(out, block.hash % 3 == 0 ? "A caption [with] *marks*" : "");
  // Only external files: uploaded ones carry addresses that expire, which no pure function has.
  const std::string name = "file-" + std::to_string(block.hash % 1000);
  out.Field("type", "external").Key("external").BeginObject();
  out.Field("url", "https://example.com/" + name + "?v=1").EndObject();
  if (block.type == BlockType::kFile) out.Field("name", name);
}

void NotionJson::Payload(JsonOut& out, const BlockNode& block, ApiVersion version) const {
  const std::uint64_t hash = block.hash;
  switch (block.type) {
    case BlockType::kParagraph:
    case BlockType::kBulleted:
    case BlockType::kNumbered:
    case BlockType::kToggle:
    case BlockType::kQuote:
    case BlockType::kTemplate:
      return TextPayload(out, block);
    case BlockType::kHeading1:
    case BlockType::kHeading2:
    case BlockType::kHeading3:
      TextPayload(out, block);
      out.Field("is_toggleable", block.children > 0);
      return;
    case BlockType::kToDo:
      TextPayload(out, block);
      out.Field("checked", hash % 2 == 0);
      return;
    case BlockType::kCallout:
      TextPayload(out, block);
      Icon(out, hash >> 3);
      return;
    case BlockType::kCode:
      out.Key("caption").BeginArray().EndArray().Key("rich_text");
      PlainText(out, kCode[hash % kCode.size()]);
      out.Field("language", kLanguages[(hash >> 8) % kLanguages.size()]);
      return;
    case BlockType::kEquation:
      out.Field("expression", "\\frac{a}{b} = " + std::to_string(hash % 100));
      return;
    case BlockType::kTableOfContents:
      out.Field("color", "gray");
      return;
    case BlockType::kTable:
      out.Field("table_width", static_cast<long long>(block.width));
      out.Field("has_column_header", hash % 2 == 0).Field("has_row_header", hash % 5 == 0);
      return;
    case BlockType::kTableRow:
      out.Key("cells").BeginArray();
      for (std::uint32_t cell = 0; cell < block.width; ++cell) {
        const std::uint64_t cell_hash = Mix(hash, cell);
        cell_hash % 8 == 0 ? PlainText(out, "") : RichText(out, cell_hash, 2);
      }
      out.EndArray();
      return;
    case BlockType::kSynced:
      out.Key("synced_from").Null();
      return;
    case BlockType::kSyncedCopy:
      out.Key("synced_from").BeginObject().Field("type", "block_id");
      out.Field("block_id", world_.ids().Encode(block.source)).EndObject();
      return;
    case BlockType::kBookmark:
    case BlockType::kEmbed:
      out.Key("caption");
      PlainText(out, hash % 4 == 0 ? "Worth a read" : "");
      out.Field("url", "https://example.com/" + std::to_string(hash % 10'000));
      return;
    case BlockType::kLinkPreview:
      out.Field("url", "https://example.com/preview/" + std::to_string(hash % 10'000));
      return;
    case BlockType::kImage:
    case BlockType::kVideo:
    case BlockType::kAudio:
    case BlockType::kPdf:
    case BlockType::kFile:
      return MediaPayload(out, block);
    case BlockType::kLinkToPage:
      out.Field("type", "page_id");
      out.Field("page_id", PageId(static_cast<PageIndex>((hash >> 8) % world_.PageCount())));
      return;
    case BlockType::kLinkedView:
      out.Field("title", "");
      return;
    case BlockType::kUnsupported:
      if (version == ApiVersion::k2026) out.Field("block_type", "button");
      return;
    case BlockType::kDivider:
    case BlockType::kBreadcrumb:
    case BlockType::kColumnList:
    case BlockType::kColumn:
      return;
  }
}

void NotionJson::CommentFields(JsonOut& out, const Ref& parent, std::uint32_t index) const {
  const std::uint64_t hash =
      Mix(Mix(world_.PageHash(parent.owner) ^ parent.top, parent.path), index);
  // A comment's id has its number where a page's has nothing, so it is mixed in as the path.
  const std::uint32_t top = parent.kind == RefKind::kPage ? 0xffffff : parent.top;
  const Ref ref{.kind = RefKind::kComment,
                .owner = parent.owner,
                .top = top,
                .path = parent.path ^ (static_cast<std::uint64_t>(index + 1) << 24)};
  Ref discussion = ref;
  discussion.kind = RefKind::kDiscussion;
  const bool on_page = parent.kind == RefKind::kPage;
  out.Field("object", "comment").Field("id", world_.ids().Encode(ref));
  out.Key("parent").BeginObject().Field("type", on_page ? "page_id" : "block_id");
  out.Field(on_page ? "page_id" : "block_id", world_.ids().Encode(parent)).EndObject();
  out.Field("discussion_id", world_.ids().Encode(discussion));
  out.Field("created_time", IsoTime(world_.CreatedMs(parent.owner) + index * 60'000));
  out.Field("last_edited_time", IsoTime(world_.CreatedMs(parent.owner) + index * 60'000));
  UserRef(out, "created_by", hash % World::kUsers);
  out.Key("rich_text");
  RichText(out, hash, 8);
}

}  // namespace sluice::sim
