// Records: what the stages hand to storage and get back. Plain values, no behaviour.
//
// An item is one unit of work, and the frontier holds the items that are not finished. There are
// two kinds: a request (one HTTP request and its response) and a document (one output, assembled
// from responses that are already stored).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/hash.h"
#include "storage/base/ids.h"
#include "storage/base/result.h"
#include "storage/body.h"
#include "storage/row_spool.h"

namespace sluice {

enum class ItemKind { kRequest, kDocument };

// A request as the frontier keeps it: everything that is needed to send it again after a restart,
// and never a credential (those are added when it goes to the wire).
struct Request {
  std::string operation;  // the limit class it counts against: "search", "blocks", ...
  std::string method = "GET";
  std::string target;    // path and query as sent: "/v1/blocks/<id>/children?page_size=100"
  std::string body;      // JSON text, or empty
  DocumentId document;   // the document that waits for the answer; empty: none
  Revision revision;     // revision of that document; a stored answer of another one is stale
  int depth = 0;         // in the tree; deeper requests go first (finish what was begun)
  bool listing = false;  // part of the listing: what no listing gave is asked for only
                         // after the last open listing request is done
  std::string context;   // the source's own memory, e.g. the cursors seen on the way here
  // The next page of a list. That it was asked before in this generation means that the API leads
  // in a circle; the list is then provably short. Not kept: it matters when it is discovered.
  bool next_page = false;

  auto operator<=>(const Request&) const = default;
};

// "POST /v1/search {...}": how a request is named for people, and what its key is made of.
std::string RequestText(const Request& request);
// The cache key. Revision and context are not part of it.
Hash128 RequestKey(const Request& request);

// How a document hangs in the tree. A path holds the names of the ancestors, so a document is
// settled (its path is known) when its parent is, or once discovery has ended.
enum class Place {
  kTop,         // at the top: a workspace page, or one whose parent no one can see
  kUnder,       // under `parent`, which is a document
  kUnresolved,  // under something that is not a document (`parent` holds its id, e.g. a block)
                // until a walk claims it
  kUnchanged,   // this update does not say
};

// How the rows of a collection outlive a run (dlt's write_disposition).
enum class Disposition {
  kReplace,  // what the last complete listing did not give goes
  kMerge,    // rows stay; one with the same key takes the place of the old
  kAppend,   // rows stay; every one that comes is new, but for keys that are there already
};

// A document that owns rows: a resource of a REST API, a section of a Trakt account. Its rows are
// kept in the state, and outputs are made from them. storage/collections.h has the rules.
struct CollectionSpec {
  Disposition disposition = Disposition::kReplace;
  // What a row that comes again does to the order. kFirstSeen: it stays where it was, so that files
  // grow at the end. kAsGiven: its position is a sort key, and the newest one counts.
  enum class Order { kFirstSeen, kAsGiven } order = Order::kFirstSeen;
  // Of what is asked for; when it changes, the rows and the cursor are forgotten.
  Revision definition;
};

// What one answer adds to the collection of Request::document.
struct RowBatch {
  RowSpool rows;
  std::string cursor;  // the highest value of the incremental cursor among them (see
                       // storage/base/cursor_order.h); empty: none
  // The proof that a list is whole: where the API declares how many it has, all answers of `list`
  // together must have given so many. Rows count as the API gave them, before filters and repeats.
  std::string list;  // names the list among those of the collection
  std::optional<std::int64_t> declared;
  std::int64_t given = 0;
};

// What a response said about one document.
struct DocumentUpdate {
  DocumentId id;
  std::string kind;  // "page", "database"; the source's words
  Place place = Place::kUnchanged;
  DocumentId parent;      // see Place
  std::string title;      // for people and for link labels
  std::string name;       // one path segment without extension: "Title 0123...cdef"
  std::string extension;  // of the output file: ".md"; empty: the document has no file
  Revision revision;      // empty: unknown
  bool stable = true;     // false: so fresh that the same revision may still change; the
                          // content is fetched again next time
  std::string object;     // its JSON, kept for rendering; empty: this is a hint only (the walk
                          // saw a reference), and the object is asked for after the listing
  bool object_is_packed = false;  // by Compress(): a long one, so that an answer that holds many
                                  // of them takes little until its commit
  bool optional = false;          // of a hint: a reference that may well lead nowhere (a mention);
                                  // when it does, that is no failure
  bool part_of_parent = false;    // its object is shown in the parent's output (a table's row)
  std::vector<DocumentId> aliases;   // other ids by which it is mentioned
  std::vector<DocumentId> mentions;  // documents whose path or name it will show because of its own
                                     // object (its properties), whichever request brought that
  std::vector<Request> content;      // what fetches its content; dropped when nothing changed
  // Documents that must be done before this one is: the collections that its output is made from,
  // or whose rows lead to its requests. When one of them fails, so does this; when the rows of one
  // change, the output is made again. They must be known before it.
  std::vector<DocumentId> needs;
  std::optional<CollectionSpec> collection;  // it owns rows
};

// What opens a new generation.
struct Opening {
  std::vector<DocumentUpdate> documents;
  std::vector<Request> requests;
};

// What is known when a new generation begins.
struct LastRun {
  std::int64_t generation = 0;  // the number of the one that begins
  WallMs now_ms = 0;
  struct Collection {
    Revision definition;
    std::string cursor;  // where its last complete listing ended; empty: nowhere
    std::int64_t rows = 0;
  };
  // nullopt: unknown, or to be ignored (--full).
  std::function<std::optional<Collection>(const DocumentId&)> find;
  struct Document {
    Revision revision;
    bool done = false;  // what was made of that revision is durable
  };
  std::function<std::optional<Document>(const DocumentId&)> find_document;
};

// A response kept for rendering and for the next run.
struct StoredResponse {
  enum class Encoding {
    kPlain,
    kZstd,  // on its way to the cache: packed where the body was read, so that the commit thread
            // need not, and what waits for its commit is small
  };

  int status = 200;  // other than 2xx: a negative entry (known absence)
  Revision revision;
  Body body;
  Encoding encoding = Encoding::kPlain;  // of what was read from the cache: always plain
  std::string etag;                      // validators as the server gave them; empty: none
  std::string last_modified;
  WallMs fetched_ms = 0;  // when it was fetched or last confirmed; set when it is stored

  bool negative() const { return status / 100 != 2; }
};

// One line of the report: something that has no faithful form, or that the user should know.
struct Note {
  DocumentId document;
  std::string kind;  // "unsupported", "truncated", ...
  std::string text;  // names the thing and what became of it

  auto operator<=>(const Note&) const = default;
};

// A rendered output, ready to be moved to its place.
struct OutputFile {
  std::string path;     // relative to the output folder, '/' between segments
  std::string content;  // the bytes, when they are few
  std::string staged;   // else: path of the finished file in the staging folder
  std::int64_t bytes = 0;
  std::string sha256;         // lower-case hex
  std::int64_t mtime_ns = 0;  // set when it has been published
  DocumentId source;          // whose it is; set when it is committed
};

// Why an item did not succeed, without secrets.
struct Failure {
  Code code = Code::kTransient;
  int http_status = 0;  // 0: no answer
  std::string message;
};

// One row of the frontier, loaded for work.
struct FrontierItem {
  Seq seq{};
  ItemKind kind = ItemKind::kRequest;
  int attempt = 1;         // 1-based: the attempt that is about to be made
  Request request;         // kind == kRequest
  DocumentId document;     // kind == kDocument
  std::int64_t epoch = 0;  // of the document when it was loaded; see storage/README.md
};

// What became of one item. Everything in it is committed in one transaction, or none of it.
struct CommitRecord {
  enum class Verdict {
    kDone,    // leave the frontier
    kRetry,   // stay, not before `not_before_ms`, as attempt `next_attempt`
    kFailed,  // stay as failed; shown in v_failures, run again by `sluice retry`
    kReopen,  // a document whose stored responses are gone: `requests` fetch them again, and the
              // document becomes ready when they are done
    kReturn,  // untouched: give it back (the run is stopping)
  };

  FrontierItem item;
  Verdict verdict = Verdict::kDone;
  std::optional<Failure> failure;
  WallMs not_before_ms = 0;
  int next_attempt = 1;

  std::vector<Request> requests;           // discovered
  std::vector<DocumentUpdate> documents;   // discovered or updated
  std::vector<DocumentId> mentions;        // documents whose path the item's document will show
  std::optional<RowBatch> rows;            // for the collection of the request's document
  std::optional<StoredResponse> response;  // of a request, when it is to be kept
  std::vector<OutputFile> outputs;         // of a document
  Revision revision;                       // of a document: what the outputs show
  std::vector<Note> notes;
  std::string shortfall;   // why the listing is provably short; empty: it is not
  bool cache_hit = false;  // the response came from the cache
  bool confirmed = false;  // the server said 304: `response` is what was stored
};

// A document as readers see it.
struct DocumentRow {
  DocumentId id;
  std::string kind;
  DocumentId parent;
  std::string title;
  std::string path;  // of its output file; empty: not settled, unreachable or without file
  std::string extension;
  Revision revision;
  bool known = false;     // its object is stored
  bool optional = false;  // every hint that led to it was optional (see DocumentUpdate)
};

}  // namespace sluice
