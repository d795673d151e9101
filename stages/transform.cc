#include "stages/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/document_inputs.h"
#include "stages/http/quota_headers.h"
#include "stages/http/quota_values.h"
#include "stages/http/secrets.h"
#include "storage/packed_body.h"
#include "storage/spill_writer.h"

namespace sluice {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

// "history.csv" -> "history-2.csv" for the second file of a document.
std::string NumberedPath(const DocumentRow& row, std::size_t number) {
  if (number == 1) return row.path;
  const std::size_t stem = row.path.size() - row.extension.size();
  return fmt::format("{}-{}{}", row.path.substr(0, stem), number, row.extension);
}

// Keeps a rendering in memory while it is small, and remembers the first disk error.
class SpillSink final : public TextSink {
 public:
  SpillSink(OutputDir& output, const DocumentRow& row) : output_(output), row_(row) {
    writer_.emplace(output_);
  }
  void Write(std::string_view text) override {
    if (status_) status_ = writer_->Write(text);
  }
  void NextFile() override {
    Keep(writer_->Finish(NumberedPath(row_, files_.size() + 1)));
    writer_.emplace(output_);
  }
  Result<std::filesystem::path> OwnFile() override {
    auto staged = output_.Stage();
    if (!staged) {
      status_ = Fail(staged.error());
      return Fail(staged.error());
    }
    own_.emplace(std::move(*staged));
    return std::filesystem::path(own_->path());
  }
  Result<std::vector<OutputFile>> Finish() {
    if (own_) {
      FinishOwn();
    } else {
      Keep(writer_->Finish(NumberedPath(row_, files_.size() + 1)));
    }
    if (!status_) return Fail(status_.error());
    return std::move(files_);
  }

 private:
  void Keep(Result<OutputFile> file) {
    if (!file) {
      if (status_) status_ = Fail(file.error());
    } else {
      files_.push_back(std::move(*file));
    }
  }
  void FinishOwn() {
    auto finished = own_->FinishAsItIs();
    if (!finished) {
      status_ = Fail(finished.error());
      return;
    }
    files_.push_back({.path = row_.path,
                      .staged = std::move(finished->path),
                      .bytes = finished->bytes,
                      .sha256 = std::move(finished->sha256)});
  }

  OutputDir& output_;
  const DocumentRow& row_;
  std::optional<SpillWriter> writer_;
  std::optional<StagedFile> own_;
  std::vector<OutputFile> files_;
  Status status_;
};

void FailItem(Item& item, Failure failure) {
  item.record.verdict = CommitRecord::Verdict::kFailed;
  item.record.failure = std::move(failure);
}

// When the server sent it by the server's clock, if that is behind ours: whether a thing may still
// change under the same revision is a question of the clock that revisions are taken from.
WallMs TimeOf(const Answer& answer, WallMs now_ms) {
  const std::string* date = FindHeader(answer.headers, "Date");
  const auto sent_ms = date != nullptr ? ParseInstant(*date, now_ms) : std::nullopt;
  return std::min(sent_ms.value_or(now_ms), now_ms);
}

// Whatever a source says in its own words may quote an answer, and an answer may quote what it was
// sent. Documents, rows and bodies are data.
void HideSecrets(Item& item) {
  const auto hide = [](std::string& text) { text = KnownSecrets().Redact(std::move(text)); };
  if (item.record.failure) hide(item.record.failure->message);
  for (Note& note : item.record.notes) hide(note.text);
  hide(item.record.shortfall);
  if (item.fatal) hide(item.fatal->error.message);
}

// A refusal that is kept, so that the next run knows it, is a message and no data.
Body WithoutSecrets(Body body) {
  if (!KnownSecrets().IsIn(body.view().text())) return body;
  return Body(KnownSecrets().Redact(std::string(body.view().text())));
}

// What no other item would fare better with: the state, or the disk.
void EndRun(Item& item, Error error) {
  item.fatal = Fatal{.error = std::move(error)};
  item.record.verdict = CommitRecord::Verdict::kReturn;
}

}  // namespace

Transform::Transform(const Source& source, ReaderPool& readers, OutputDir& output,
                     const SpillDir& spill, const Clock& clock, RetryOptions retry)
    : source_(source),
      readers_(readers),
      output_(output),
      spill_(spill),
      clock_(clock),
      retry_(retry) {}

void Transform::operator()(Item& item) const {
  item.record.item = item.work;
  if (item.work.kind == ItemKind::kDocument) {
    RenderDocument(item);
  } else if (item.stored) {
    ReadStored(item);
  } else {
    ReadFetched(item);
  }
  HideSecrets(item);
}

void Transform::ReadStored(Item& item) const {
  StoredResponse& stored = *item.stored;
  item.record.cache_hit = true;
  if (stored.status / 100 == 2) {
    auto reading = source_.Read(
        item.work.request, {.status = stored.status, .body = stored.body.view(), .spill = &spill_},
        clock_.WallNow());
    if (!reading) {
      return FailItem(item, {.code = reading.error().code, .message = reading.error().message});
    }
    return Keep(item, std::move(*reading), std::move(stored));
  }
  Verdict verdict =
      source_.Judge(item.work.request, {.status = stored.status, .body = stored.body.view()});
  ReadRefusal(
      item,
      {.status = stored.status, .body = std::move(stored.body), .verdict = std::move(verdict)});
}

void Transform::ReadFetched(Item& item) const {
  CommitRecord& record = item.record;
  std::visit(Overloaded{
                 [&](Answer& answer) { ReadAnswer(item, std::move(answer)); },
                 [&](NotModified&) { ReadConfirmed(item); },
                 [&](Refusal& refusal) { ReadRefusal(item, std::move(refusal)); },
                 [&](Again& again) {
                   record.verdict = CommitRecord::Verdict::kRetry;
                   record.failure = std::move(again.failure);
                   record.next_attempt = item.work.attempt + (again.counts ? 1 : 0);
                   record.not_before_ms =
                       clock_.WallNow() +
                       std::chrono::ceil<std::chrono::milliseconds>(again.delay).count();
                 },
                 [&](GaveUp& gave_up) { FailItem(item, std::move(gave_up.failure)); },
                 [&](Stopped&) { record.verdict = CommitRecord::Verdict::kReturn; },
                 [&](Fatal& fatal) {
                   record.verdict = CommitRecord::Verdict::kReturn;
                   item.fatal = std::move(fatal);
                 },
             },
             *item.fetched);
}

// The server confirmed the answer that was stored.
void Transform::ReadConfirmed(Item& item) const {
  item.stored = std::move(item.stale);
  item.record.confirmed = true;
  ReadStored(item);
  item.record.confirmed = item.record.verdict == CommitRecord::Verdict::kDone;
}

void Transform::ReadAnswer(Item& item, Answer answer) const {
  const Request& request = item.work.request;
  auto reading = source_.Read(request,
                              {.status = answer.status,
                               .body = answer.body.view(),
                               .headers = answer.headers,
                               .spill = &spill_},
                              TimeOf(answer, clock_.WallNow()));
  if (reading) {
    StoredResponse response{.status = answer.status, .body = std::move(answer.body)};
    if (const std::string* etag = FindHeader(answer.headers, "ETag")) response.etag = *etag;
    if (const std::string* date = FindHeader(answer.headers, "Last-Modified")) {
      response.last_modified = *date;
    }
    return Keep(item, std::move(*reading), std::move(response));
  }

  // A body that is cut or broken counts as an answer that did not arrive.
  Failure failure{.code = reading.error().code,
                  .http_status = answer.status,
                  .message = reading.error().message};
  Rng rng(static_cast<std::uint64_t>(Checksum(RequestText(request))) +
          static_cast<std::uint64_t>(item.work.attempt));
  const auto wait = ParseQuota(answer.headers, clock_.WallNow()).retry_after;
  const RetryDecision decision = Decide(item.work.attempt, failure.code, wait, retry_, rng);
  if (decision.kind != RetryDecision::Kind::kAgain) return FailItem(item, std::move(failure));
  item.fetched = Again{.failure = std::move(failure), .delay = decision.delay};
  ReadFetched(item);
}

void Transform::ReadRefusal(Item& item, Refusal refusal) const {
  auto reading = source_.ReadRefusal(item.work.request, {.status = refusal.status,
                                                         .body = refusal.body.view(),
                                                         .headers = refusal.headers,
                                                         .spill = &spill_});
  if (reading) {
    if (reading->keep) refusal.body = WithoutSecrets(std::move(refusal.body));
    return Keep(item, std::move(*reading),
                {.status = refusal.status, .body = std::move(refusal.body)});
  }
  FailItem(item, {.code = refusal.verdict.code,
                  .http_status = refusal.status,
                  .message = std::move(refusal.verdict.message)});
}

void Transform::Keep(Item& item, Reading reading, StoredResponse response) const {
  CommitRecord& record = item.record;
  if (reading.rows) {
    if (auto rows = reading.rows->rows.Finish(); !rows) return EndRun(item, rows.error());
  }
  // What came from the cache stays there as it is; it may have been confirmed.
  const bool store = reading.keep && (!record.cache_hit || record.confirmed);
  if (store && !record.cache_hit) {
    auto packed = Pack(response.body.view(), &spill_);
    if (!packed) return EndRun(item, packed.error());
    response.body = std::move(*packed);
    response.encoding = StoredResponse::Encoding::kZstd;
  }
  record.verdict = CommitRecord::Verdict::kDone;
  record.requests = std::move(reading.requests);
  record.documents = std::move(reading.documents);
  record.mentions = std::move(reading.mentions);
  record.notes = std::move(reading.notes);
  record.shortfall = std::move(reading.shortfall);
  record.rows = std::move(reading.rows);
  if (!store) return;
  response.revision = item.work.request.revision;
  record.response = std::move(response);
}

void Transform::RenderDocument(Item& item) const {
  const DocumentId& id = item.work.document;
  auto reader = readers_.Borrow();
  if (!reader) return EndRun(item, reader.error());
  StoredInputs inputs(***reader, /*oldest_ms=*/0);
  const auto row = inputs.Find(id);
  if (!inputs.status()) return EndRun(item, inputs.status().error());
  // Its place is being settled anew; it comes back when that is done.
  if (!row || row->path.empty()) return;

  SpillSink sink(output_, *row);
  auto rendering = source_.Render(*row, inputs, sink);
  if (!inputs.status()) return EndRun(item, inputs.status().error());
  const Code code = rendering ? Code::kFatal : rendering.error().code;
  if (!rendering && (code == Code::kDamaged || code == Code::kDisk)) {
    return EndRun(item, rendering.error());
  }
  if (!rendering) {
    return FailItem(item, {.code = rendering.error().code,
                           .message = fmt::format("{} '{}': {}", row->kind, row->title,
                                                  rendering.error().message)});
  }
  CommitRecord& record = item.record;
  if (!rendering->missing.empty()) {
    record.verdict = CommitRecord::Verdict::kReopen;
    record.requests = std::move(rendering->missing);
    return;
  }
  auto files = sink.Finish();
  if (!files) return EndRun(item, files.error());
  record.outputs = std::move(*files);
  record.revision = row->revision;
  record.notes = std::move(rendering->notes);
}

}  // namespace sluice
