// Rows as a list, for tests that look at single ones.
#pragma once

#include <vector>

#include "storage/row_spool.h"

namespace sluice {

inline RowSpool SpoolOf(const std::vector<Row>& rows) {
  RowSpool spool;
  for (const Row& row : rows) spool.Add(row);
  (void)spool.Finish();  // in memory it cannot fail
  return spool;
}

// Of a spool that is not finished yet.
inline std::vector<Row> RowsOf(RowSpool& spool) {
  (void)spool.Finish();
  std::vector<Row> rows;
  spool.ForEach([&](const Row& row) { rows.push_back(row); });
  return rows;
}

}  // namespace sluice
