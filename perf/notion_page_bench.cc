// Reading and rendering one page of 100 blocks (one answer of the Notion API), in MB of JSON a
// second.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "stages/sources/notion/notion_source.h"
#include "stages/sources/notion/requests.h"
#include "tests/support/fake_inputs.h"

namespace sluice::notion {
namespace {

const std::string kPage = "0b3c7c1e-2f6a-4c4d-9d57-6f4f2a0d1c11";

// A block as the API reference shows it: a paragraph of two runs, one of them bold with a link.
std::string Block(int number) {
  constexpr std::string_view kRun =
      R"({{"type":"text","text":{{"content":"{0}","link":{1}}},"annotations":{{"bold":{2},)"
      R"("italic":false,"strikethrough":false,"underline":false,"code":false,"color":"default"}},)"
      R"("plain_text":"{0}","href":null}})";
  const std::string plain =
      fmt::format(fmt::runtime(kRun), "Plain words of a paragraph, about as many as people write; ",
                  "null", "false");
  const std::string link =
      fmt::format(fmt::runtime(kRun), "and a link", R"({"url":"https://example.com/a"})", "true");
  return fmt::format(
      R"({{"object":"block","id":"5f1d3a52-0000-4000-8000-{:012x}","parent":{{"type":"page_id",)"
      R"("page_id":"{}"}},"created_time":"2024-01-01T00:00:00.000Z",)"
      R"("last_edited_time":"2024-01-02T00:00:00.000Z","created_by":{{"object":"user","id":)"
      R"("71e95936-2737-4e11-b03d-f174f6f13087"}},"last_edited_by":{{"object":"user","id":)"
      R"("71e95936-2737-4e11-b03d-f174f6f13087"}},"has_children":false,"archived":false,)"
      R"("in_trash":false,"type":"paragraph","paragraph":{{"rich_text":[{},{}],)"
      R"("color":"default"}}}})",
      number, kPage, plain, link);
}

std::string Answer() {
  std::string blocks;
  for (int i = 0; i < 100; ++i) blocks += (i == 0 ? "" : ",") + Block(i);
  return R"({"object":"list","results":[)" + blocks +
         R"(],"next_cursor":null,"has_more":false,"type":"block","block":{}})";
}

Request Children() { return ChildrenRequest(DocumentId(kPage), {}, kPage, "", 1); }

void ReadJson(benchmark::State& state) {
  const NotionSource source({.base_url = "https://api.notion.com", .version = "2025-09-03"});
  const Request request = Children();
  const std::string body = Answer();
  for (auto _ : state) {
    auto reading = source.Read(request, {.body = body}, 0);
    if (!reading) return state.SkipWithError(reading.error().message.c_str());
    benchmark::DoNotOptimize(reading);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(ReadJson);

void RenderMarkdown(benchmark::State& state) {
  const NotionSource source({.base_url = "https://api.notion.com", .version = "2025-09-03"});
  const DocumentRow row{
      .id = DocumentId(kPage), .kind = "page", .title = "Page", .path = "Page.md", .known = true};
  const std::string body = Answer();
  FakeInputs inputs;
  inputs.AddDocument(row, fmt::format(R"({{"object":"page","id":"{}","properties":{{}}}})", kPage));
  inputs.AddResponse(Children(), body);
  for (auto _ : state) {
    StringSink out;
    auto rendering = source.Render(row, inputs, out);
    if (!rendering || !rendering->missing.empty() || out.text.size() < 100 * 60) {
      return state.SkipWithError("not rendered");
    }
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(RenderMarkdown);

}  // namespace
}  // namespace sluice::notion
