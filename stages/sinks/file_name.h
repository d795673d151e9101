// Names of output files: safe on every file system that people copy an export to, and a pure
// function of title and id, so that no order of arrival and no other file can change them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

// A segment with its extension stays within this: ext4, APFS and NTFS take 255, and backup tools
// want some of that for their own endings.
inline constexpr std::size_t kSegmentBytesMax = 240;
// What a segment leaves free for an extension.
inline constexpr std::size_t kExtensionBytesMax = 8;

// "Title 0123...cdef": one path segment without extension. What Windows, macOS or a shell would
// trip over is replaced or trimmed; a title of which nothing remains is "Untitled". Long titles are
// cut between characters as readers see them. Unique because `hex_id` is; the device names of
// Windows (CON, NUL) are harmless because it follows. Unicode normalisation is left as the source
// has it: two spellings of one title differ by id anyway.
std::string FileSegment(std::string_view title, std::string_view hex_id);

// The link that leads from one output path to another, both relative to the output folder:
// "../Other%20page.md". Percent-encoded except for '/', so that it stands in Markdown as it is.
std::string RelativeLink(std::string_view from_path, std::string_view to_path);

}  // namespace sluice
