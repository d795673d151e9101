// What a generated record says.
#include <array>

#include "tests/sim/notion_ids.h"
#include "tests/sim/rest_world.h"

namespace sluice::sim {
namespace {

using namespace std::string_view_literals;

constexpr std::array kWords = {"amber",  "birch",  "copper", "delta",  "ember",  "fjord",
                               "garden", "harbor", "island", "jasper", "kettle", "lagoon",
                               "meadow", "nickel", "ocean",  "pepper", "quartz", "river"};
constexpr std::array kTags = {"new", "paid", "late", "vip", "trial", "export"};

// What a CSV cell, a spreadsheet, a terminal or a parser may stumble over.
constexpr std::array kHostileNames = {"=HYPERLINK(\"http://example.com\",\"click\")"sv,
                                      "+1+1"sv,
                                      "-2+3"sv,
                                      "@SUM(A1:A9)"sv,
                                      "\t=1+1"sv,
                                      "\r=1+1"sv,
                                      "plain"sv,
                                      "a,b;c|d"sv,
                                      "she said \"no\""sv,
                                      "\""sv,
                                      "two\nlines"sv,
                                      "two\r\nlines"sv,
                                      "\xef\xbb\xbf"
                                      "after a byte order mark"sv,
                                      "👩‍👩‍👧 🏳️‍🌈 🚀"sv,
                                      "\xe2\x80\xae"
                                      "right to left עברית"sv,
                                      "bell\x07 escape\x1b[31m delete\x7f"sv,
                                      "nul\0inside"sv,
                                      ""sv,
                                      "   "sv,
                                      " spaces around "sv,
                                      "null"sv,
                                      "e\u0301 decomposed, é composed"sv,
                                      "line\u2028separator\u0085next"sv,
                                      "C:\\path\\n"sv,
                                      "</script><b>bold</b>&amp;"sv,
                                      "'; DROP TABLE records; --"sv};
constexpr std::size_t kLongNameBytes = 100'000;
constexpr std::uint32_t kLongNameEvery = 500;
constexpr int kTagDepth = 24;

std::string_view HostileName(RecordIndex record) {
  static const std::string kLong(kLongNameBytes, 'x');
  if (record % kLongNameEvery == kLongNameEvery - 1) return kLong;
  return kHostileNames[record % kHostileNames.size()];
}

std::string PlainName(RecordIndex record, std::uint64_t hash) {
  std::string name = kWords[hash % kWords.size()];
  name += ' ';
  name += kWords[(hash >> 16) % kWords.size()];
  name += ' ';
  return name + std::to_string(record + 1);
}

// `cents` with two digits behind the point.
std::string Amount(std::uint64_t cents) {
  std::string text = std::to_string(cents / 100) + ".";
  text += static_cast<char>('0' + cents / 10 % 10);
  text += static_cast<char>('0' + cents % 10);
  return text;
}

std::string Value(RecordIndex record, std::uint64_t hash, bool edited, bool hostile) {
  constexpr std::array kHostileValues = {"null", "0",     "-0.0",      "1e308", "5e-324",
                                         "0.1",  "-1E-7", "123456789", "1.0",   "true"};
  if (hostile && !edited) return kHostileValues[record % kHostileValues.size()];
  return Amount(Mix(hash, edited ? 2 : 1) % 10'000'000);
}

}  // namespace

void RestWorld::WriteRecord(JsonOut& out, RecordIndex record) const {
  const std::uint64_t hash = Hash(record);
  const UnixMs updated = UpdatedMs(record);
  out.BeginObject().RawField("id", std::to_string(IdOf(record)));
  out.Key("name");
  if (!options_.hostile) {
    out.String(PlainName(record, hash));
  } else if (record % 29 == 28) {
    out.Null();
  } else {
    out.String(HostileName(record));
  }
  out.Field("updated_at", IsoTime(updated));
  out.RawField("value", Value(record, hash, updated != PlainMs(record), options_.hostile));
  out.Key("tags").BeginArray();
  const std::size_t first_tag = hash % kTags.size();
  for (std::size_t i = 0; i < (hash >> 8) % 4; ++i) {
    out.String(kTags[(first_tag + i) % kTags.size()]);
  }
  if (options_.hostile) {
    out.Raw(std::string(kTagDepth, '[') + "\"deep\"" + std::string(kTagDepth, ']'));
  }
  out.EndArray();
  const std::uint64_t owner = (hash >> 32) % 50 + 1;
  out.Key("owner").BeginObject().Field("id", static_cast<long long>(owner));
  out.Field("login", std::string("user-") + std::to_string(owner)).EndObject();
  if (options_.big_ids) {
    const std::string digits = std::to_string(record);
    out.RawField("huge", "12345678901234567" + std::string(8 - digits.size(), '0') + digits);
  }
  if (options_.hostile) WriteHostileFields(out, record);
  out.EndObject();
}

void RestWorld::WriteHostileFields(JsonOut& out, RecordIndex record) const {
  out.RawField("nothing", "null").RawField("empty", "{}").RawField("none", "[]");
  out.RawField("nested", R"({"a":{"b":{"c":[1,{"d":null,"e":[[],{}]}],"":0}},"a.b":"dotted"})");
  out.Field("a,b \"c\"\nd", "a name that needs quotes");
  out.Field("=name", HostileName(record / 2));
  // A field that is sometimes there, and never of one type.
  if (record % 3 == 0) out.Key("mixed").Int(record);
  if (record % 3 == 1) out.Field("mixed", "text");
}

void RestWorld::WriteNote(JsonOut& out, RecordIndex record, std::uint32_t note) const {
  const std::uint64_t hash = Mix(Hash(record), note);
  out.BeginObject().RawField("id", std::to_string(IdOf(record) * 1000 + note));
  out.RawField("record_id", std::to_string(IdOf(record)));
  out.Field("text",
            options_.hostile ? std::string(HostileName(record + note)) : PlainName(note, hash));
  out.EndObject();
}

}  // namespace sluice::sim
