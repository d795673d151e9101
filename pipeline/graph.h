// The graph: the five stages, what connects them, and how many of each may run at once.
// graph.cc is the whole machine on one screen; it alone includes oneTBB's flow graph.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "pipeline/admission.h"
#include "stages/fetch.h"
#include "stages/item.h"
#include "stages/lookup.h"
#include "stages/transform.h"

namespace sluice {

// Bodies of one node that may run at once. The limits inside fetch are per operation
// (stages/fetch).
struct StageLimits {
  std::size_t lookup = 2;
  std::size_t transform = 0;  // 0: as many as there are cores
};

// Borrows everything that is passed in; it must outlive the graph.
class Graph {
 public:
  // Takes over a finished item: it is to be committed, after which Committed() is called.
  using Write = std::function<void(const ItemPtr&)>;

  Graph(Admission& admission, const Lookup& lookup, Fetch& fetch, const Transform& transform,
        Write write, StageLimits limits);
  // REQUIRES: Drain() has returned, and Activate() was not called since.
  ~Graph();

  // Admits what may be admitted. Any thread; call after items or credits have been added.
  void Activate();
  // `count` items have been committed. Any thread.
  void Committed(std::size_t count);
  // Waits until every admitted item has been committed, and checks that none was lost on the way.
  // The caller's thread burns CPU while it waits, so it sleeps elsewhere until the end is near.
  void Drain();

 private:
  struct Arena;
  struct Machine;
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Machine> machine_;
};

// Of the oneTBB that is loaded: "2021.8.0".
std::string FlowGraphVersion();

}  // namespace sluice
