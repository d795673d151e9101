// Stored inputs in memory, so that a rendering test reads as a story.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/sources/source.h"

namespace sluice {

class StringSink final : public TextSink {
 public:
  void Write(std::string_view part) override { text += part; }
  void NextFile() override {
    files.push_back(std::move(text));
    text.clear();
  }
  Result<std::filesystem::path> OwnFile() override {
    return Fail(Code::kInvalid, "a file of its own is not what this sink is for");
  }
  std::string text;                // of the file that is being written
  std::vector<std::string> files;  // those before it
};

class FakeInputs final : public DocumentInputs {
 public:
  void AddResponse(const Request& request, std::string body, int status = 200) {
    responses_[RequestText(request)] = {.status = status, .body = std::move(body)};
  }
  void AddDocument(const DocumentRow& row, std::string object = {}) {
    rows_[row.id] = row;
    if (!object.empty()) objects_[row.id] = std::move(object);
  }
  void AddAlias(const DocumentId& alias, const DocumentId& id) { aliases_[alias] = id; }

  Result<StoredResponse> Response(const Request& request) override {
    const auto found = responses_.find(RequestText(request));
    if (found == responses_.end()) return Fail(Code::kNotFound, RequestText(request));
    return found->second;
  }
  Result<std::string> Object(const DocumentId& id) override {
    const auto found = objects_.find(id);
    if (found == objects_.end()) return Fail(Code::kNotFound, id.value);
    return found->second;
  }
  void AddRow(const DocumentId& collection, Row row) {
    collections_[collection][row.position] = std::move(row);
  }
  Status ForEachRow(const DocumentId& collection,
                    const std::function<bool(const Row&)>& use) override {
    for (const auto& [position, row] : collections_[collection]) {
      if (!use(row)) break;
    }
    return {};
  }
  std::optional<DocumentRow> Find(const DocumentId& id) override {
    const auto alias = aliases_.find(id);
    const auto found = rows_.find(alias == aliases_.end() ? id : alias->second);
    if (found == rows_.end()) return std::nullopt;
    return found->second;
  }
  Status ForEachChild(const DocumentId& parent, std::string_view kind,
                      const std::function<bool(const DocumentRow&)>& use) override {
    for (const auto& [id, row] : rows_) {
      if (row.parent == parent && row.kind == kind && !use(row)) break;
    }
    return {};
  }

 private:
  std::map<std::string, StoredResponse> responses_;
  std::map<DocumentId, std::string> objects_;
  std::map<DocumentId, DocumentRow> rows_;
  std::map<DocumentId, DocumentId> aliases_;
  std::map<DocumentId, std::map<std::string, Row>> collections_;
};

}  // namespace sluice
