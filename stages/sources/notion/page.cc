#include "stages/sources/notion/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/sources/notion/blocks.h"
#include "stages/sources/notion/markdown_escape.h"
#include "stages/sources/notion/properties.h"
#include "stages/sources/notion/requests.h"
#include "stages/sources/notion/rich_text.h"

namespace sluice::notion {
namespace {

using NamedProperty = std::pair<std::string_view, Json>;

bool IsTitle(const NamedProperty& property) {
  return GetString(property.second, "type") == "title";
}

// By the bytes of their names: the order in an object is no order of the source.
std::vector<NamedProperty> SortedProperties(const Json& page) {
  std::vector<NamedProperty> properties;
  const auto json = Get(page, "properties");
  simdjson::dom::object object;
  if (!json || json->get(object)) return properties;
  for (const auto field : object) properties.emplace_back(field.key, field.value);
  std::sort(properties.begin(), properties.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return properties;
}

std::string Words(const std::vector<Run>& runs) {
  std::string text;
  for (const Run& run : runs) text += run.kind == Run::Kind::kBreak ? " " : run.text;
  return text;
}

void WriteKey(TextSink& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out.Write(fmt::format("{}: {}\n", key, YamlString(value)));
}

Status WriteFrontMatter(RenderContext& context, const Json& page, std::string_view title,
                        const std::vector<NamedProperty>& properties, TextSink& out) {
  out.Write("---\n");
  WriteKey(out, "title", title);
  WriteKey(out, "id", context.document.value);
  for (const std::string_view key : {"url", "created_time", "last_edited_time"}) {
    WriteKey(out, key, GetString(page, key));
  }
  if (const auto icon = Get(page, "icon")) WriteKey(out, "icon", IconText(*icon));
  if (const auto cover = Get(page, "cover")) WriteKey(out, "cover", FileUrl(*cover));
  bool heading = false;
  for (const NamedProperty& property : properties) {
    if (IsTitle(property)) continue;
    const auto value = ReadProperty(context, property.second);
    if (!value) return Fail(value.error());
    if (!std::exchange(heading, true)) out.Write("properties:\n");
    out.Write(fmt::format("  {}: {}\n", YamlString(property.first), YamlValue(*value)));
  }
  out.Write("---\n\n");
  return {};
}

std::string Author(RenderContext& context, const Json& comment) {
  if (const auto display = Get(comment, "display_name")) {
    const auto name = GetString(*display, "resolved_name");
    if (!name.empty()) return std::string(name);
  }
  const auto user = Get(comment, "created_by");
  return user ? UserName(context, *user) : "Unknown";
}

void WriteComment(RenderContext& context, const Json& comment, MarkdownWriter& writer) {
  const std::string author = EscapeText(Author(context, comment), LineStart::kNo);
  writer.Push("- ", "  ");
  writer.Lines(fmt::format("{}, {}:", author, GetString(comment, "created_time")));
  const std::string text =
      InlineMarkdown(ReadRuns(context, RichTextOf(comment)), InlinePlace::kParagraph);
  if (!text.empty()) writer.Block(text);
  for (const Json& attachment : GetArray(comment, "attachments")) {
    const std::string url = FileUrl(attachment);
    if (!url.empty()) writer.Block(fmt::format("[attachment]({})", LinkDestination(url)));
  }
  writer.Pop();
}

Status WriteComments(RenderContext& context, MarkdownWriter& writer) {
  bool heading = false;
  const auto request_for = [&](std::string_view cursor) {
    return CommentsRequest(context.document, context.revision, context.document.value, cursor);
  };
  const auto end = ForEachAnswer(context, request_for, [&](const ParsedAnswer& answer) {
    return answer.ForEachResult([&](const Json& comment) -> Status {
      if (!std::exchange(heading, true)) writer.Block("## Comments");
      writer.BeginBlock(MarkdownWriter::Gap::kBlankLine);
      WriteComment(context, comment, writer);
      return {};
    });
  });
  if (!end) return Fail(end.error());
  if (end->kind == ListEnd::Kind::kRefused) {
    AddNote(context, "comments", fmt::format("comments cannot be read (HTTP {})", end->status));
  }
  return {};
}

}  // namespace

Result<Rendering> RenderPage(const DocumentRow& page, DocumentInputs& inputs,
                             const RenderOptions& options, TextSink& out) {
  Rendering rendering;
  RenderContext context{.inputs = inputs,
                        .rendering = rendering,
                        .document = page.id,
                        .revision = page.revision,
                        .from_path = page.path};
  const auto object = inputs.Object(page.id);
  if (!object && object.error().code == Code::kNotFound) {
    rendering.missing.push_back(PageRequest(page.id.value));
    return rendering;
  }
  if (!object) return Fail(object.error());
  const auto json = JsonDocument::Parse(*object);
  if (!json) {
    return Fail(json.error().code, fmt::format("page {}: {}", page.id.value, json.error().message));
  }
  const auto properties = SortedProperties(json->root());
  std::vector<Run> title;
  const auto named = std::find_if(properties.begin(), properties.end(), IsTitle);
  if (named != properties.end()) {
    auto runs = ReadPropertyRuns(context, named->second);
    if (!runs) return Fail(runs.error());
    title = std::move(*runs);
  }
  if (title.empty()) title = {{.text = page.title.empty() ? "Untitled" : page.title}};
  const Status front = WriteFrontMatter(context, json->root(), Words(title), properties, out);
  if (!front) return Fail(front.error());
  MarkdownWriter writer(out);
  writer.Block("# " + InlineMarkdown(title, InlinePlace::kHeading));
  Status done = RenderBlocks(context, page.id.value, writer);
  if (done && options.comments) done = WriteComments(context, writer);
  if (!done) return Fail(done.error());
  return rendering;
}

}  // namespace sluice::notion
