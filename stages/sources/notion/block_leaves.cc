// Blocks without blocks inside: code, media, links, markers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "stages/sinks/utf8.h"
#include "stages/sources/notion/block_renderer.h"
#include "stages/sources/notion/markdown_escape.h"
#include "stages/sources/notion/requests.h"

namespace sluice::notion {
namespace {

// Notion's names of languages that highlighters know by another name. Others lose their spaces.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kLanguages = {{
    {"plain text", ""},
    {"java/c/c++/c#", ""},
    {"c++", "cpp"},
    {"c#", "csharp"},
    {"f#", "fsharp"},
    {"objective-c", "objectivec"},
    {"shell", "sh"},
    {"visual basic", "vb"},
    {"vb.net", "vbnet"},
}};

std::string FenceLanguage(std::string_view language) {
  for (const auto& [notion, fence] : kLanguages) {
    if (language == notion) return std::string(fence);
  }
  std::string name;
  for (const char c : language) {
    const bool plain = c > ' ' && c != '`' && c != 0x7F;  // a backtick would end the info string
    if (plain || static_cast<unsigned char>(c) >= 0x80) name.push_back(c);
    if (c == ' ') name.push_back('-');
  }
  return name;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "https://host/a/My%20file.pdf?x" -> "My file.pdf"; empty when the address ends in no name.
std::string NameInUrl(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t host = url.find("://");
  const std::size_t slash = url.rfind('/');
  if (slash == url.npos || (host != url.npos && slash < host + 3)) return {};
  url.remove_prefix(slash + 1);
  std::string name;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const bool encoded = url[i] == '%' && i + 2 < url.size() && HexDigit(url[i + 1]) >= 0 &&
                         HexDigit(url[i + 2]) >= 0;
    name.push_back(encoded ? static_cast<char>(HexDigit(url[i + 1]) * 16 + HexDigit(url[i + 2]))
                           : url[i]);
    if (encoded) i += 2;
  }
  for (std::string_view rest = name; !rest.empty();) {
    const CodePoint next = FirstCodePoint(rest);
    if (next.value == 0xFFFD || next.value < ' ') return std::string(url);
    rest.remove_prefix(next.bytes);
  }
  return name;
}

std::string Label(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return EscapeText(line, LineStart::kNo);
}

std::string Link(std::string_view label, std::string_view url) {
  return fmt::format("[{}]({})", Label(label), LinkDestination(url));
}

// Lines inside $$ that a reader without math would take for a heading, list, quote or break.
bool BreaksOut(std::string_view math) {
  if (math.find("$$") != math.npos) return true;
  while (!math.empty()) {
    const std::size_t end = std::min(math.find('\n'), math.size());
    const std::string_view line = math.substr(0, end);
    if (line.empty() || std::string_view("-=+*#>0123456789 \t`~|<[").find(line[0]) != line.npos) {
      if (line.empty() || EscapeText(line, LineStart::kYes)[0] != line[0] || line[0] == '`')
        return true;
    }
    math.remove_prefix(std::min(end + 1, math.size()));
  }
  return false;
}

}  // namespace

void BlockRenderer::Caption(const Block& block) {
  const std::string text = InlineOf(GetArray(block.payload, "caption"), InlinePlace::kParagraph);
  if (!text.empty()) Write(block, text);
}

Status BlockRenderer::Code(const Block& block) {
  const std::string code = PlainText(RichTextOf(block.payload));
  const std::string fence = FenceFor(code, '`', 3);
  Write(block, fence + FenceLanguage(GetString(block.payload, "language")));
  if (!code.empty()) writer_.Lines(code);
  writer_.Lines(fence);
  LinksInCode(block);
  Caption(block);
  return {};
}

// A fence shows its text byte by byte, so what a part of it links to stands below.
void BlockRenderer::LinksInCode(const Block& block) {
  for (const Json& run : RichTextOf(block.payload)) {
    const std::string_view href = GetString(run, "href");
    if (href.empty()) continue;
    const std::string text = Label(GetString(run, "plain_text"));
    Write(block, Comment(fmt::format("link text=\"{}\" url={}", text, href)));
    AddNote(
        context_, "code link",
        fmt::format("block {}: a code block cannot hold the link of '{}' to {}; it stands below",
                    block.id, text, href));
  }
}

Status BlockRenderer::Equation(const Block& block) {
  std::string math(GetString(block.payload, "expression"));
  math.erase(math.find_last_not_of(" \n") + 1);
  if (BreaksOut(math)) {
    const std::string fence = FenceFor(math, '`', 3);
    Write(block, fmt::format("{}math\n{}\n{}", fence, math, fence));
  } else {
    Write(block, fmt::format("$$\n{}{}$$", math, math.empty() ? "" : "\n"));
  }
  return {};
}

Status BlockRenderer::Divider(const Block& block) {
  Begin(block.siblings);
  // "- ---" would be one break instead of a list item that holds one.
  writer_.Lines(writer_.AtContainerStart() || block.siblings.in_item ? "***" : "---");
  return {};
}

void BlockRenderer::MissingFile(const Block& block) {
  Write(block, Comment(fmt::format("unavailable {} id={}", block.type, block.id)));
  AddNote(context_, "unavailable", fmt::format("{} block {} has no address", block.type, block.id));
  Caption(block);
}

std::string BlockRenderer::MediaLabel(const Block& block, std::string_view url) {
  if (const auto name = GetString(block.payload, "name"); !name.empty()) return std::string(name);
  std::string label = PlainText(GetArray(block.payload, "caption"));
  if (label.empty()) label = NameInUrl(url);
  return label.empty() ? std::string(block.type) : label;
}

Status BlockRenderer::Image(const Block& block) {
  const std::string url = FileUrl(block.payload);
  if (url.empty()) {
    MissingFile(block);
    return {};
  }
  Write(block, "!" + Link(MediaLabel(block, url), url));
  const auto runs = ReadRuns(context_, GetArray(block.payload, "caption"));
  // The alternative text holds words alone; a caption with links or styles stands below as well.
  const bool styled = std::any_of(runs.begin(), runs.end(), [](const Run& run) {
    return run.kind != Run::Kind::kText || run.style != RunStyle{};
  });
  if (styled || !GetString(block.payload, "name").empty()) Caption(block);
  return {};
}

Status BlockRenderer::Media(const Block& block) {
  const std::string url = FileUrl(block.payload);
  if (url.empty()) {
    MissingFile(block);
    return {};
  }
  std::string name(GetString(block.payload, "name"));
  if (name.empty()) name = NameInUrl(url);
  Write(block, Link(name.empty() ? block.type : name, url));
  Caption(block);
  return {};
}

Status BlockRenderer::Bookmark(const Block& block) {
  const std::string_view url = GetString(block.payload, "url");
  if (url.empty()) {
    MissingFile(block);
    return {};
  }
  Write(block, Link(url, url));
  Caption(block);
  return {};
}

Status BlockRenderer::ChildPage(const Block& block) {
  const std::string label = DocumentLabel(context_, block.id, GetString(block.payload, "title"));
  Write(block, Link(label, DocumentHref(context_, block.id)));
  return {};
}

Status BlockRenderer::ChildDatabase(const Block& block) {
  if (auto written = ChildPage(block); !written) return written;
  // The block names the database; what is on record may be its data source, under another id.
  const auto row = context_.inputs.Find(DocumentId(std::string(block.id)));
  if (!row) return {};
  const auto object = context_.inputs.Object(row->id);
  if (!object)
    return object.error().code == sluice::Code::kNotFound ? Status() : Fail(object.error());
  const auto database = JsonDocument::Parse(*object);
  if (!database) return Fail(database.error());
  const std::string description =
      InlineOf(GetArray(database->root(), "description"), InlinePlace::kParagraph);
  if (!description.empty()) Write(block, description);
  return {};
}

Status BlockRenderer::LinkToPage(const Block& block) {
  const std::string_view type = GetString(block.payload, "type");
  const std::string_view id = GetString(block.payload, type);
  if (id.empty()) return Unsupported(block);
  const std::string label = type == "comment_id" ? "Comment" : DocumentLabel(context_, id, "");
  Write(block, Link(label, DocumentHref(context_, id)));
  return {};
}

// What Notion draws from the page itself: a comment says where it stood.
Status BlockRenderer::Marker(const Block& block) {
  Write(block, Comment(block.type));
  return {};
}

Status BlockRenderer::Unsupported(const Block& block) {
  const std::string_view inner = GetString(block.payload, "block_type");
  const std::string_view type = inner.empty() ? block.type : inner;
  Write(block, Comment(fmt::format("unsupported type={} id={}", type, block.id)));
  AddNote(context_, "unsupported",
          fmt::format("block {} is of type '{}', which has no form in Markdown", block.id, type));
  const std::string text = Inline(block, InlinePlace::kParagraph);
  if (!text.empty()) Write(block, text);
  return block.has_children ? FlatChildren(block) : Status();
}

}  // namespace sluice::notion
