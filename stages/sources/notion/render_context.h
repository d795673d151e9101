// What every part of a rendering needs: the stored inputs, whose answers to read, where links
// start, and where notes go.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "stages/sources/notion/parsed_answer.h"
#include "stages/sources/source.h"

namespace sluice::notion {

// Borrows everything. Not thread-safe: one per rendering.
struct RenderContext {
  DocumentInputs& inputs;
  Rendering& rendering;
  DocumentId document;  // whose stored answers are read
  Revision revision;
  std::string from_path;  // of the output; links are relative to it
};

void AddNote(RenderContext& context, std::string kind, std::string text);

// The link to a page or database: relative to its output where it has one, else its address at
// notion.so.
std::string DocumentHref(RenderContext& context, std::string_view id);
// The title on record, else `known`, else "Untitled".
std::string DocumentLabel(RenderContext& context, std::string_view id, std::string_view known);
// A link as rich text holds it: links into the workspace become relative where their target has an
// output, every other stays byte for byte.
std::string ResolveHref(RenderContext& context, std::string_view href);
// The name in a user object, else the one on record, else its id.
std::string UserName(RenderContext& context, const Json& user);

// The address in {"type":"file"|"external"|..., <type>:{"url"}}; empty when there is none. Files
// that Notion holds lose the query, which is a signature that ends within the hour.
std::string FileUrl(const Json& file);
// An icon as text: the emoji, ":name:" of a custom or native one, else its address.
std::string IconText(const Json& icon);

struct ListEnd {
  enum class Kind { kComplete, kMissing, kRefused };
  Kind kind = Kind::kComplete;
  int status = 200;  // of the refusal
};

// Calls `use` with each stored answer of a list, holding one at a time, from `request_for("")`
// along its cursors. An answer that is not stored goes to Rendering::missing and ends the list.
// Fails only on damaged input or when `use` does.
Result<ListEnd> ForEachAnswer(RenderContext& context,
                              const std::function<Request(std::string_view cursor)>& request_for,
                              const std::function<Status(const ParsedAnswer& answer)>& use);

}  // namespace sluice::notion
