// The read side of the Notion API over a generated workspace: routes, validation, pagination and
// errors as the API reference describes them and as recorded traffic shows them.
//
// Thread-safe: nothing changes after construction.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/api.h"
#include "tests/sim/list_request.h"
#include "tests/sim/notion_json.h"

namespace sluice::sim {

class NotionApi : public NotionStyleApi {
 public:
  // `forced` overrides the Notion-Version header of requests.
  NotionApi(const WorldOptions& options, std::optional<ApiVersion> forced);

  HttpResponse Answer(const HttpRequest& request, const ListFaults& faults) override;

 private:
  struct Call {
    const HttpRequest& request;
    const ListFaults& faults;
    ApiVersion version;
    std::vector<std::string_view> segments;  // of the path, behind /v1
  };
  enum class Step { kItem, kSkip, kEnd };
  // A list as numbered places, each of which holds an item or nothing.
  struct Source {
    std::string type;
    std::function<Step(std::uint32_t position)> at;
    std::function<void(JsonOut& out, std::uint32_t position)> write;
    std::uint32_t items_max = 0;  // the list ends there, incomplete; 0: no such limit
    std::string extra;            // further fields of the envelope, with a leading comma
  };

  HttpResponse Search(const Call& call) const;
  HttpResponse PageRoute(const Call& call) const;
  HttpResponse PropertyRoute(const Call& call, PageIndex page) const;
  HttpResponse BlockRoute(const Call& call) const;
  HttpResponse BlockChildren(const Call& call, const Ref& ref) const;
  HttpResponse DatabaseRoute(const Call& call) const;
  HttpResponse DataSourceRoute(const Call& call) const;
  HttpResponse Query(const Call& call, DatabaseIndex database) const;
  HttpResponse UserRoute(const Call& call) const;
  HttpResponse Comments(const Call& call) const;
  HttpResponse List(const Call& call, const ListRequest& list, const Source& source) const;
  HttpResponse InvalidUrl(const Call& call) const;
  HttpResponse Problem(const Call& call, const ListRequestOrProblem& parsed) const;

  // The id in the path, or the answer that refuses it.
  struct Target {
    std::optional<Ref> ref;
    HttpResponse refusal;
  };
  Target Resolve(const Call& call, std::string_view id, std::string_view what) const;
  bool Names(const Ref& ref) const;
  std::string Cursor(const ListRequest& list, std::uint32_t position, std::uint32_t given) const;

  World world_;
  Blocks blocks_;
  NotionJson json_;
  std::optional<ApiVersion> forced_;
};

// What is wrong with the credentials or the version header; nothing: go on.
std::optional<HttpResponse> CheckNotionHeaders(const HttpRequest& request);

}  // namespace sluice::sim
