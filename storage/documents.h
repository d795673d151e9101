// Documents: everything that has a place in the export or is named in it, and the rules by which a
// document becomes ready to be rendered. The rules are the heart of resume and of incremental runs;
// storage/README.md tells them as a story.
//
//   unlisted -> asked -> open -> waiting -> ready -> done
//                  \-> missing      \-> failed
//
//   unlisted  referred to; no listing gave it yet
//   asked     requests of its own are under way to learn what it is
//   open      known; requests for its content are open
//   waiting   complete, but it shows the path of something that is not settled, or it is a table
//             and requests of its rows are open, or a document that it needs is not done
//   ready     in the frontier, to be rendered
//   done      its output is durable
//   failed    a request of its own gave up; what was exported before stays
//   missing   it leads nowhere: deleted, or not shown to us
//
// A document is settled when its path is known: its parent is settled, or discovery has ended and
// the parent is out of reach. When path or title of a document changes, every document that
// mentions it is rendered again, from stored responses.
//
// Not thread-safe: the commit thread's, inside its transaction. Throws SQLite::Exception.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/collections.h"
#include "storage/database.h"
#include "storage/frontier.h"
#include "storage/records.h"

namespace sluice {

class Documents {
 public:
  // Asked of a document that has not changed: does its output still lie there as it was left?
  using Intact = std::function<bool(const DocumentId&)>;

  // How far a new generation may trust the last one.
  enum class Trust {
    kRevisions,  // equal revision: nothing is fetched, nothing is rendered
    kResponses,  // walk everything again, over stored responses (the job has changed)
    kNothing,    // ignore revisions: fetch everything again
  };

  struct LeftOut {
    std::int64_t count = 0;
    std::string first;  // the title of one of them; empty: it has none
  };

  // Told why a list of a collection is provably short.
  using Shortfall = std::function<void(const std::string&)>;

  Documents(Database& database, Frontier& frontier, Collections& collections, Intact intact,
            Shortfall shortfall);

  // REQUIRES: called before anything else, at the start of every run.
  void Begin(std::int64_t generation, Trust trust);
  // The generation that is there ends, finished or not, and its frontier is gone: nothing waits for
  // a request any more, and whatever is not done is where the next listing expects it. What is
  // known is open, without requests of its own; what is not is unlisted, and asked for once more
  // when that listing has ended without it. What is ready counts as done on demand, for a run that
  // renders and lists nothing.
  enum class Ready { kOpen, kDone };
  void EndGeneration(Ready ready);
  // Is rendering all that is left to do?
  bool OnlyRenderingIsLeft();

  // What the response that told of a document was.
  enum class SeenIn { kListing, kElsewhere };
  void Update(const DocumentUpdate& update, SeenIn seen_in);
  void AddMentions(const DocumentId& document, const std::vector<DocumentId>& targets);
  // Adds a discovered request, and counts it among those its document waits for. False: it was
  // asked before in this generation.
  bool AddRequest(const Request& request, Frontier::Repeat repeat);

  // Adds what an answer gave to the collection of `document`.
  void AddRows(const DocumentId& document, const RowBatch& batch);

  // A request of `document` is done, or has given up.
  void RequestDone(const DocumentId& document);
  void RequestFailed(const DocumentId& document);
  // A refusal that is no failure: the document was only mentioned, or had vanished from the
  // listing, and the request was to find out whether it is there.
  bool MayLeadNowhere(const DocumentId& document, const Failure& failure);
  // The failed requests of `documents` are queued again (one entry a request).
  void RequestsRequeued(const std::vector<DocumentId>& documents);

  // Its output is durable. Rendered at an older epoch, it becomes ready again.
  void Rendered(const DocumentId& document, std::int64_t epoch);
  // Rendering failed for good.
  void RenderFailed(const DocumentId& document);
  // Its stored responses are gone; `requests` fetch them again.
  void Reopen(const DocumentId& document, const std::vector<Request>& requests);

  // Every document that has been exported, or whose rendering failed, becomes ready again, where
  // all that it is made from is there: none of its requests failed, and the collections that it
  // needs are done.
  void RenderAll();
  // Documents with an output that is not up to date and will not be made as things are.
  LeftOut CountLeftOut();

  // A file of it is not as it was left: it is made again. False: it is not finished anyway.
  bool OutputLost(const DocumentId& document);

  std::int64_t Epoch(const DocumentId& document);
  // The document as it was left; nullopt: not known.
  std::optional<LastRun::Document> Left(const DocumentId& document);
  // The collection was forgotten: it is open until the next generation lists it, and so are the
  // outputs that are made from it. Nothing of them is trusted; what was exported before stays.
  void Reset(const DocumentId& collection);

  // Documents that no listing gave, at most `limit`; they count as asked from now on.
  std::vector<DocumentRow> TakeUnlisted(int limit);
  // `requests` find out what an asked document is; none of them: it leads nowhere.
  void Ask(const DocumentId& document, const std::vector<Request>& requests);
  // Documents that the last listing gave and that of this generation did not. Call when it is over.
  std::int64_t CountVanished();
  std::int64_t CountKnown();
  // Every document that this generation has not seen is asked for once before it counts as deleted.
  // False: there is none.
  enum class Unseen { kAll, kNeverListed };
  bool AskForUnseen(Unseen which);
  // Discovery has ended: what is unsettled settles where it is, and whoever waited is ready. Does a
  // bounded part of that; false: nothing was left. Each part may be a transaction of its own, since
  // a run that is resumed in between begins at the same place.
  bool SettleRest();

 private:
  struct Row;

  std::optional<Row> Find(const DocumentId& id);
  std::optional<Row> FindByAlias(const DocumentId& id);
  Row InsertRow(const DocumentUpdate& update);
  void Save(const Row& row);
  // Saves state, counts and epoch only; the other columns stand in three more indexes.
  void SaveProgress(const Row& row);

  void UpdateHint(const DocumentUpdate& update);
  void UpdateKnown(const DocumentUpdate& update, SeenIn seen_in);
  bool ContentChanged(const Row& row, const Revision& revision, bool first) const;
  void SetPlace(Row& row, const DocumentUpdate& update);
  void StoreObject(const Row& row, const DocumentUpdate& update);
  bool ObjectIntact(const Row& row);
  void AddAliases(Row& row, const DocumentUpdate& update);

  void Completed(Row& row);
  struct Needs {
    std::int64_t open = 0;
    std::int64_t failed = 0;
  };
  Needs CountNeeds(const std::string& id);
  // False: a list of it was short.
  bool CollectionDone(const Row& row);
  void RecheckNeeding(const std::string& id);
  void RowsChanged(const std::string& id);
  std::vector<std::string> NeedingOf(const std::string& id);
  void BecomeReady(Row& row);
  void BecomeMissing(Row& row);
  void MarkStale(const std::string& id);
  void OneLessFor(const std::string& id);
  void PartRequeued(const std::string& table);

  void Settle(Row& row);
  std::optional<std::string> StemOf(Row& row, bool& settled);
  void SettleTree(std::string id);
  void NotifyMentioning(const Row& row, bool newly_settled);
  bool NotifyMentioning(const std::string& name, std::string& last);
  std::vector<std::string> NamesOf(const std::string& id);
  std::int64_t CountUnsettledMentions(const std::string& id);
  std::int64_t CountOpenParts(const std::string& id);
  std::vector<std::string> Ids(const char* sql);
  bool AskForUnfinished();

  std::int64_t generation_ = 0;
  Trust trust_ = Trust::kRevisions;
  bool discovery_ended_ = false;
  Intact intact_;
  Shortfall shortfall_;

  Database& database_;
  Frontier& frontier_;
  Collections& collections_;
  Statement find_;
  Statement find_by_alias_;
  Statement insert_;
  Statement save_;
  Statement save_progress_;
  Statement erase_;
  Statement get_object_;
  Statement put_object_;
  Statement erase_object_;
  Statement add_alias_;
  Statement names_;
  Statement children_;
  Statement add_mention_;
  Statement clear_mentions_;
  Statement clear_notes_;
  Statement count_unsettled_;
  Statement count_open_parts_;
  Statement add_need_;
  Statement clear_needs_;
  Statement needing_;
  Statement count_needs_;
  Statement one_less_;
  Statement mentioning_;
};

}  // namespace sluice
