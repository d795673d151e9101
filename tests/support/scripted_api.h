// An API on loopback whose answers are a function of what is asked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "storage/base/guarded.h"
#include "tests/support/raw_server.h"

namespace sluice {

// Answers GET requests by a function of their target. Remembers what was asked.
class ScriptedApi {
 public:
  struct Answer {
    std::string body;
    std::string headers;  // each with its line end
    std::string status = "200 OK";
  };
  using Script = std::function<Answer(const std::string& target)>;

  explicit ScriptedApi(Script script)
      : script_(std::move(script)), server_([this](RawConnection& client) { Serve(client); }) {}

  std::string url() const { return server_.Url(""); }
  std::vector<std::string> heads() const {
    return heads_.With([](const auto& heads) { return heads; });
  }

  // An address of the API's own becomes one of this server.
  std::string Here(std::string text, const std::string& origin) const {
    for (auto at = text.find(origin); at != text.npos; at = text.find(origin, at)) {
      text.replace(at, origin.size(), url());
    }
    return text;
  }

 private:
  void Serve(RawConnection& client) {
    for (std::string request = client.ReadRequest(); !request.empty();
         request = client.ReadRequest()) {
      heads_.With([&](auto& heads) { heads.push_back(request); });
      const auto begin = request.find(' ') + 1;
      const Answer answer = script_(request.substr(begin, request.find(' ', begin) - begin));
      if (!client.Answer(answer.body, answer.status, answer.headers)) return;
    }
  }

  const Script script_;
  Guarded<std::vector<std::string>> heads_;
  RawServer server_;
};

}  // namespace sluice
