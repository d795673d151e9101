// Errors as values. Expected failures travel in a Result; exceptions are for bugs and constructors.
// tl::expected is aliased here and nowhere else, so that std::expected can replace it in one line.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace sluice {

// What kind of failure it was; decides what happens next and, at the end, the exit code.
enum class Code {
  kTransient,     // try again: a reset, a 5xx, a timeout
  kRateLimited,   // try again, not before a given time
  kNotFound,      // the thing is not there, or is not shown to us
  kUnauthorized,  // the credential is missing, wrong or too weak
  kInvalid,       // permanent: the answer or the input is not what it must be
  kUsage,         // the user's configuration is wrong
  kNetwork,       // no server could be reached
  kDisk,          // a file or the state could not be read or written
  kLocked,        // another run holds the output folder
  kDamaged,       // the state is damaged, or of a version this build does not know
  kCancelled,     // stopped before it finished
  kFatal,         // a defect of sluice itself
};

// The name as it stands in the state, in logs and in reports.
constexpr std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kTransient:
      return "transient";
    case Code::kRateLimited:
      return "rate-limited";
    case Code::kNotFound:
      return "not-found";
    case Code::kUnauthorized:
      return "unauthorized";
    case Code::kInvalid:
      return "invalid";
    case Code::kUsage:
      return "usage";
    case Code::kNetwork:
      return "network";
    case Code::kDisk:
      return "disk";
    case Code::kLocked:
      return "locked";
    case Code::kDamaged:
      return "damaged";
    case Code::kCancelled:
      return "cancelled";
    case Code::kFatal:
      return "fatal";
  }
  return "unknown";
}

// `message` names the thing, the limit and the next step; it never holds a credential.
struct Error {
  Code code;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// A failed Result or Status of any type: `return Fail(Code::kDisk, "...")`.
inline tl::unexpected<Error> Fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace sluice
