#include "stages/fetch.h"

#include <utility>

#include "stages/fetch_loop.h"

namespace sluice {

Fetch::Fetch(const Source& source, Transport& transport, const Clock& clock, FetchOptions options,
             std::uint64_t seed)
    : loop_(std::make_shared<FetchLoop>(source, transport, clock, std::move(options), seed)) {}
Fetch::~Fetch() = default;

void Fetch::Start(const Request& request, int attempt, std::function<void(FetchResult)> done) {
  Start(request, attempt, Validators{}, std::move(done));
}

void Fetch::Start(const Request& request, int attempt, Validators validators,
                  std::function<void(FetchResult)> done) {
  loop_->transport().Post([loop = loop_, request, attempt, validators = std::move(validators),
                           done = std::move(done)]() mutable {
    loop->Start(std::move(request), attempt, std::move(validators), std::move(done));
  });
}

void Fetch::Stop() {
  loop_->transport().Post([loop = loop_] { loop->Stop(); });
}

FetchStats Fetch::Snapshot() const { return loop_->Snapshot(); }
void Fetch::ImportState(const FetchState& state) { loop_->ImportState(state); }
FetchState Fetch::ExportState() const { return loop_->ExportState(); }

}  // namespace sluice
