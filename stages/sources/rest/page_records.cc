#include "stages/sources/rest/page_records.h"

#include <limits>
#include <utility>

namespace sluice::rest {

Result<PageRecords> PageRecords::Parse(BodyView body) {
  auto json = WindowedJson::Parse(body);
  if (!json) return Fail(json.error());
  PageRecords records;
  records.json_ = std::move(*json);
  return records;
}

Result<Found> PageRecords::Select(const JsonPathText& selector) {
  if (json_->list_path() != nullptr) {
    const auto path = JsonPath::Parse(selector);
    if (!path) return Fail(path.error());
    in_list_ = path->Below(*json_->list_path());
    if (in_list_ && in_list_->empty()) {
      size_ = json_->list_size();
      return Found::kList;
    }
    if (in_list_) {
      size_ = std::numeric_limits<std::size_t>::max();
      std::size_t count = 0;
      const Status counted = ForEach([&](const JsonValue&, std::uint32_t) -> Status {
        ++count;
        return {};
      });
      if (!counted) return Fail(counted.error());
      size_ = count;
      return Found::kList;
    }
    // The records are not in the longest list, so all else has to be there.
    if (auto whole = json_->MakeWhole(); !whole) return Fail(whole.error());
  }
  auto selection = SelectRecords(root(), selector);
  if (!selection) return Fail(selection.error());
  records_ = std::move(selection->records);
  size_ = records_.size();
  return selection->found;
}

Status PageRecords::ForEach(const Use& use) const {
  if (in_list_) return ForEachInList(use);
  for (std::uint32_t index = 0; index < size_; ++index) {
    if (auto used = use(records_[index], index); !used) return used;
  }
  return {};
}

Status PageRecords::ForEachInList(const Use& use) const {
  std::uint32_t index = 0;
  return json_->ForEachInList([&](const JsonValue& element) -> Status {
    for (const JsonValue& record : in_list_->FindAll(element)) {
      if (index >= size_) return {};
      if (auto used = use(record, index++); !used) return used;
    }
    return {};
  });
}

}  // namespace sluice::rest
