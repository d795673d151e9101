// Walks the tables of stages/README.md: what they say about each status and each code of libcurl is
// what the code does.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "stages/http/curl_error.h"
#include "stages/sources/notion/judge.h"

namespace sluice {
namespace {

using Cells = std::vector<std::string>;

// The rows below the line that begins with `head`.
std::vector<Cells> Table(const std::string& head) {
  std::ifstream file(SLUICE_SOURCE_DIR "/stages/README.md");
  std::vector<Cells> rows;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (inside && !line.starts_with("|")) break;
    if (inside && !line.starts_with("|---")) {
      std::istringstream text(line.substr(1));
      Cells& cells = rows.emplace_back();
      for (std::string cell; std::getline(text, cell, '|');) {
        const auto begin = cell.find_first_not_of(' ');
        cells.push_back(begin == std::string::npos
                            ? ""
                            : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
      }
    }
    if (line.starts_with(head)) inside = true;
  }
  return rows;
}

std::vector<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match)
    found.push_back((*match)[1]);
  return found;
}

// A row about a status as such: what depends on headers or bodies has tests of its own
// (fetch_test.cc, redirect_test.cc).
bool IsAboutStatusAlone(const std::string& cell) {
  return !cell.starts_with("2xx") && !cell.starts_with("3") &&
         cell.find("that say") == std::string::npos;
}

// The class by status: what a row names, else what the row of "other 4xx" or "other 5xx" says.
std::map<int, std::string> ClassesInTable() {
  std::map<int, std::string> named;
  std::map<int, std::string> others;
  for (const Cells& cells : Table("| answer |")) {
    if (!IsAboutStatusAlone(cells.at(0))) continue;
    for (const auto& status : Matches(cells.at(0), "\\b(\\d{3})\\b")) {
      EXPECT_TRUE(named.emplace(std::stoi(status), cells.at(1)).second)
          << status << " is there twice";
    }
    for (const auto& hundreds : Matches(cells.at(0), "other (\\d)xx")) {
      for (int i = 0; i < 100; ++i) others[std::stoi(hundreds) * 100 + i] = cells.at(1);
    }
  }
  named.merge(others);
  return named;
}

TEST(AnswerTable, SaysOfEveryStatusWhatTheSourceSays) {
  const auto classes = ClassesInTable();
  ASSERT_EQ(classes.size(), 200u) << "400 to 599";
  for (const auto& [status, name] : classes) {
    const Verdict verdict = notion::JudgeAnswer({}, status, R"({"code":"some_code"})");
    EXPECT_EQ(CodeName(verdict.code), name) << status;
  }
}

TEST(AnswerTable, EndsTheRunOnlyForWhatTheWholeRunNeeds) {
  std::map<std::string, std::string> ends;  // exit code by class
  for (const Cells& cells : Table("| answer |")) {
    for (const auto& code : Matches(cells.at(4), "ends the run, exit (\\d)")) ends[cells[1]] = code;
  }
  EXPECT_EQ(ends, (std::map<std::string, std::string>{
                      {"unauthorized", "6"}, {"rate-limited", "7"}, {"transient", "7"}}));
}

#define NAMED(code) \
  { #code, CURLE_##code }
const std::map<std::string, int> kCurlCodes = {
    NAMED(COULDNT_RESOLVE_PROXY),
    NAMED(COULDNT_RESOLVE_HOST),
    NAMED(COULDNT_CONNECT),
    NAMED(INTERFACE_FAILED),
    NAMED(SSL_CONNECT_ERROR),
    NAMED(PROXY),
    NAMED(SSL_CERTPROBLEM),
    NAMED(SSL_CIPHER),
    NAMED(PEER_FAILED_VERIFICATION),
    NAMED(SSL_CACERT_BADFILE),
    NAMED(SSL_CRL_BADFILE),
    NAMED(SSL_ISSUER_ERROR),
    NAMED(SSL_PINNEDPUBKEYNOTMATCH),
    NAMED(SSL_INVALIDCERTSTATUS),
    NAMED(URL_MALFORMAT),
    NAMED(NOT_BUILT_IN),
    NAMED(WRITE_ERROR),
    NAMED(BAD_FUNCTION_ARGUMENT),
    NAMED(UNKNOWN_OPTION),
    NAMED(TOO_MANY_REDIRECTS),
    NAMED(FILESIZE_EXCEEDED),
    NAMED(ABORTED_BY_CALLBACK),
    NAMED(HTTP2),
    NAMED(HTTP2_STREAM),
};
#undef NAMED

struct CurlRow {
  std::string code_class;
  bool certificate = false;
};

// By code; a code with a condition behind it ("before a byte was sent") is none of ClassifyCurl's.
std::map<int, CurlRow> CurlRowsInTable() {
  std::map<int, CurlRow> rows;
  for (const Cells& cells : Table("| libcurl |")) {
    const std::string codes = cells.at(0).substr(0, cells.at(0).find(';'));
    for (const auto& name : Matches(codes, "`([A-Z0-9_]+)`")) {
      const auto code = kCurlCodes.find(name);
      EXPECT_NE(code, kCurlCodes.end()) << name << " is not known to this test";
      if (code == kCurlCodes.end()) continue;
      const bool nothing_sent = cells.at(4).find("nothing was sent") != std::string::npos;
      EXPECT_TRUE(rows.emplace(code->second, CurlRow{cells.at(1), nothing_sent}).second) << name;
    }
  }
  return rows;
}

TEST(AnswerTable, SaysOfEveryCurlCodeWhatClassifyCurlSays) {
  const auto rows = CurlRowsInTable();
  EXPECT_EQ(rows.size(), kCurlCodes.size()) << "a code is missing in the table";
  const auto table = Table("| libcurl |");
  ASSERT_FALSE(table.empty());
  ASSERT_EQ(table.back().at(0), "every other code");
  for (int code = 1; code < CURL_LAST; ++code) {
    const auto row = rows.find(code);
    const CurlRow expected = row == rows.end() ? CurlRow{table.back().at(1)} : row->second;
    EXPECT_EQ(CodeName(ClassifyCurl(code)), expected.code_class)
        << curl_easy_strerror(CURLcode(code));
    EXPECT_EQ(IsCertificateError(code), expected.certificate) << curl_easy_strerror(CURLcode(code));
  }
}

}  // namespace
}  // namespace sluice
