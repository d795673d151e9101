// The properties of rows: schema and values.
#include <algorithm>
#include <array>

#include "tests/sim/notion_json.h"

namespace sluice::sim {
namespace {

constexpr std::array kProperties = {Property{"Name", "title", "title"},
                                    Property{"Notes", "n%3Dts", "rich_text"},
                                    Property{"Amount (€)", "CQUf", "number"},
                                    Property{"Kind", "%40ft%3F", "select"},
                                    Property{"Tags", "tAgS", "multi_select"},
                                    Property{"State", "%5C%3BWQ", "status"},
                                    Property{"Due", "dU%7Bj", "date"},
                                    Property{"Owner", "oWnR", "people"},
                                    Property{"Files & media", "KXdF", "files"},
                                    Property{"Done?", "JuTz", "checkbox"},
                                    Property{"Link", "%3Burl", "url"},
                                    Property{"Mail", "mA%3Al", "email"},
                                    Property{"Phone", "ph%7Cn", "phone_number"},
                                    Property{"Double", "%3DuTh", "formula"},
                                    Property{"Related", "EUgY", "relation"},
                                    Property{"Total", "r%5Bup", "rollup"},
                                    Property{"Created", "cRtD", "created_time"},
                                    Property{"Edited", "eDtD", "last_edited_time"},
                                    Property{"Created by", "cRbY", "created_by"},
                                    Property{"Edited by", "eDbY", "last_edited_by"},
                                    Property{"ID", "u%5Eid", "unique_id"},
                                    Property{"Checked", "vRfY", "verification"},
                                    Property{"Press", "bTn%60", "button"},
                                    Property{"Where/Place", "pL%2Fc", "place"}};

constexpr std::array<std::string_view, 3> kOptions = {
    R"({"id":"opt1","name":"One","color":"red"})",
    R"({"id":"opt2","name":"Two, too","color":"blue"})",
    R"({"id":"%5Dx%3D","name":"Drei \"3\"","color":"default"})"};
constexpr std::string_view kOptionList =
    R"([{"id":"opt1","name":"One","color":"red","description":null},)"
    R"({"id":"opt2","name":"Two, too","color":"blue","description":null},)"
    R"({"id":"%5Dx%3D","name":"Drei \"3\"","color":"default","description":null}])";

// Rows whose slot ends so have more entries than a page object shows.
enum class Long : std::uint32_t { kRelation = 7, kPeople = 9, kNotes = 11, kTitle = 13 };
constexpr std::uint32_t kLongEvery = 20;
constexpr std::uint32_t kLongItems = 130;  // more than one page of the property's list

bool IsLong(const World& world, PageIndex row, Long which) {
  return world.IsRow(row) && world.RowSlot(row) % kLongEvery == static_cast<std::uint32_t>(which);
}

std::uint64_t ValueHash(const World& world, PageIndex row, const Property& property) {
  std::uint64_t hash = Mix(world.PageHash(row), world.Edited(row) ? 0xed : 0);
  for (const char c : property.id) hash = Mix(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace

std::span<const Property> Properties() { return kProperties; }

std::uint32_t NotionJson::ItemCount(PageIndex page, const Property& property) const {
  const std::uint64_t hash = ValueHash(world_, page, property);
  if (property.type == "title") {
    if (IsLong(world_, page, Long::kTitle)) return kInlineItemsMax + 5;
    return world_.Title(page).empty() ? 0 : 1;
  }
  if (property.type == "rich_text") {
    return IsLong(world_, page, Long::kNotes) ? kLongItems : static_cast<std::uint32_t>(hash % 3);
  }
  if (property.type == "people") {
    return IsLong(world_, page, Long::kPeople) ? 28 : static_cast<std::uint32_t>(hash % 3);
  }
  if (property.type == "relation") {
    // Related are consecutive rows of the next database, the deleted ones left out.
    const auto target = (world_.DatabaseOf(page) + 1) % world_.DatabaseCount();
    const std::uint32_t wanted =
        IsLong(world_, page, Long::kRelation) ? kLongItems : static_cast<std::uint32_t>(hash % 4);
    std::uint32_t count = 0;
    for (std::uint32_t slot = 0; slot < std::min(wanted, world_.RowSlots(target)); ++slot) {
      if (world_.Exists(world_.RowAt(target, slot))) ++count;
    }
    return count;
  }
  return 0;
}

void NotionJson::Item(JsonOut& out, PageIndex page, const Property& property,
                      std::uint32_t index) const {
  const std::uint64_t hash = Mix(ValueHash(world_, page, property), index);
  if (property.type == "title") {
    return Text(out, index == 0 ? world_.Title(page) : " part " + std::to_string(index), index);
  }
  if (property.type == "rich_text") return Text(out, World::Words(hash, 4) + " ", hash);
  if (property.type == "people") {
    out.BeginObject();
    UserFields(out, static_cast<std::uint32_t>((page + index) % World::kUsers));
    out.EndObject();
    return;
  }
  const auto target = (world_.DatabaseOf(page) + 1) % world_.DatabaseCount();
  std::uint32_t slot = 0;
  for (std::uint32_t seen = 0;; ++slot) {
    if (world_.Exists(world_.RowAt(target, slot)) && seen++ == index) break;
  }
  out.BeginObject().Field("id", PageId(world_.RowAt(target, slot))).EndObject();
}

void NotionJson::ValueField(JsonOut& out, PageIndex page, const Property& property) const {
  const std::uint64_t hash = ValueHash(world_, page, property);
  const std::string_view type = property.type;
  const bool empty = hash % 6 == 0;
  out.Key(type);
  if (type == "title" || type == "rich_text" || type == "people" || type == "relation") {
    const std::uint32_t count = ItemCount(page, property);
    out.BeginArray();
    for (std::uint32_t i = 0; i < std::min(count, kInlineItemsMax); ++i) {
      Item(out, page, property, i);
    }
    out.EndArray();
    if (type == "relation") out.Field("has_more", count > kInlineItemsMax);
  } else if (type == "checkbox") {
    out.Bool(hash % 2 == 0);
  } else if (type == "multi_select") {
    out.BeginArray();
    for (std::size_t i = 0; i < kOptions.size(); ++i) {
      if (hash >> (8 + i) & 1) out.Raw(kOptions[i]);
    }
    out.EndArray();
  } else if (type == "files") {
    out.BeginArray();
    if (!empty) {
      out.Raw(R"({"name":"plan, v2.pdf","type":"external",)"
              R"("external":{"url":"https://example.com/plan.pdf"}})");
    }
    out.EndArray();
  } else if (type == "formula") {
    empty ? out.Raw(R"({"type":"string","string":null})")
          : out.Raw(R"({"type":"number","number":)" + std::to_string(hash % 1000) + "}");
  } else if (type == "rollup") {
    out.Raw(R"({"type":"number","number":)" + std::to_string(hash % 90) + R"(,"function":"sum"})");
  } else if (type == "created_time") {
    out.String(IsoTime(world_.CreatedMs(page)));
  } else if (type == "last_edited_time") {
    out.String(IsoTime(world_.EditedMs(page)));
  } else if (type == "created_by" || type == "last_edited_by") {
    out.BeginObject();
    UserFields(out, static_cast<std::uint32_t>(hash % World::kUsers));
    out.EndObject();
  } else if (type == "unique_id") {
    out.Raw(R"({"prefix":"SIM","number":)" + std::to_string(page) + "}");
  } else if (type == "button") {
    out.Raw("{}");
  } else if (empty) {
    out.Null();
  } else if (type == "number") {
    out.Raw(std::to_string(hash % 100'000) + (hash % 2 == 0 ? "" : ".25"));
  } else if (type == "select" || type == "status") {
    out.Raw(kOptions[(hash >> 8) % kOptions.size()]);
  } else if (type == "date") {
    const std::string day =
        IsoTime(1'700'000'000'000 + static_cast<UnixMs>(hash % 900) * 86'400'000);
    out.BeginObject().Field("start", hash % 3 == 0 ? day : day.substr(0, 10));
    hash % 4 == 1 ? out.Field("end", "2027-01-31") : out.Key("end").Null();
    out.Key("time_zone").Null().EndObject();
  } else if (type == "url") {
    out.String("https://example.com/?q=" + std::to_string(hash % 1000) + "&x=(1)");
  } else if (type == "email") {
    out.String("row" + std::to_string(page) + "@example.com");
  } else if (type == "phone_number") {
    out.String("+49 30 " + std::to_string(hash % 1'000'000));
  } else if (type == "verification") {
    out.Raw(R"({"state":"unverified","verified_by":null,"date":null})");
  } else {
    out.Raw(R"({"lat":52.52,"lon":13.405,"name":"Berlin","address":null})");
  }
}

void NotionJson::Schema(JsonOut& out, DatabaseIndex database, ApiVersion version) const {
  const DatabaseIndex target = (database + 1) % world_.DatabaseCount();
  out.Key("properties").BeginObject();
  for (const Property& property : kProperties) {
    out.Key(property.name).BeginObject();
    out.Field("id", property.id).Field("name", property.name);
    out.Key("description").Null().Field("type", property.type).Key(property.type).BeginObject();
    if (property.type == "select" || property.type == "multi_select") {
      out.RawField("options", kOptionList);
    } else if (property.type == "status") {
      out.RawField("options", kOptionList);
      out.RawField("groups", R"([{"id":"g1","name":"All","color":"gray","option_ids":)"
                             R"(["opt1","opt2","%5Dx%3D"]}])");
    } else if (property.type == "number") {
      out.Field("format", "euro");
    } else if (property.type == "formula") {
      out.Field("expression", "prop(\"Amount (€)\") * 2");
    } else if (property.type == "relation") {
      out.Field("database_id", DatabaseId(target));
      if (version != ApiVersion::k2022) out.Field("data_source_id", DataSourceId(target));
      out.Field("type", "single_property").RawField("single_property", "{}");
    } else if (property.type == "rollup") {
      out.Field("rollup_property_name", "Amount (€)").Field("relation_property_name", "Related");
      out.Field("rollup_property_id", "CQUf").Field("relation_property_id", "EUgY");
      out.Field("function", "sum");
    } else if (property.type == "unique_id") {
      out.Field("prefix", "SIM");
    }
    out.EndObject().EndObject();
  }
  out.EndObject();
}

}  // namespace sluice::sim
