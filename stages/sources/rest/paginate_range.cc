#include "stages/sources/rest/paginate_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "stages/json/json_path.h"
#include "stages/sources/rest/json_edit.h"
#include "stages/sources/rest/url.h"

namespace sluice::rest {
namespace {

// Beyond this a list is counted by a server that never ends it.
constexpr std::int64_t kAtMax = std::numeric_limits<std::uint32_t>::max() / 2;

// Puts a number where the API wants it: in the query, or in the body where a path is given.
Status Place(std::string& target, std::string& body, const std::string& param,
             const std::string& body_path, std::int64_t value) {
  if (body_path.empty()) {
    target = WithParam(target, param, std::to_string(value));
    return {};
  }
  auto changed = SetInJson(body, body_path, std::to_string(value));
  if (!changed) return Fail(changed.error());
  body = std::move(*changed);
  return {};
}

class Range {
 public:
  Range(const Paginator& paginator, const ListContext& context, const PageAnswer& page,
        const Paging& paging)
      : paginator_(paginator), context_(context), page_(page), paging_(paging) {}

  Result<Turn> Next();

 private:
  bool by_offset() const { return paginator_.type == Paginator::Type::kOffset; }
  // How many places the list has, as the API says or has said; counted from where it was begun.
  std::optional<std::int64_t> Total() const;
  // One past the last place that is wanted; nullopt: unknown.
  std::optional<std::int64_t> End() const;
  std::int64_t StepOf() const;
  bool EndsEmpty();
  Status Fill();
  Status Reveal(std::int64_t end);
  Status Add(std::int64_t at, std::int64_t limit, NextPage how);

  const Paginator& paginator_;
  const ListContext& context_;
  const PageAnswer& page_;
  const Paging& paging_;
  Turn turn_;
};

std::optional<std::int64_t> Range::Total() const {
  auto total = CountAt(page_, paginator_.total_path, by_offset() ? "" : paginator_.total_header);
  if (total && by_offset()) *total -= paginator_.offset;
  return std::max(total, context_.places);
}

std::optional<std::int64_t> Range::End() const {
  std::optional<std::int64_t> end = Total();
  const std::int64_t bound = by_offset() ? paginator_.maximum_offset : paginator_.maximum_page;
  const std::int64_t begin = by_offset() ? paginator_.offset : paginator_.base_page;
  if (bound > 0) end = std::min(end.value_or(bound - begin), bound - begin);
  return end;
}

// How far one page leads.
std::int64_t Range::StepOf() const {
  if (!by_offset()) return 1;
  return std::max<std::int64_t>(context_.step > 0 ? context_.step : page_.given, 1);
}

Result<Turn> Range::Next() {
  const auto more = HasMore(paginator_, page_);
  if (!more) return Fail(more.error());
  const bool ended = *more && !**more;
  turn_.places = Total();
  if (page_.given == 0 && (ended || EndsEmpty())) return std::move(turn_);
  if (auto filled = Fill(); !filled) return Fail(filled.error());
  const std::int64_t next = context_.at + StepOf();
  const auto end = End();
  if (!context_.reveals || ended || (end && next >= *end)) return std::move(turn_);
  if (next > kAtMax) return Fail(Code::kInvalid, "the list has no end");
  const bool side_by_side = Total() && !paging_.one_by_one && page_.given > 0;
  const Status revealed = Reveal(side_by_side ? *end : next + 1);
  if (!revealed) return Fail(revealed.error());
  return std::move(turn_);
}

// Whether an empty page is the end, or as far as one gets.
bool Range::EndsEmpty() {
  const auto total = Total();
  if (total && context_.at + (by_offset() ? 0 : 1) < *total) {
    turn_.shortfall =
        by_offset()
            ? fmt::format(
                  "there is nothing at offset {}, and the API says that there are {} records",
                  paginator_.offset + context_.at, paginator_.offset + *total)
            : fmt::format("page {} is empty, and the API says that there are {} pages",
                          paginator_.base_page + context_.at, *total);
    return true;
  }
  if (paginator_.stop_after_empty_page.value_or(true)) return true;
  if (!by_offset() && context_.empty_pages + 1 < kEmptyPagesMax) return false;
  turn_.shortfall = "there are only empty pages, and the API does not say that the list has ended";
  return true;
}

// Of pages that are asked for side by side, one that is too short leaves a gap before the next.
Status Range::Fill() {
  if (!by_offset() || context_.step == 0) return {};
  const std::int64_t whole = context_.take > 0 ? context_.take : context_.step;
  auto end = static_cast<std::int64_t>(context_.at) + whole;
  if (const auto total = Total()) end = std::min(end, *total);
  const std::int64_t next = context_.at + page_.given;
  if (next >= end) return {};
  const auto missing = static_cast<std::uint32_t>(end - next);
  return Add(next, missing, {.step = missing, .take = missing, .reveals = false});
}

// The pages from the next one to `end`, or as many as may be asked for ahead.
Status Range::Reveal(std::int64_t end) {
  const std::int64_t step = StepOf();
  const std::int64_t first = context_.at + step;
  end = std::min(end, kAtMax);
  const bool alone = first + 1 >= end;  // asked for one by one, or the last
  const auto ahead = static_cast<std::uint32_t>(by_offset() && !alone ? step : 0);
  std::int64_t at = first;
  for (std::uint32_t i = 0; i < kPagesAhead && at < end; ++i, at += step) {
    const bool last = i + 1 == kPagesAhead || at + step >= end;
    const std::int64_t limit = paginator_.limit;
    if (auto added = Add(at, limit, {.step = ahead, .take = ahead, .reveals = last}); !added) {
      return added;
    }
  }
  return {};
}

Status Range::Add(std::int64_t at, std::int64_t limit, NextPage how) {
  how.target = page_.request.target;
  how.body = page_.request.body;
  how.at = static_cast<std::uint32_t>(at);
  Status status;
  if (by_offset()) {
    status = Place(how.target, how.body, paginator_.offset_param, paginator_.offset_body_path,
                   paginator_.offset + at);
    if (status) {
      status =
          Place(how.target, how.body, paginator_.limit_param, paginator_.limit_body_path, limit);
    }
  } else {
    status = Place(how.target, how.body, paginator_.page_param, paginator_.page_body_path,
                   paginator_.base_page + at);
  }
  if (status) turn_.pages.push_back(std::move(how));
  return status;
}

}  // namespace

Status BeginRange(const Paginator& paginator, Request& request) {
  if (paginator.type == Paginator::Type::kPageNumber) {
    return Place(request.target, request.body, paginator.page_param, paginator.page_body_path,
                 paginator.base_page);
  }
  auto status = Place(request.target, request.body, paginator.offset_param,
                      paginator.offset_body_path, paginator.offset);
  if (!status) return status;
  return Place(request.target, request.body, paginator.limit_param, paginator.limit_body_path,
               paginator.limit);
}

Result<Turn> NextInRange(const Paginator& paginator, const ListContext& context,
                         const PageAnswer& page, const Paging& paging) {
  return Range(paginator, context, page, paging).Next();
}

std::optional<std::int64_t> CountAt(const PageAnswer& page, const JsonPathText& path,
                                    const std::string& header) {
  if (!header.empty()) {
    const std::string* found = page.answer.Header(header);
    if (found != nullptr) return AsCount(*found);
  }
  if (path.empty() || !page.body) return std::nullopt;
  const auto parsed = JsonPath::Parse(path);
  const auto found = parsed ? parsed->Find(*page.body) : std::nullopt;
  return found ? AsCount(found->text()) : std::nullopt;
}

Result<std::optional<bool>> HasMore(const Paginator& paginator, const PageAnswer& page) {
  if (paginator.has_more_path.empty() || !page.body) return std::optional<bool>();
  const auto parsed = JsonPath::Parse(paginator.has_more_path);
  const auto found = parsed ? parsed->Find(*page.body) : std::nullopt;
  const std::string text(found ? found->text() : "");
  if (text == "true" || text == "True" || text == "1") return std::optional(true);
  if (text == "false" || text == "False" || text == "0") return std::optional(false);
  return Fail(Code::kInvalid, fmt::format("the answer does not say at '{}' whether there is more",
                                          paginator.has_more_path));
}

}  // namespace sluice::rest
