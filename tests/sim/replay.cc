#include "tests/sim/replay.h"

#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/sim/json_out.h"
#include "tests/sim/notion_api.h"
#include "tests/sim/notion_ids.h"

namespace sluice::sim {
namespace {

namespace fs = std::filesystem;

std::string ReadWhole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read the recording " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Ids in one form (dashed, lower case), other segments as they are.
std::string NormalSegment(std::string_view segment) {
  if (!ParseUuid(segment)) return std::string(segment);
  std::string dashed;
  for (const char c : segment) {
    if (c == '-') continue;
    const auto size = dashed.size();
    if (size == 8 || size == 13 || size == 18 || size == 23) dashed += '-';
    dashed += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return dashed;
}

// "pages/<id>" of "/v1/pages/<id>", every id in one form.
std::string NormalPath(std::string_view path) {
  if (path.starts_with("/v1/")) path.remove_prefix(4);
  std::string normal;
  while (!path.empty()) {
    const auto slash = path.find('/');
    normal += (normal.empty() ? "" : "/") + NormalSegment(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return normal;
}

enum class Looseness {
  kExact,
  kAnyPageSize,
  kAnyOrder,  // and any sort; only the cursor, the filter and the query count
};

// What two requests must agree in to be the same. Bodies are compared as JSON.
std::string Key(std::string_view method, std::string_view target, const std::string& body,
                Looseness looseness) {
  const auto mark = target.find('?');
  std::string query = mark == std::string_view::npos ? "" : std::string(target.substr(mark + 1));
  std::set<std::string> parameters;
  std::istringstream parts(query);
  for (std::string part; std::getline(parts, part, '&');) {
    if (looseness != Looseness::kExact && part.starts_with("page_size=")) continue;
    if (!part.empty()) parameters.insert(part);
  }
  nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) json = nlohmann::json::object();
  std::erase_if(json.get_ref<nlohmann::json::object_t&>(), [&](const auto& field) {
    return field.second.is_null() ||
           (looseness != Looseness::kExact && field.first == "page_size") ||
           (looseness == Looseness::kAnyOrder && (field.first == "sort" || field.first == "sorts"));
  });
  std::string key = std::string(method) + " " + NormalPath(target.substr(0, mark));
  for (const std::string& parameter : parameters) key += " " + parameter;
  return key + " " + json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         std::to_string(static_cast<int>(looseness));
}

// The path and query of a recorded address, whatever its host.
std::string TargetOf(const std::string& uri) {
  const auto scheme = uri.find("://");
  const auto slash = uri.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  return slash == std::string::npos ? "/" : uri.substr(slash);
}

std::string StringOr(simdjson::simdjson_result<simdjson::dom::element> element) {
  std::string_view text;
  return element.get(text) ? std::string() : std::string(text);
}

std::string PlainTitle(simdjson::dom::element object) {
  simdjson::dom::array parts;
  if (object["title"].get(parts)) {
    simdjson::dom::object properties;
    if (object["properties"].get(properties)) return {};
    for (const auto& [name, property] : properties) {
      if (StringOr(property["type"]) == "title" && !property["title"].get(parts)) break;
    }
  }
  std::string title;
  for (const simdjson::dom::element part : parts) title += StringOr(part["plain_text"]);
  return title;
}

bool PassedOn(const std::string& header) {
  // These describe how the recorded connection carried the body, which this one does its own way.
  static const std::set<std::string> kOwn = {"content-length", "content-encoding",
                                             "transfer-encoding", "connection"};
  std::string lower = header;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return !kOwn.contains(lower);
}

HttpResponse Recorded(std::string body) {
  HttpResponse response{.headers = {{"Content-Type", "application/json; charset=utf-8"}},
                        .body = std::move(body)};
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::int64_t status = 0;
  if (!parser.parse(response.body).get(root) && StringOr(root["object"]) == "error" &&
      !root["status"].get(status)) {
    response.status = static_cast<int>(status);
  }
  return response;
}

}  // namespace

ReplayApi::ReplayApi(const fs::path& folder) {
  const fs::path clean = fs::canonical(folder);
  if (fs::exists(clean / "exchanges.jsonl")) LoadExchanges(clean / "exchanges.jsonl");
  LoadTree(fs::is_directory(clean / "api") ? clean / "api" : clean);
  if (exchanges_.empty() && tree_.empty()) {
    throw std::runtime_error(folder.string() +
                             " holds no recording: neither exchanges.jsonl nor api/*/*.json");
  }
}

void ReplayApi::LoadExchanges(const fs::path& file) {
  std::istringstream lines(ReadWhole(file));
  const fs::path bodies = file.parent_path().parent_path();
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("uri")) continue;
    Exchange exchange{.status = json.value("status", 200)};
    if (json.contains("body_file") && json["body_file"].is_string()) {
      exchange.body = bodies / json["body_file"].get<std::string>();
    }
    const nlohmann::json headers = json.value("resp_headers", nlohmann::json::object());
    for (const auto& [name, value] : headers.items()) {
      const nlohmann::json& first = value.is_array() && !value.empty() ? value.front() : value;
      if (PassedOn(name) && first.is_string()) exchange.headers.emplace_back(name, first);
    }
    const auto body = json.find("req_body");
    const std::string text = body == json.end() || body->is_null() ? ""
                             : body->is_string()                   ? body->get<std::string>()
                                                                   : body->dump();
    const std::string target = TargetOf(json["uri"].get<std::string>());
    for (const Looseness looseness :
         {Looseness::kExact, Looseness::kAnyPageSize, Looseness::kAnyOrder}) {
      exchanges_[Key(json.value("method", "GET"), target, text, looseness)].recorded.push_back(
          exchange);
    }
  }
}

void ReplayApi::LoadTree(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const bool below = entry.path().parent_path() != folder || folder.filename() == "api";
    if (entry.is_regular_file() && entry.path().extension() == ".json" && below) {
      files.push_back(entry.path());
    }
  }
  // Shorter names first: <id>.children.json comes before <id>.children.2.json.
  std::ranges::sort(files, [](const fs::path& a, const fs::path& b) {
    return std::pair(a.native().size(), a.native()) < std::pair(b.native().size(), b.native());
  });
  std::vector<fs::path> searches;
  for (const fs::path& file : files) {
    std::string name = fs::relative(file, folder).replace_extension().generic_string();
    if (name.starts_with("search")) {
      searches.push_back(file);
      continue;
    }
    // blocks/<id>.children -> blocks/<id>/children, and what follows counts the pages of the list.
    const auto slash = name.rfind('/');
    const auto dot = name.find('.', slash == std::string::npos ? 0 : slash);
    if (dot != std::string::npos) {
      name[dot] = '/';
      name = name.substr(0, name.find_first_of("._", dot + 1));
    }
    tree_[NormalPath(name)].push_back(file);
  }
  std::ranges::sort(searches);
  for (const fs::path& file : searches) AddSearchResults(file);
}

void ReplayApi::AddSearchResults(const fs::path& file) {
  for (Item& item : ItemsOf(ReadWhole(file))) {
    const bool known =
        std::ranges::find(found_by_search_, item.id, &Item::id) != found_by_search_.end();
    if (!known) found_by_search_.push_back(std::move(item));
  }
}

std::vector<ReplayApi::Item> ReplayApi::ItemsOf(const std::string& body) {
  std::vector<Item> items;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array results;
  if (parser.parse(body).get(root) || root["results"].get(results)) return items;
  for (const simdjson::dom::element result : results) {
    items.push_back({.id = StringOr(result["id"]),
                     .object = StringOr(result["object"]),
                     .edited = StringOr(result["last_edited_time"]),
                     .title = PlainTitle(result),
                     .json = simdjson::minify(result)});
  }
  return items;
}

HttpResponse ReplayApi::Answer(const HttpRequest& request, const ListFaults& faults) {
  if (auto refusal = CheckNotionHeaders(request)) return *std::move(refusal);
  if (auto recorded = FromExchanges(request)) return *std::move(recorded);
  if (request.method == "POST" && request.Path() == "/v1/search" && !found_by_search_.empty()) {
    return Search(request, faults);
  }
  return FromTree(request, faults);
}

std::optional<HttpResponse> ReplayApi::FromExchanges(const HttpRequest& request) {
  if (exchanges_.empty()) return std::nullopt;
  Exchange exchange;
  {
    const std::lock_guard lock(mutex_);
    auto found = exchanges_.end();
    for (const Looseness looseness :
         {Looseness::kExact, Looseness::kAnyPageSize, Looseness::kAnyOrder}) {
      found = exchanges_.find(Key(request.method, request.target, request.body, looseness));
      if (found != exchanges_.end()) break;
    }
    if (found == exchanges_.end()) return std::nullopt;
    Exchanges& same = found->second;
    exchange = same.recorded[same.next];
    if (same.next + 1 < same.recorded.size()) ++same.next;
  }
  return HttpResponse{.status = exchange.status,
                      .headers = exchange.headers,
                      .body = exchange.body.empty() ? "" : ReadWhole(exchange.body)};
}

HttpResponse ReplayApi::Search(const HttpRequest& request, const ListFaults& faults) const {
  const ListRequestOrProblem parsed = ParseListRequest(request);
  if (parsed.bad_json) return NotionError(request, 400, "invalid_json", "Error parsing JSON body.");
  if (!parsed.problem.empty()) {
    return NotionError(request, 400, "validation_error", parsed.problem);
  }
  std::vector<Item> items;
  bool new_shape = false;
  for (const Item& item : found_by_search_) {
    new_shape = new_shape || item.object == "data_source";
    const std::string& wanted = parsed.list.object_filter;
    if (!wanted.empty() && item.object != wanted) continue;
    if (item.title.find(parsed.list.query) == std::string::npos) continue;
    items.push_back(item);
  }
  if (parsed.list.sort == ListRequest::Sort::kLastEditedTime) {
    std::ranges::stable_sort(items, [&](const Item& a, const Item& b) {
      return parsed.list.order == ListRequest::Order::kAscending ? a.edited < b.edited
                                                                 : a.edited > b.edited;
    });
  }
  return Page(request, faults, parsed.list, items,
              new_shape ? "page_or_data_source" : "page_or_database", "");
}

HttpResponse ReplayApi::FromTree(const HttpRequest& request, const ListFaults& faults) const {
  std::string name = NormalPath(request.Path());
  if (name == "comments") name += "/" + NormalSegment(QueryValue(request.Query(), "block_id"));
  const auto found = tree_.find(name);
  if (found == tree_.end()) return NotRecorded(request);
  std::string first = ReadWhole(found->second.front());
  std::vector<Item> items = ItemsOf(first);
  if (first.find("\"results\"") == std::string::npos) return Recorded(std::move(first));

  ListRequestOrProblem parsed = ParseListRequest(request);
  // Sorting and filtering of recorded rows is not attempted: they come as they were recorded.
  if (parsed.bad_json) return NotionError(request, 400, "invalid_json", "Error parsing JSON body.");
  std::string last = first;
  for (std::size_t page = 1; page < found->second.size(); ++page) {
    last = ReadWhole(found->second[page]);
    std::ranges::move(ItemsOf(last), std::back_inserter(items));
  }
  const bool faulty = faults.clamp || faults.cursor_loop || faults.short_page;
  const bool whole = found->second.size() == 1 && items.size() <= parsed.list.page_size;
  if (whole && !faulty && parsed.list.start_cursor.empty()) return Recorded(std::move(first));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string type = "block";
  std::string open_end;
  if (!parser.parse(last).get(root)) {
    type = StringOr(root["type"]).empty() ? type : StringOr(root["type"]);
    open_end = StringOr(root["next_cursor"]);
  }
  return Page(request, faults, parsed.list, items, type, open_end);
}

HttpResponse ReplayApi::Page(const HttpRequest& request, const ListFaults& faults,
                             const ListRequest& list, const std::vector<Item>& items,
                             std::string_view type, std::string_view open_end) {
  auto from = items.begin();
  if (!list.start_cursor.empty()) {
    // A cursor is the id of the item that comes next, as recorded cursors of the API are.
    from = std::ranges::find(items, list.start_cursor, &Item::id);
    if (from == items.end()) {
      return NotionError(request, 400, "validation_error",
                         "The start_cursor provided is invalid: " + list.start_cursor);
    }
  }
  std::size_t size = list.page_size;
  if (faults.clamp) size = std::min<std::size_t>(size, 25);
  if (faults.short_page) size = std::max<std::size_t>(size / 3, 1);
  std::string body;
  JsonOut out(body);
  out.BeginObject().Field("object", "list").Key("results").BeginArray();
  for (; from != items.end() && size > 0; ++from, --size) out.Raw(from->json);
  std::string next = from == items.end() ? std::string(open_end) : from->id;
  if (faults.cursor_loop && !items.empty()) next = items.front().id;
  out.EndArray().Key("next_cursor");
  next.empty() ? out.Null() : out.String(next);
  out.Field("has_more", !next.empty()).Field("type", type).RawField(type, "{}");
  return NotionOk(request, std::move(body));
}

HttpResponse ReplayApi::NotRecorded(const HttpRequest& request) const {
  const std::string path = NormalPath(request.Path());
  const auto slash = path.find('/');
  const std::string kind = path.substr(0, slash);
  static const std::map<std::string, std::string> kSingular = {
      {"pages", "page"}, {"blocks", "block"},   {"databases", "database"},
      {"users", "user"}, {"comments", "block"}, {"data_sources", "data_source"}};
  const auto what = kSingular.find(kind);
  if (what == kSingular.end()) {
    return NotionError(request, 400, "invalid_request_url", "Invalid request URL.");
  }
  std::string id = slash == std::string::npos ? "" : path.substr(slash + 1);
  id = id.substr(0, id.find('/'));
  if (kind == "comments") id = NormalSegment(QueryValue(request.Query(), "block_id"));
  if (kind != "users" && !ParseUuid(id)) {
    return NotionError(request, 400, "validation_error",
                       "path failed validation: path." + what->second +
                           "_id should be a valid uuid, instead was `\"" + id + "\"`.");
  }
  return NotionNotFound(request, what->second, id);
}

}  // namespace sluice::sim
