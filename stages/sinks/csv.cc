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

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Blanks at either end are part of the cell, and many readers trim them where it is not quoted.
bool HasOuterBlank(std::string_view cell) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  return !cell.empty() && (is_blank(cell.front()) || is_blank(cell.back()));
}

bool MustBeQuoted(std::string_view cell) {
  for (const char c : cell) {
    if (c == ',' || c == '"' || c == '\r' || c == '\n') return true;
  }
  return cell.starts_with(kByteOrderMark) || HasOuterBlank(cell);
}

}  // namespace

void AppendCsvCell(std::string& line, std::string_view cell, EmptyCell empty) {
  if (!MustBeQuoted(cell) && !(cell.empty() && empty == EmptyCell::kQuoted)) {
    line += cell;
    return;
  }
  line += '"';
  for (const char c : cell) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

CsvWriter::CsvWriter(TextSink& out, const CsvOptions& options) : out_(out), options_(options) {
  if (options_.bom == CsvOptions::Bom::kUtf8) out_.Write(kByteOrderMark);
}

void CsvWriter::Row(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line.push_back(',');
    const bool neutralise =
        options_.formulas == CsvOptions::Formulas::kNeutralised && RunsAsFormula(cells[i]);
    AppendCsvCell(line, neutralise ? "'" + cells[i] : cells[i], EmptyCell::kBare);
  }
  line += "\r\n";
  out_.Write(line);
}

}  // namespace sluice
