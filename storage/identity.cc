#include "storage/identity.h"

#include <fmt/format.h>

#include <string>

#include "storage/base/hash.h"
#include "storage/frontier.h"

namespace sluice {

std::int64_t IdentityChecksum(const DocumentIdentity& identity) {
  std::string bytes;
  for (const std::string_view text : identity.texts) {
    bytes += fmt::format("{}:", text.size());  // so that no two rows have the same bytes
    bytes += text;
  }
  for (const bool flag : identity.flags) bytes.push_back(flag ? '1' : '0');
  return Checksum(bytes);
}

void VerifyIdentity(const Statement::Run& run, int first) {
  std::array<std::string, 10> texts;
  DocumentIdentity identity;
  int column = first;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i] = run.Text(column++);
    identity.texts[i] = texts[i];
  }
  for (bool& flag : identity.flags) flag = run.Int(column++) != 0;
  if (IdentityChecksum(identity) == run.Int(column)) return;
  throw DamagedRow(fmt::format("the state's row of document {} is damaged", texts[0]));
}

}  // namespace sluice
