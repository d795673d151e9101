// Secrets by reference only: a job file names where a token is, never the token. And what is known
// to be a secret, so that it can be kept out of messages and away from other servers.
#pragma once

#include <bitset>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/guarded.h"
#include "storage/base/result.h"

namespace sluice {

// "env:NAME", "file:PATH" or "cmd:COMMAND" -> the value, without white space at its end.
//   file: refused when group or world may read it.
//   cmd:  run by /bin/sh; the first line of its output; its exit status must be 0.
// The value is added to KnownSecrets().
// Fails with Code::kUsage. The message names the reference; where the reference itself may be a
// pasted token, not even that.
Result<std::string> ResolveSecret(std::string_view reference);

// Shorter values are not looked for in text: taking out every "abc" would make it unreadable.
inline constexpr std::size_t kHiddenBytesMin = 6;

// The values that must not be shown or sent elsewhere.
//
// A server may quote them in any form, so these count as the value itself: percent-encoded (any of
// its characters, also twice), escaped as in JSON or HTML, in other case, and in base64 (either
// alphabet, also within a longer text such as "user:password").
//
// For messages, requests and addresses. What an API exports is data and stays as it is, in the
// files and in the cache, even where it holds a secret.
//
// Thread-safe. Values are only added: a token that has been replaced stays a secret.
class SecretSet {
 public:
  SecretSet();

  // An empty value is none.
  void Add(std::string_view value);
  // A query parameter whose value is a secret.
  void AddParameter(std::string_view name);

  // Whether `value` is a secret as it stands, of whatever length.
  bool Has(std::string_view value) const;
  // Names are compared without regard to case.
  bool HasParameter(std::string_view name) const;
  // Whether one of kHiddenBytesMin bytes or more stands in `text`, in any form.
  bool IsIn(std::string_view text) const;
  // `text` with "[secret]" in the place of each. To be called before text is cut: what is left of a
  // secret is not known for one.
  std::string Redact(std::string text) const;
  // `query` ("a=1&b=2") without the parameters that have the name of a secret one, or have a secret
  // in their name or value.
  std::string WithoutSecrets(std::string_view query) const;

 private:
  struct Known {
    std::vector<std::string> values;      // all, as they are
    std::vector<std::string> parameters;  // names, lower case
    std::vector<std::string> plain;       // what is looked for, lower case
    std::vector<std::string> base64;      // and in base64
    std::bitset<256> first;               // characters that one of these may begin with in a text
  };
  // Where a secret that begins at `begin` ends; `begin`: none does.
  static std::size_t EndOfSecret(const Known& known, std::string_view text, std::size_t begin);
  static bool IsSecretParameter(const Known& known, std::string_view parameter);
  std::shared_ptr<const Known> known() const;

  Guarded<std::shared_ptr<const Known>> known_;
};

// Of this process, which has one log and one state to keep them out of. Whatever reads or receives
// a secret adds it here.
SecretSet& KnownSecrets();

}  // namespace sluice
