// A source is what an API must say to be exported: where to begin, how a request looks on the
// wire, what a response reveals, and how a document is assembled. All of it is pure: bytes in,
// values out, no I/O of its own, no clock.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stages/http/transport.h"
#include "storage/records.h"

namespace sluice {

// An answer as a source reads it. Borrows.
struct AnswerView {
  int status = 200;
  BodyView body;
  std::span<const HttpHeader> headers;  // empty where the answer was stored
  // Where the rows of a long answer go; see RowSpool. Null: they stay in memory.
  const SpillDir* spill = nullptr;

  // The first header of that name, or nullptr. Names are compared without regard to case.
  const std::string* Header(std::string_view name) const { return FindHeader(headers, name); }
};

// What one response revealed.
struct Reading {
  std::vector<Request> requests;
  std::vector<DocumentUpdate> documents;
  std::vector<DocumentId> mentions;  // of request.document: ids whose path it will show
  std::vector<Note> notes;
  bool keep = false;             // a document will be rendered from this body: store it
  std::string shortfall;         // why the listing is provably short; empty: it is not
  std::optional<RowBatch> rows;  // for the collection of request.document
};

// The stored things that a document is assembled from. Streams: nothing is held but what one call
// returns. Implemented over the state by stages/document_inputs, and over memory in tests.
class DocumentInputs {
 public:
  virtual ~DocumentInputs() = default;

  // The stored response to `request` at `request.revision`. Code::kNotFound: it is not stored (any
  // more); the rendering names it in Rendering::missing, and it is fetched again.
  virtual Result<StoredResponse> Response(const Request& request) = 0;
  // The object JSON of a document, by its id (no alias). Code::kNotFound: not known, or damaged.
  virtual Result<std::string> Object(const DocumentId& id) = 0;
  // A document by id or alias; nullopt: nobody has seen it.
  virtual std::optional<DocumentRow> Find(const DocumentId& id) = 0;
  // Calls `use` for the documents of `kind` under `parent`, in the order of their ids, until it
  // returns false.
  virtual Status ForEachChild(const DocumentId& parent, std::string_view kind,
                              const std::function<bool(const DocumentRow&)>& use) = 0;
  // Calls `use` for the rows of a collection, in the order of their positions, until it returns
  // false. Code::kDamaged: a row is not what was stored, or rows are gone.
  virtual Status ForEachRow(const DocumentId& collection,
                            const std::function<bool(const Row&)>& use) = 0;
};

// Where a rendering goes. Implementations keep little in memory and spill the rest to a file.
class TextSink {
 public:
  virtual ~TextSink() = default;
  // Errors (disk full) are kept by the sink and reported when it is finished.
  virtual void Write(std::string_view text) = 0;
  // Ends this file; what follows goes into the next: "history.csv", "history-2.csv", ... The first
  // file is there even when nothing is written.
  virtual void NextFile() = 0;
  // For an output that a library writes by itself (SQLite): the path of a new, empty file that
  // becomes the output when the rendering has ended. Instead of Write(); once.
  virtual Result<std::filesystem::path> OwnFile() = 0;
};

// What a document yields beside its text.
struct Rendering {
  std::vector<Note> notes;
  std::vector<Request> missing;  // stored responses that were gone; not empty: render again
                                 // when these have been fetched
};

// Bounds that the source's documentation states; the job file overrides them.
struct SourceLimits {
  std::string base_url;            // whose origin the rate is for
  double requests_per_second = 0;  // 0: no limit
  int burst = 1;
  struct Operation {
    std::string name;
    int in_flight_max;
  };
  std::vector<Operation> operations;  // every operation that its requests name
};

// What an answer other than 2xx means.
struct Verdict {
  Code code = Code::kTransient;   // kTransient, kRateLimited, kUnauthorized, kNotFound, kInvalid
  std::string message;            // the API's own words without secrets, shortened
  std::optional<Duration> delay;  // not before this has passed; beside what headers say
  bool renewable = true;          // of kUnauthorized: a new access token may help
};

// Thread-safe: all methods are const and pure.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::string_view name() const = 0;
  virtual SourceLimits Limits() const = 0;

  // What opens a new generation: its first requests, and the documents that are known without one.
  virtual Opening Open(const LastRun& last) const = 0;
  // What to ask for a document that was referred to but that no listing gave.
  virtual std::vector<Request> RequestsForUnlisted(const DocumentRow& document) const = 0;
  // The request as it goes to the wire, credentials included.
  virtual HttpRequest ToHttp(const Request& request) const = 0;

  // Reads a complete answer of status 2xx, in full: a body that is cut or broken anywhere is
  // Code::kTransient (ask again), one that is well-formed but not what the API promises is
  // Code::kInvalid. `now_ms` decides only whether a revision is still fresh
  // (DocumentUpdate::stable).
  virtual Result<Reading> Read(const Request& request, const AnswerView& answer,
                               WallMs now_ms) const = 0;
  // Judges an answer other than 2xx. What it takes from the answer into a message that it shortens
  // passes KnownSecrets().Redact() before: servers quote what they were sent.
  virtual Verdict Judge(const Request& request, const AnswerView& answer) const = 0;
  // A permanent refusal that does not spoil the export, e.g. the children of a block that cannot
  // be listed: what takes its place. nullopt: it is a failure.
  virtual std::optional<Reading> ReadRefusal(const Request& request,
                                             const AnswerView& answer) const = 0;

  // Writes the document's text. Deterministic: depends on `inputs` alone. Fails only where the
  // stored input is damaged or not what Read() let through.
  virtual Result<Rendering> Render(const DocumentRow& document, DocumentInputs& inputs,
                                   TextSink& out) const = 0;
};

}  // namespace sluice
