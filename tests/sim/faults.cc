#include "tests/sim/faults.h"

#include <xxhash.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>

#include "tests/sim/notion_ids.h"

namespace sluice::sim {
namespace {

struct Name {
  std::string_view text;
  FaultKind kind;
};
constexpr std::array kNames = {Name{"429", FaultKind::k429},
                               Name{"429-no-header", FaultKind::k429NoHeader},
                               Name{"500", FaultKind::k500},
                               Name{"502-html", FaultKind::k502Html},
                               Name{"503", FaultKind::k503},
                               Name{"529", FaultKind::k529},
                               Name{"reset", FaultKind::kReset},
                               Name{"truncate", FaultKind::kTruncate},
                               Name{"slow", FaultKind::kSlow},
                               Name{"bad-json", FaultKind::kBadJson},
                               Name{"gzip-bomb", FaultKind::kGzipBomb},
                               Name{"cursor-loop", FaultKind::kCursorLoop},
                               Name{"clamp", FaultKind::kClamp},
                               Name{"short-page", FaultKind::kShortPage},
                               Name{"deep-json", FaultKind::kDeepJson},
                               Name{"401-after", FaultKind::k401After}};

constexpr int kDeepLevels = 100'000;
constexpr std::size_t kBombChunkBytes = 16 << 20;
constexpr int kBombChunks = 64;  // 1 GiB when unpacked

bool Has(const std::vector<FaultKind>& struck, FaultKind kind) {
  return std::ranges::find(struck, kind) != struck.end();
}

// 16 MiB of spaces, deflated once and repeated: a full flush forgets what came before, so the
// same bytes may follow themselves.
std::string MakeGzipBomb() {
  const std::string chunk(kBombChunkBytes, ' ');
  std::string packed(1 << 20, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
  stream.avail_in = chunk.size();
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = packed.size();
  deflate(&stream, Z_FULL_FLUSH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);

  std::string bomb("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
  const uLong chunk_crc = crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), chunk.size());
  uLong crc = 0;
  for (int i = 0; i < kBombChunks; ++i) {
    bomb += packed;
    crc = crc32_combine(crc, chunk_crc, kBombChunkBytes);
  }
  bomb += std::string("\x03\x00", 2);  // an empty last block
  const std::uint64_t size = static_cast<std::uint64_t>(kBombChunkBytes) * kBombChunks;
  for (int i = 0; i < 4; ++i) bomb += static_cast<char>(crc >> (8 * i));
  for (int i = 0; i < 4; ++i) bomb += static_cast<char>(size >> (8 * i));
  return bomb;
}

HttpResponse Json(std::string body) {
  return {.headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = std::move(body)};
}

}  // namespace

std::optional<Fault> ParseFault(std::string_view text) {
  const auto colon = text.find(':');
  const auto name = std::ranges::find(kNames, text.substr(0, colon), &Name::text);
  if (name == kNames.end()) return std::nullopt;
  Fault fault{.kind = name->kind};
  if (colon == std::string_view::npos) {
    return fault.kind == FaultKind::k401After ? std::nullopt : std::optional(fault);
  }
  const std::string_view value = text.substr(colon + 1);
  const char* end = value.data() + value.size();
  const auto parsed = fault.kind == FaultKind::k401After
                          ? std::from_chars(value.data(), end, fault.after)
                          : std::from_chars(value.data(), end, fault.probability);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (fault.probability < 0 || fault.probability > 1) return std::nullopt;
  return fault;
}

std::string FaultNames() {
  std::string names;
  for (const Name& name : kNames) {
    if (!names.empty()) names += ", ";
    names += name.text;
  }
  return names;
}

Faults::Faults(std::vector<Fault> faults, std::uint64_t seed)
    : faults_(std::move(faults)), seed_(Mix(seed, 0xfa17)) {
  counts_ = std::ranges::any_of(faults_, [](const Fault& fault) { return fault.probability < 1; });
}

std::vector<FaultKind> Faults::Strike(const HttpRequest& request) {
  std::vector<FaultKind> struck;
  if (faults_.empty()) return struck;
  const std::string text = request.method + " " + request.target + " " + request.body;
  const std::uint64_t key = XXH3_64bits(text.data(), text.size());
  const std::uint64_t ordinal = counts_ ? Ordinal(key) : 0;
  const std::uint64_t number = ++requests_;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    const std::uint64_t draw = Mix(Mix(seed_ + i, key), ordinal) >> 11;  // 53 bits
    const bool hit = fault.kind == FaultKind::k401After
                         ? number > fault.after
                         : static_cast<double>(draw) < fault.probability * (1ull << 53);
    if (hit) struck.push_back(fault.kind);
  }
  return struck;
}

std::uint64_t Faults::Ordinal(std::uint64_t key) {
  Shard& shard = shards_[key % shards_.size()];
  const std::lock_guard lock(shard.mutex);
  return ++shard.asked[key];
}

ListFaults ListFaultsOf(const std::vector<FaultKind>& struck) {
  return {.clamp = Has(struck, FaultKind::kClamp),
          .short_page = Has(struck, FaultKind::kShortPage),
          .cursor_loop = Has(struck, FaultKind::kCursorLoop)};
}

std::optional<HttpResponse> Replacement(const Api& api, const HttpRequest& request,
                                        const std::vector<FaultKind>& struck) {
  for (const FaultKind kind : struck) {
    switch (kind) {
      case FaultKind::k401After:
        return api.Refuse(request, Refusal::kUnauthorized, 0);
      case FaultKind::k429:
        return api.Refuse(request, Refusal::kRateLimited, 1);
      case FaultKind::k429NoHeader:
        return api.Refuse(request, Refusal::kRateLimited, 0);
      case FaultKind::k500:
        return api.Refuse(request, Refusal::kInternalError, 0);
      case FaultKind::k502Html:
        return HttpResponse{.status = 502,
                            .headers = {{"Content-Type", "text/html"}},
                            .body =
                                "<html><head><title>502 Bad Gateway</title></head><body>"
                                "<center><h1>502 Bad Gateway</h1></center></body></html>\r\n"};
      case FaultKind::k503:
        return api.Refuse(request, Refusal::kUnavailable, 0);
      case FaultKind::k529:
        return api.Refuse(request, Refusal::kOverloaded, 1);
      case FaultKind::kGzipBomb: {
        static const std::string kBomb = MakeGzipBomb();
        HttpResponse response = Json(kBomb);
        response.headers.emplace_back("Content-Encoding", "gzip");
        return response;
      }
      case FaultKind::kDeepJson:
        return Json(
            api.ListOf(std::string(kDeepLevels - 1, '[') + std::string(kDeepLevels - 1, ']')));
      default:
        break;
    }
  }
  return std::nullopt;
}

void Damage(HttpResponse& response, const std::vector<FaultKind>& struck) {
  if (Has(struck, FaultKind::kBadJson)) response.body.resize(response.body.size() / 2);
  if (Has(struck, FaultKind::kReset))
    response.delivery = Delivery::kReset;
  else if (Has(struck, FaultKind::kTruncate))
    response.delivery = Delivery::kTruncate;
  else if (Has(struck, FaultKind::kSlow))
    response.delivery = Delivery::kDrip;
}

}  // namespace sluice::sim
