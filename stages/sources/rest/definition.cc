#include "stages/sources/rest/definition.h"

#include "stages/sources/rest/template_text.h"
#include "storage/base/hash.h"

namespace sluice::rest {
namespace {

// Texts with their lengths, so that no two lists of parts look the same.
class Parts {
 public:
  Parts& operator<<(std::string_view text) {
    text_ += std::to_string(text.size());
    text_ += ':';
    text_ += text;
    return *this;
  }
  Parts& operator<<(std::int64_t number) {
    return *this << std::string_view(std::to_string(number));
  }
  Parts& operator<<(const std::vector<NamedValue>& values) {
    *this << static_cast<std::int64_t>(values.size());
    for (const NamedValue& value : values) *this << value.name << value.value;
    return *this;
  }
  Parts& operator<<(const std::vector<std::string>& texts) {
    *this << static_cast<std::int64_t>(texts.size());
    for (const std::string& text : texts) *this << text;
    return *this;
  }
  Revision Hash() const { return Revision(Sha256Hex(text_).substr(0, 32)); }

 private:
  std::string text_;
};

template <class Enum>
std::int64_t Number(Enum value) {
  return static_cast<std::int64_t>(value);
}

void Add(Parts& parts, const Paginator& p) {
  parts << Number(p.type) << p.next_url_path << p.links_next_key << p.cursor_key << p.cursor_path
        << p.cursor_param << p.cursor_body_path << p.limit << p.offset << p.offset_param
        << p.limit_param << p.offset_body_path << p.limit_body_path << p.maximum_offset
        << p.base_page << p.page_param << p.page_body_path << p.maximum_page << p.total_path
        << p.total_header << p.record_total_path << p.record_total_header << p.has_more_path
        << (p.stop_after_empty_page ? Number(*p.stop_after_empty_page) : -1);
}

void Add(Parts& parts, const Incremental& i) {
  parts << i.cursor_path << i.initial_value << i.end_value << i.start_param << i.end_param
        << i.lag.count() << Number(i.on_cursor_value_missing) << Number(i.end_is_closed)
        << Number(i.start_is_open) << i.split_limit;
}

}  // namespace

Revision DefinitionOf(const RestSpec& spec, const Resource& resource, const Revision& parent) {
  Parts parts;
  parts << "rows 1" << resource.name << spec.base_url << parent.value << resource.path
        << resource.method << resource.params << resource.json << resource.primary_key
        << resource.include_from_parent << resource.partitions.cursor_field
        << resource.partitions.values << Number(resource.selected)
        << resource.data_selector.value_or("(detected)");
  // Other headers may hold secrets, which change without changing the rows.
  for (const NamedValue& header : resource.headers) {
    if (HeaderTemplate(header.value)) parts << header.name << header.value;
  }
  Add(parts, resource.paginator);
  Add(parts, resource.incremental);
  for (const Filter& filter : resource.filters) {
    parts << filter.path << Number(filter.test) << filter.value;
  }
  return parts.Hash();
}

Revision FormOf(const Resource& resource) {
  const OutputSpec& output = resource.output;
  Parts parts;
  parts << "form 1" << resource.name << resource.table_name << Number(output.format)
        << output.fields << Number(output.flatten) << output.max_table_nesting
        << Number(output.schema_policy) << output.rows_per_file << output.bytes_per_file
        << Number(output.compression) << resource.primary_key;
  for (const auto& [field, column] : output.rename) parts << field << column;
  return parts.Hash();
}

}  // namespace sluice::rest
