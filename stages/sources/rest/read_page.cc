#include "stages/sources/rest/read_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "stages/json/json_path.h"
#include "stages/sources/rest/children.h"
#include "stages/sources/rest/detect_paginator.h"
#include "stages/sources/rest/incremental.h"
#include "stages/sources/rest/json_edit.h"
#include "stages/sources/rest/judge.h"
#include "stages/sources/rest/page_records.h"
#include "stages/sources/rest/paginate.h"
#include "stages/sources/rest/positions.h"
#include "stages/sources/rest/row_key.h"
#include "stages/sources/rest/select.h"
#include "stages/sources/rest/split.h"
#include "stages/sources/rest/stated_error.h"
#include "storage/base/cursor_order.h"
#include "storage/base/hash.h"

namespace sluice::rest {
namespace {

constexpr int kNoContent = 204;

// The one JSON text whose beginning is JSON, too, is a number: cut, 123 becomes 12. It is whole
// where the wire says where it ends.
bool MayBeCut(const JsonValue& body, const AnswerView& answer) {
  return body.type() == JsonValue::Type::kNumber && answer.Header("Content-Length") == nullptr &&
         answer.Header("Transfer-Encoding") == nullptr;
}

// An answer whose status is no success, or that was recognised by what it holds.
bool IsAboutContent(const ResponseFilter& rule, const AnswerView& answer) {
  return answer.status / 100 != 2 || !rule.error_message_contains.empty() || !rule.header.empty();
}

Bounds BoundsIn(const ListContext& context, const std::string& resource) {
  const auto known = context.bounds.find(resource);
  return known == context.bounds.end() ? Bounds{} : known->second;
}

class PageReader {
 public:
  PageReader(const Plan& plan, const PlannedResource& resource, const Request& request,
             const AnswerView& answer, const ResponseFilter* success, ListContext context)
      : plan_(plan),
        resource_(resource),
        spec_(resource.spec),
        request_(request),
        answer_(answer),
        may_lack_list_(success != nullptr),
        may_hold_error_(success != nullptr && IsAboutContent(*success, answer)),
        context_(std::move(context)),
        incremental_(spec_.incremental),
        bounds_(BoundsIn(context_, spec_.name)) {
    batch_.rows = RowSpool(answer.spill);
    // What lies at the seam of two parts has to come twice.
    if (context_.part > 0) incremental_.start_is_open = false;
  }

  Result<Reading> Read();

 private:
  struct Child {
    ChildLists lists;
    bool asked = false;
    std::int64_t skipped = 0;
  };

  bool IsFirst() const { return context_.number() == 0; }
  bool IsSingleEntity() const;
  Status Select();
  Status CheckFound(Found found, const JsonPathText& selector);
  bool SaysEmpty() const;
  tl::unexpected<Error> NoPage(const JsonPathText& selector, std::string_view leads) const;
  tl::unexpected<Error> HoldsError(const StatedError& error) const;
  std::optional<StatedError> ErrorInBody() const;
  void FindPaginator();
  std::optional<JsonValue> Content() const {
    return has_content_ ? std::optional(records_.root()) : std::nullopt;
  }
  PageAnswer Page() const {
    return {.request = request_,
            .answer = answer_,
            .body = Content(),
            .given = static_cast<std::int64_t>(records_.size())};
  }
  Paging PagingOf() const;
  Result<bool> RepeatsItself();
  Status AddRows();
  Status AddRow(const JsonValue& record, std::uint32_t index);
  Status AddChildren(const ParentRow& row);
  Status GoOn();
  Status AddNextPart();
  void AddNextPage(NextPage page);
  void AddNote(std::string kind, std::string_view text);
  void SetShortfall(std::string_view why);
  std::string PageName() const {
    return fmt::format("{}, page {} of {}", spec_.name, context_.number() + 1, context_.name);
  }
  tl::unexpected<Error> Wrong(const Error& error) const {
    return Fail(error.code, fmt::format("{}: {}", PageName(), error.message));
  }

  tl::unexpected<Error> WrongRecord(std::uint32_t index, const Error& error) const {
    return Fail(error.code, fmt::format("{}: record {} {}", PageName(), index + 1, error.message));
  }

  const Plan& plan_;
  const PlannedResource& resource_;
  const Resource& spec_;
  const Request& request_;
  const AnswerView& answer_;
  const bool may_lack_list_;
  const bool may_hold_error_;
  ListContext context_;  // of this page; becomes that of the next
  Incremental incremental_;
  const Bounds bounds_;
  bool has_content_ = false;
  PageRecords records_;
  std::vector<Child> children_;
  Paginator paginator_;
  RowBatch batch_;
  Reading reading_;
};

Result<Reading> PageReader::Read() {
  if (answer_.status != kNoContent) {
    auto records = PageRecords::Parse(answer_.body);
    if (!records) return Wrong(records.error());
    records_ = std::move(*records);
    has_content_ = true;
    if (MayBeCut(records_.root(), answer_)) {
      return Wrong({Code::kTransient,
                    "the answer is a bare number without a Content-Length, of "
                    "which a part may be missing"});
    }
    if (auto selected = Select(); !selected) return Wrong(selected.error());
  }
  FindPaginator();
  for (const std::size_t index : resource_.children) {
    children_.push_back({.lists = ChildLists(plan_, resource_, plan_.resources[index])});
  }
  batch_.list = context_.name;
  batch_.cursor = GoesOn(spec_) ? "" : context_.parent_cursor;
  const auto repeats = RepeatsItself();
  if (!repeats) return Wrong(repeats.error());
  if (!*repeats) {
    batch_.given = static_cast<std::int64_t>(records_.size());
    if (auto rows = AddRows(); !rows) return Fail(rows.error());
    if (auto next = GoOn(); !next) return Fail(next.error());
  }
  for (const Child& child : children_) {
    if (child.skipped == 0) continue;
    AddNote("skipped", fmt::format("{} records of {} have no value for a placeholder of {}, which "
                                   "is not asked for",
                                   child.skipped, context_.name, child.lists.child().spec.name));
  }
  reading_.rows = std::move(batch_);
  return std::move(reading_);
}

// "posts/{resources.posts.id}": one thing, which has no pages.
bool PageReader::IsSingleEntity() const {
  return !spec_.parent.empty() && spec_.path.ends_with('}') &&
         spec_.paginator.type == Paginator::Type::kAuto;
}

Status PageReader::Select() {
  const JsonValue body = records_.root();
  std::optional<JsonPathText> selector = spec_.data_selector;
  if (!selector) selector = context_.selector;
  if (!selector && IsSingleEntity()) selector = "$";
  if (!selector) {
    const auto error = ErrorInBody();
    if (error && !IsThing(body, spec_.primary_key)) return HoldsError(*error);
    auto detected = DetectSelector(body);
    if (!detected) return Fail(detected.error());
    selector = *detected;
    if (selector && IsFirst()) AddNote("detected", DescribeSelector(*selector, body));
  }
  if (!selector) return {};  // nothing but empty lists
  context_.selector = selector;
  const auto found = records_.Select(*selector);
  if (!found) return ErrorInBody() ? NoPage(*selector, "nowhere") : Fail(found.error());
  if (auto page = CheckFound(*found, *selector); !page) return page;
  if (context_.take > 0) records_.Limit(context_.take);
  return {};
}

// A page of a list, an empty one included, is told from an answer that is none.
Status PageReader::CheckFound(Found found, const JsonPathText& selector) {
  const JsonValue body = records_.root();
  const auto error = ErrorInBody();
  const bool about_record = records_.size() > 0 && IsThing(body, spec_.primary_key);
  switch (found) {
    case Found::kThing:
      if (context_.is_list) {
        return Fail(KindOfFailure(body),
                    fmt::format("data_selector '{}' leads to one object, and on the pages before "
                                "to a list; the answer holds {}",
                                selector, DescribeContent(body)));
      }
      [[fallthrough]];
    case Found::kList:
      if (error && !about_record) return HoldsError(*error);
      context_.is_list = found == Found::kList;
      return {};
    case Found::kNull:
      if (error || (HasComplaint(body) && !may_lack_list_)) return NoPage(selector, "to null");
      return {};
    case Found::kNothing:
      if (error || !SaysEmpty()) return NoPage(selector, "nowhere");
      AddNote("detected",
              fmt::format("there is no '{}' in an answer; it counts as an empty list", selector));
      return {};
  }
  return {};
}

std::optional<StatedError> PageReader::ErrorInBody() const {
  return may_hold_error_ ? std::nullopt : FindStatedError(records_.root());
}

// Without its list an answer may be an empty page: a rule declares it one, it counts no records, or
// it leads on to another page. That it ends a list is not taken from silence.
bool PageReader::SaysEmpty() const {
  if (may_lack_list_) return true;
  const JsonValue body = records_.root();
  if (HasComplaint(body)) return false;
  const Paginator& paginator = spec_.paginator.type == Paginator::Type::kAuto && context_.paginator
                                   ? *context_.paginator
                                   : spec_.paginator;
  return CountsNone(body, {paginator.total_path, paginator.record_total_path}) ||
         LeadsOn(paginator, Page(), PagingOf());
}

tl::unexpected<Error> PageReader::NoPage(const JsonPathText& selector,
                                         std::string_view leads) const {
  const JsonValue body = records_.root();
  std::string words = WordsOf(body);
  if (!words.empty()) {
    words.insert(0, " and says: ");
  } else if (!HasComplaint(body) && !ErrorInBody()) {
    words = "; where the API leaves an empty list out, say so with a rule whose action is success";
  }
  return Fail(KindOfFailure(body),
              fmt::format("data_selector '{}' leads {} in the answer, which holds {}{}", selector,
                          leads, DescribeContent(body), words));
}

tl::unexpected<Error> PageReader::HoldsError(const StatedError& error) const {
  return Fail(error.code,
              fmt::format("the answer holds an error ({}){}", DescribeContent(records_.root()),
                          error.words.empty() ? "" : " and says: " + error.words));
}

void PageReader::FindPaginator() {
  paginator_ = spec_.paginator;
  if (paginator_.type != Paginator::Type::kAuto) return;
  if (context_.paginator) {
    paginator_ = *context_.paginator;
    return;
  }
  if (IsSingleEntity()) {
    paginator_ = {.type = Paginator::Type::kSinglePage};
    return;
  }
  Detected detected = DetectPaginator(Page());
  paginator_ = detected.paginator;
  context_.paginator = std::move(detected.paginator);
  AddNote("detected", detected.why);
  if (detected.may_be_cut) {
    AddNote("maybe cut", fmt::format("{} records and no way on: if there are more, say with "
                                     "`paginator` how to ask for them",
                                     records_.size()));
  }
}

// A server that does not know the parameter by which we move on gives its first page for ever.
Result<bool> PageReader::RepeatsItself() {
  std::int64_t hash = 0;
  const Status read = records_.ForEach([&](const JsonValue& record, std::uint32_t) -> Status {
    hash = Checksum(fmt::format("{} {}", hash, Checksum(record.json())));
    return {};
  });
  if (!read) return Fail(read.error());
  const bool known = hash != 0 && (hash == context_.first_page || hash == context_.last_page);
  // Two records alike prove nothing where records have no key.
  const bool repeats = known && (records_.size() > 1 || !spec_.primary_key.empty());
  if (repeats) {
    SetShortfall(
        fmt::format("page {} holds the same records as one before it; the API leads in a "
                    "circle, or does not know the parameter that asks for a page",
                    context_.number() + 1));
  }
  if (context_.first_page == 0) context_.first_page = hash;
  context_.last_page = hash;
  return repeats;
}

Status PageReader::AddRows() {
  return records_.ForEach(
      [this](const JsonValue& record, std::uint32_t index) { return AddRow(record, index); });
}

Status PageReader::AddRow(const JsonValue& record, std::uint32_t index) {
  ParentRow row{.record = record,
                .position = RowPosition(context_.base, context_.number(), index),
                .cursor = context_.parent_cursor};
  if (IsIncremental(spec_)) {
    auto verdict = JudgeCursor(record, incremental_, bounds_);
    if (!verdict) return WrongRecord(index, verdict.error());
    if (IsSplit(spec_)) SeeCursor(context_, verdict->value);
    if (!verdict->wanted) return {};
    if (GoesOn(spec_)) {
      row.cursor = verdict->value;
      if (CursorLess(batch_.cursor, row.cursor)) batch_.cursor = row.cursor;
    }
  }
  if (!PassesFilters(record, spec_.filters)) return {};
  auto key = KeyOf(record, spec_.primary_key, context_.from_parent);
  if (!key) return WrongRecord(index, key.error());
  row.key = *key;
  if (spec_.selected) {
    const bool keeps = spec_.write_disposition != Disposition::kReplace;
    std::string position;
    if (keeps) AppendNumber(position, static_cast<std::uint32_t>(context_.generation));
    if (key->empty() && spec_.write_disposition == Disposition::kReplace) {
      *key = "@" + context_.key_base + ":" + ToHex(RowPosition("", context_.number(), index));
    }
    batch_.rows.Add(
        {.key = std::move(*key),
         .position = position + row.position,
         .body = record.is_object() ? WithMembers(record, context_.from_parent) : record.json()});
  }
  return AddChildren(row);
}

Status PageReader::AddChildren(const ParentRow& row) {
  for (Child& child : children_) {
    auto requests = child.lists.RequestsFor(row, context_, IsFirst() && !child.asked);
    if (!requests) return Fail(requests.error());
    if (!*requests) {
      ++child.skipped;
      continue;
    }
    child.asked = true;
    for (Request& request : **requests) reading_.requests.push_back(std::move(request));
  }
  return {};
}

Paging PageReader::PagingOf() const {
  Paging paging{.base_url = plan_.spec.base_url, .one_by_one = IsSplit(spec_)};
  for (const NamedValue& param : plan_.spec.query) paging.hidden.push_back(param.name);
  return paging;
}

Status PageReader::GoOn() {
  auto turn = NextPages(paginator_, context_, Page(), PagingOf());
  if (!turn) return Wrong(turn.error());
  if (!turn->shortfall.empty()) SetShortfall(turn->shortfall);
  if (turn->places) context_.places = turn->places;
  // What the first page declares is compared with what all pages give.
  if (context_.at == 0 && turn->declared) {
    context_.declared = turn->declared;
    if (IsSplit(spec_))
      *context_.declared = std::min(*context_.declared, spec_.incremental.split_limit);
  }
  batch_.declared = context_.declared;
  context_.part_given += batch_.given;
  if (IsSplit(spec_) && context_.part_given >= spec_.incremental.split_limit) return AddNextPart();
  context_.empty_pages = batch_.given == 0 ? context_.empty_pages + 1 : 0;
  for (NextPage& page : turn->pages) AddNextPage(std::move(page));
  return {};
}

Status PageReader::AddNextPart() {
  auto next = BeginNextPart(plan_, resource_, context_, static_cast<std::uint32_t>(batch_.given));
  if (!next) return Fail(next.error());
  if (!next->shortfall.empty()) reading_.shortfall = std::move(next->shortfall);
  if (next->request) reading_.requests.push_back(std::move(*next->request));
  return {};
}

void PageReader::AddNextPage(NextPage page) {
  Request next = request_;
  next.target = std::move(page.target);
  next.body = std::move(page.body);
  next.next_page = true;
  context_.at = page.at;
  context_.step = page.step;
  context_.take = page.take;
  context_.reveals = page.reveals;
  next.context = EncodeContext(context_);
  reading_.requests.push_back(std::move(next));
}

// Once for a resource, by its first list. Not the document's: its notes stay until its definition
// changes, and this is said by every generation.
void PageReader::AddNote(std::string kind, std::string_view text) {
  if (kind != "skipped" && !context_.first_list) return;
  reading_.notes.push_back(
      {.kind = std::move(kind), .text = fmt::format("{}: {}", spec_.name, text)});
}

void PageReader::SetShortfall(std::string_view why) {
  reading_.shortfall = fmt::format("{}, {}: {}", spec_.name, context_.name, why);
}

}  // namespace

Result<Reading> ReadPage(const Plan& plan, const PlannedResource& resource, const Request& request,
                         const AnswerView& answer, const ResponseFilter* success) {
  auto context = DecodeContext(request.context);
  if (!context) return Fail(context.error());
  return PageReader(plan, resource, request, answer, success, std::move(*context)).Read();
}

}  // namespace sluice::rest
