// An API that only judges; nothing is read or rendered here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/sources/source.h"

namespace sluice {

class JudgingSource : public Source {
 public:
  explicit JudgingSource(std::string base = "https://api.example") : base_(std::move(base)) {}
  std::string_view name() const override { return "judging"; }
  SourceLimits Limits() const override { return {}; }
  Opening Open(const LastRun&) const override { return {}; }
  std::vector<Request> RequestsForUnlisted(const DocumentRow&) const override { return {}; }
  HttpRequest ToHttp(const Request& request) const override {
    const bool absolute = request.target.starts_with("https:");
    return {.method = request.method, .url = absolute ? request.target : base_ + request.target};
  }
  Result<Reading> Read(const Request&, const AnswerView&, WallMs) const override {
    return Reading{};
  }
  Verdict Judge(const Request&, const AnswerView& answer) const override {
    const int status = answer.status;
    if (status == 401) return {.code = Code::kUnauthorized, .message = "token is invalid"};
    if (status == 404) return {.code = Code::kNotFound, .message = "no such page"};
    if (status == 400) return {.code = Code::kInvalid, .message = "bad request"};
    if (status == 403) return {.code = Code::kInvalid, .message = "not allowed"};
    return {.code = Code::kTransient, .message = "server trouble"};
  }
  std::optional<Reading> ReadRefusal(const Request&, const AnswerView&) const override {
    return std::nullopt;
  }
  Result<Rendering> Render(const DocumentRow&, DocumentInputs&, TextSink&) const override {
    return Rendering{};
  }

 private:
  const std::string base_;
};

}  // namespace sluice
