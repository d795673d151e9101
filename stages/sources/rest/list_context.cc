#include "stages/sources/rest/list_context.h"

#include <nlohmann/json.hpp>

#include "stages/sources/rest/positions.h"

namespace sluice::rest {
namespace {

using nlohmann::json;

// Left out where it is at its default, so that the context of a plain list is short.
template <class T>
void Put(json& out, const char* name, const T& value, const T& usual = {}) {
  if (value != usual) out[name] = value;
}

template <class T>
void Take(const json& in, const char* name, T& value) {
  if (const auto found = in.find(name); found != in.end()) value = found->template get<T>();
}

json EncodePaginator(const Paginator& paginator) {
  const Paginator usual;
  json out = {{"type", static_cast<int>(paginator.type)}};
  Put(out, "next_url_path", paginator.next_url_path, usual.next_url_path);
  Put(out, "links_next_key", paginator.links_next_key, usual.links_next_key);
  Put(out, "cursor_path", paginator.cursor_path, usual.cursor_path);
  Put(out, "cursor_param", paginator.cursor_param, usual.cursor_param);
  Put(out, "limit", paginator.limit, usual.limit);
  Put(out, "offset", paginator.offset, usual.offset);
  Put(out, "offset_param", paginator.offset_param, usual.offset_param);
  Put(out, "limit_param", paginator.limit_param, usual.limit_param);
  Put(out, "base_page", paginator.base_page, usual.base_page);
  Put(out, "page_param", paginator.page_param, usual.page_param);
  Put(out, "total_path", paginator.total_path);
  Put(out, "total_header", paginator.total_header);
  Put(out, "record_total_path", paginator.record_total_path);
  Put(out, "record_total_header", paginator.record_total_header);
  return out;
}

Paginator DecodePaginator(const json& in) {
  Paginator paginator;
  paginator.type = static_cast<Paginator::Type>(in.at("type").get<int>());
  Take(in, "next_url_path", paginator.next_url_path);
  Take(in, "links_next_key", paginator.links_next_key);
  Take(in, "cursor_path", paginator.cursor_path);
  Take(in, "cursor_param", paginator.cursor_param);
  Take(in, "limit", paginator.limit);
  Take(in, "offset", paginator.offset);
  Take(in, "offset_param", paginator.offset_param);
  Take(in, "limit_param", paginator.limit_param);
  Take(in, "base_page", paginator.base_page);
  Take(in, "page_param", paginator.page_param);
  Take(in, "total_path", paginator.total_path);
  Take(in, "total_header", paginator.total_header);
  Take(in, "record_total_path", paginator.record_total_path);
  Take(in, "record_total_header", paginator.record_total_header);
  return paginator;
}

ListContext Decode(const json& in) {
  ListContext context;
  Take(in, "generation", context.generation);
  if (const auto bounds = in.find("bounds"); bounds != in.end()) {
    for (const auto& [name, pair] : bounds->items()) {
      context.bounds[name] = {.start = pair.at(0), .last = pair.at(1)};
    }
  }
  std::string base;
  Take(in, "base", base);
  context.base = FromHex(base);
  Take(in, "key", context.key_base);
  Take(in, "name", context.name);
  Take(in, "first", context.first_list);
  Take(in, "headers", context.headers);
  Take(in, "parent", context.from_parent);
  Take(in, "parent_cursor", context.parent_cursor);
  Take(in, "values", context.values);
  Take(in, "number_base", context.number_base);
  Take(in, "at", context.at);
  Take(in, "reveals", context.reveals);
  Take(in, "step", context.step);
  Take(in, "take", context.take);
  Take(in, "empty", context.empty_pages);
  Take(in, "first_page", context.first_page);
  Take(in, "last_page", context.last_page);
  if (const auto found = in.find("paginator"); found != in.end()) {
    context.paginator = DecodePaginator(*found);
  }
  if (const auto found = in.find("selector"); found != in.end()) context.selector = *found;
  Take(in, "is_list", context.is_list);
  if (const auto found = in.find("declared"); found != in.end()) context.declared = *found;
  if (const auto found = in.find("places"); found != in.end()) context.places = *found;
  Take(in, "part", context.part);
  Take(in, "part_given", context.part_given);
  Take(in, "part_start", context.part_start);
  Take(in, "highest", context.highest);
  Take(in, "unsorted", context.unsorted);
  Take(in, "previous", context.previous);
  return context;
}

}  // namespace

std::string EncodeContext(const ListContext& context) {
  json out = json::object();
  Put(out, "generation", context.generation);
  for (const auto& [name, bounds] : context.bounds) {
    out["bounds"][name] = {bounds.start, bounds.last};
  }
  Put(out, "base", ToHex(context.base));
  Put(out, "key", context.key_base);
  Put(out, "name", context.name);
  Put(out, "first", context.first_list);
  Put(out, "headers", context.headers);
  Put(out, "parent", context.from_parent);
  Put(out, "parent_cursor", context.parent_cursor);
  Put(out, "values", context.values);
  Put(out, "number_base", context.number_base);
  Put(out, "at", context.at);
  Put(out, "reveals", context.reveals, true);
  Put(out, "step", context.step);
  Put(out, "take", context.take);
  Put(out, "empty", context.empty_pages);
  Put(out, "first_page", context.first_page);
  Put(out, "last_page", context.last_page);
  if (context.paginator) out["paginator"] = EncodePaginator(*context.paginator);
  if (context.selector) out["selector"] = *context.selector;
  Put(out, "is_list", context.is_list);
  if (context.declared) out["declared"] = *context.declared;
  if (context.places) out["places"] = *context.places;
  Put(out, "part", context.part);
  Put(out, "part_given", context.part_given);
  Put(out, "part_start", context.part_start);
  Put(out, "highest", context.highest);
  Put(out, "unsorted", context.unsorted);
  Put(out, "previous", context.previous);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ListContext> DecodeContext(std::string_view text) {
  try {
    return Decode(json::parse(text));
  } catch (const json::exception&) {
    return Fail(Code::kDamaged, "the memory of a request of the frontier cannot be read");
  }
}

}  // namespace sluice::rest
