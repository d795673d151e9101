// Packing and unpacking one stored answer of about 70 KB (zstd level 1), in bytes of plain text a
// second; and the same with a zstd context that is made for each call.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <zstd.h>

#include <string>

#include "storage/base/compress.h"

namespace sluice {
namespace {

std::string Body() {
  std::string body;
  for (int i = 0; i < 100; ++i) {
    body += fmt::format(
        R"({{"object":"block","id":"5f1d3a52-0000-4000-8000-{0:012x}","has_children":false,)"
        R"("last_edited_time":"2024-01-02T00:00:00.000Z","type":"paragraph","paragraph":)"
        R"({{"rich_text":[{{"type":"text","text":{{"content":"words {1} {2}"}}}}]}}}},)",
        i, i * 7919, i * 104729);
    body.append(460, static_cast<char>('a' + i % 26));
  }
  return body;
}

void Pack(benchmark::State& state) {
  const std::string body = Body();
  for (auto _ : state) benchmark::DoNotOptimize(Compress(body));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(Pack);

void Unpack(benchmark::State& state) {
  const std::string body = Body();
  const std::string packed = Compress(body);
  for (auto _ : state) benchmark::DoNotOptimize(Decompress(packed, body.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(Unpack);

void PackWithFreshContext(benchmark::State& state) {
  const std::string body = Body();
  for (auto _ : state) {
    std::string out(ZSTD_compressBound(body.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), body.data(), body.size(), 1));
    out.shrink_to_fit();
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(PackWithFreshContext);

void UnpackWithFreshContext(benchmark::State& state) {
  const std::string body = Body();
  const std::string packed = Compress(body);
  for (auto _ : state) {
    std::string out(body.size(), '\0');
    ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
    benchmark::DoNotOptimize(out);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(UnpackWithFreshContext);

}  // namespace
}  // namespace sluice
