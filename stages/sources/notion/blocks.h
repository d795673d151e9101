// Blocks: the content of a page, streamed from stored lists of children into Markdown. One answer
// per nesting level is held, so that a page of any size goes through.
#pragma once

#include <string_view>

#include "stages/sources/notion/markdown_writer.h"
#include "stages/sources/notion/render_context.h"

namespace sluice::notion {

// Lists nested deeper than this are left out, visibly: no real page comes near, and the walk down
// uses the stack.
inline constexpr int kBlockDepthMax = 256;

// Writes the blocks under `block_id` (a page or block). Every block leaves a trace: its Markdown,
// or a comment and a note. Lists that are not stored are named in Rendering::missing, and the rest
// goes on. Fails only on damaged input.
Status RenderBlocks(RenderContext& context, std::string_view block_id, MarkdownWriter& writer);

}  // namespace sluice::notion
