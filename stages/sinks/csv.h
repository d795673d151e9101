// CSV as RFC 4180 has it: CRLF, cells quoted where they must be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "stages/sources/source.h"

namespace sluice {

// Appends one cell, in quotes where it must be: with a comma, a quote or a line end in it, with
// blanks at either end, and where it begins with what would be taken for the byte order mark.
enum class EmptyCell { kBare, kQuoted };
void AppendCsvCell(std::string& line, std::string_view cell, EmptyCell empty);

struct CsvOptions {
  enum class Bom { kNone, kUtf8 };
  // A spreadsheet runs a cell that begins with = + - @ TAB or CR as a formula. kNeutralised puts
  // an apostrophe before it (OWASP, CSV injection), which changes the data; plain numbers such as
  // -12.5 stay.
  enum class Formulas { kAsTheyAre, kNeutralised };

  Bom bom = Bom::kUtf8;  // without it Excel reads UTF-8 as the local code page
  Formulas formulas = Formulas::kAsTheyAre;
};

// Writes one CSV. Not thread-safe. Borrows `out`, which must outlive it.
class CsvWriter {
 public:
  CsvWriter(TextSink& out, const CsvOptions& options);
  void Row(const std::vector<std::string>& cells);

 private:
  TextSink& out_;
  const CsvOptions options_;
};

}  // namespace sluice
