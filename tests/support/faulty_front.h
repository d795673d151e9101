// A server in front of a simulator that spoils what a test wants spoilt, down to the bytes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/support/http_call.h"
#include "tests/support/raw_server.h"
#include "tests/support/sim_process.h"

namespace sluice {

// A whole answer, as it goes to the wire.
std::string WholeAnswer(std::string_view body, std::string_view status = "200 OK",
                        std::string_view more_headers = "");

class FaultyFront {
 public:
  // What is written for `request` (head and body); then the connection is closed. Empty: the
  // simulator's own answer, whole. `forward` asks the simulator. Runs on one thread a connection.
  using Spoil = std::function<std::string(const std::string& request,
                                          const std::function<HttpAnswer()>& forward)>;

  FaultyFront(const SimProcess& sim, Spoil spoil);

  std::string url() const { return server_.Url(""); }

 private:
  void Serve(RawConnection& connection) const;

  // Constant after construction.
  const std::string upstream_;
  const Spoil spoil_;
  RawServer server_;  // last: its threads use the rest
};

}  // namespace sluice
