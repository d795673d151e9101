// Answers from recordings of a real workspace. Two layouts are read, and a folder may hold both:
//
// - a tree of bodies named after their request: api/pages/<id>.json, api/blocks/<id>.json,
//   api/blocks/<id>.children.json, api/databases/<id>.query.json, ... and api/search/*.json, which
//   together are what an unfiltered search finds;
// - exchanges.jsonl: one recorded exchange a line (method, uri, req_body, status, resp_headers,
//   body_file relative to the folder above).
//
// What was not recorded is answered as what is not shared: 404 object_not_found.
// Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/api.h"
#include "tests/sim/list_request.h"

namespace sluice::sim {

class ReplayApi : public NotionStyleApi {
 public:
  // Throws std::runtime_error when `folder` holds neither layout.
  explicit ReplayApi(const std::filesystem::path& folder);

  HttpResponse Answer(const HttpRequest& request, const ListFaults& faults) override;

 private:
  struct Exchange {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::filesystem::path body;  // empty: no body
  };
  // The recordings of one request, in order. The last one stays.
  struct Exchanges {
    std::vector<Exchange> recorded;
    std::size_t next = 0;
  };
  struct Item {
    std::string id;
    std::string object;
    std::string edited;  // last_edited_time
    std::string title;
    std::string json;
  };

  void LoadExchanges(const std::filesystem::path& file);
  void LoadTree(const std::filesystem::path& folder);
  void AddSearchResults(const std::filesystem::path& file);
  static std::vector<Item> ItemsOf(const std::string& body);

  std::optional<HttpResponse> FromExchanges(const HttpRequest& request);
  HttpResponse FromTree(const HttpRequest& request, const ListFaults& faults) const;
  HttpResponse Search(const HttpRequest& request, const ListFaults& faults) const;
  HttpResponse NotRecorded(const HttpRequest& request) const;
  // One page of `items`; `open_end` is a recorded cursor behind the last item that was recorded.
  static HttpResponse Page(const HttpRequest& request, const ListFaults& faults,
                           const ListRequest& list, const std::vector<Item>& items,
                           std::string_view type, std::string_view open_end);

  // Constant after construction.
  std::map<std::string, std::vector<std::filesystem::path>> tree_;  // by request, in list order
  std::vector<Item> found_by_search_;
  // Guarded by mutex_.
  std::mutex mutex_;
  std::map<std::string, Exchanges> exchanges_;
};

}  // namespace sluice::sim
