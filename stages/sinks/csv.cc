#include "stages/sinks/csv.h"

#include <charconv>

namespace sluice {
namespace {

bool IsPlainNumber(std::string_view text) {
  if (text.find_first_not_of("0123456789.eE+-") != text.npos) return false;  // no "-inf"
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool RunsAsFormula(std::string_view cell) {
  return !cell.empty() && std::string_view("=+-@\t\r").find(cell.front()) != cell.npos &&
         !IsPlainNumber(cell);
}

void AppendCell(std::string& line, std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == cell.npos) {
    line += cell;
    return;
  }
  line.push_back('"');
  for (const char c : cell) line.append(c == '"' ? 2 : 1, c);
  line.push_back('"');
}

}  // namespace

CsvWriter::CsvWriter(TextSink& out, const CsvOptions& options) : out_(out), options_(options) {
  if (options_.bom == CsvOptions::Bom::kUtf8) out_.Write("\xEF\xBB\xBF");
}

void CsvWriter::Row(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.push_back(',');
    const bool neutralise =
        options_.formulas == CsvOptions::Formulas::kNeutralised && RunsAsFormula(cells[i]);
    AppendCell(line, neutralise ? "'" + cells[i] : cells[i]);
  }
  line += "\r\n";
  out_.Write(line);
}

}  // namespace sluice
