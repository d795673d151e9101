// SIGINT and SIGTERM as something to wait for, instead of something that interrupts.
//
// Construct before any other thread starts: it blocks the signals for all of them. SIGPIPE is
// ignored for good: a closed pipe must not end an export.
#pragma once

#include <chrono>

#include "storage/beneath.h"

namespace sluice {

class SignalWatch {
 public:
  SignalWatch();

  // Sleeps until a signal arrives, `fd` becomes readable, or the time is over. Returns the signal,
  // or 0. Only one thread may wait.
  int Wait(std::chrono::milliseconds at_most, int fd) const;

 private:
  UniqueFd signals_;
};

// Something another thread can make readable once.
class Event {
 public:
  Event();
  void Set() const;
  int fd() const { return fd_.get(); }
  bool IsSet() const;

 private:
  UniqueFd fd_;
};

}  // namespace sluice
