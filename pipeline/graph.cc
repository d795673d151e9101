// The machine. Read it top to bottom: nodes in the order of the flow, then the edges.
//
//   list --> ADMIT --> lookup --+-- miss --> fetch --+--> transform --> write --> (commit thread)
//                               +-- hit -------------+
//
// There is no edge back. What an answer reveals goes to the frontier on disk with the commit of its
// parent, and the list node picks it up from there; so there is no cycle that could deadlock and
// nothing in memory that a kill could lose.
//
// Facts about oneTBB 2021.8 that shaped this (each was measured):
//   - function_node and async_node drop what a `rejecting` successor refuses; so every node queues,
//     and the one bound is the credit that the list node takes together with the item.
//   - an input_node's body runs under a spin lock; so it only pops from memory.
//   - a node's concurrency cannot change at run time; so changing limits live inside fetch.
//   - wait_for_all() spins for its whole life; so the main thread calls it only at the end.
//   - an exception that leaves a body cancels the graph, and main would wait for ever; so no body
//     lets one out, and a defect ends the process, which loses no more than a kill.
#include "pipeline/graph.h"

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/version.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "storage/base/check.h"

namespace sluice {

namespace flow = oneapi::tbb::flow;

namespace {

// Parsing, compression and rendering are all that runs here; more threads than cores gain nothing.
// At least one, because with none the main thread would have to work, and it sleeps.
std::size_t Workers() { return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8); }

std::size_t OrCores(std::size_t limit) { return limit == 0 ? Workers() : limit; }

Validators ValidatorsOf(const Item& item) {
  if (!item.stale) return {};
  return {.etag = item.stale->etag, .last_modified = item.stale->last_modified};
}

// A long body is in a file, and what is read of it at a time is no more than this.
std::size_t InMemory(const Body& body) { return std::min(body.size(), kBodyInMemoryMax); }

// What an item holds in memory: the body it got, or the text it rendered (unless that was spilled).
std::size_t BodyBytes(const Item& item) {
  std::size_t bytes = item.stale ? InMemory(item.stale->body) : 0;
  if (item.fetched) {
    if (const auto* answer = std::get_if<Answer>(&*item.fetched)) bytes += InMemory(answer->body);
  }
  for (const OutputFile& output : item.record.outputs) bytes += output.content.size();
  return bytes;
}

// Replaces the estimate that the item was admitted with.
void Weigh(Item& item, std::size_t bytes, Admission& admission) {
  item.charged = admission.Correct(item.work, item.charged, static_cast<std::int64_t>(bytes));
}

}  // namespace

struct Graph::Machine {
  using List = flow::input_node<ItemPtr>;
  using LookupNode = flow::multifunction_node<ItemPtr, std::tuple<ItemPtr, ItemPtr>>;
  using FetchNode = flow::async_node<ItemPtr, ItemPtr>;
  using TransformNode = flow::function_node<ItemPtr, ItemPtr>;
  using WriteNode = flow::function_node<ItemPtr>;

  Machine(Admission& admission, const Lookup& lookup_stage, Fetch& fetch_stage,
          const Transform& transform_stage, Write write_stage, StageLimits limits)
      : list(graph,
             [this, &admission](oneapi::tbb::flow_control& control) noexcept -> ItemPtr {
               auto work = admission.TryAdmit();
               if (!work) {
                 control.stop();  // until the next Activate()
                 return {};
               }
               ++admitted;
               auto item = std::make_shared<Item>();
               item->work = std::move(work->item);
               item->charged = work->charged;
               return item;
             }),
        lookup(graph, limits.lookup,
               [&lookup_stage, &admission](const ItemPtr& item,
                                           LookupNode::output_ports_type& ports) noexcept {
                 if (lookup_stage(*item) == Route::kHit) {
                   if (item->stored) Weigh(*item, InMemory(item->stored->body), admission);
                   std::get<0>(ports).try_put(item);
                 } else {
                   std::get<1>(ports).try_put(item);
                 }
               }),
        fetch(graph, flow::unlimited,
              [&fetch_stage, &admission](const ItemPtr& item,
                                         FetchNode::gateway_type& gateway) noexcept {
                gateway.reserve_wait();
                fetch_stage.Start(item->work.request, item->work.attempt, ValidatorsOf(*item),
                                  [item, &gateway, &admission](FetchResult result) {
                                    item->fetched = std::move(result);
                                    Weigh(*item, BodyBytes(*item), admission);
                                    gateway.try_put(item);
                                    gateway.release_wait();  // after the put, exactly once
                                  });
              }),
        transform(graph, OrCores(limits.transform),
                  [&transform_stage, &admission](const ItemPtr& item) noexcept {
                    transform_stage(*item);
                    if (item->work.kind == ItemKind::kDocument) {
                      Weigh(*item, BodyBytes(*item), admission);
                    }
                    return item;
                  }),
        write(graph, flow::serial,
              [this, stage = std::move(write_stage)](const ItemPtr& item) noexcept {
                ++written;
                graph.reserve_wait();  // released by Committed()
                stage(item);
              }) {
    flow::make_edge(list, lookup);
    flow::make_edge(flow::output_port<0>(lookup), transform);  // hit
    flow::make_edge(flow::output_port<1>(lookup), fetch);      // miss
    flow::make_edge(fetch, transform);
    flow::make_edge(transform, write);
  }

  flow::graph graph;
  std::atomic<std::size_t> admitted{0};
  std::atomic<std::size_t> written{0};

  List list;
  LookupNode lookup;
  FetchNode fetch;
  TransformNode transform;
  WriteNode write;
};

// oneTBB's defaults would give no worker at all on one core, so threads and arena are explicit.
struct Graph::Arena {
  oneapi::tbb::global_control threads{oneapi::tbb::global_control::max_allowed_parallelism,
                                      Workers() + 1};
  oneapi::tbb::task_arena arena{static_cast<int>(Workers()), /*reserved_for_masters=*/0};
};

Graph::Graph(Admission& admission, const Lookup& lookup, Fetch& fetch, const Transform& transform,
             Write write, StageLimits limits)
    : arena_(std::make_unique<Arena>()) {
  arena_->arena.execute([&] {
    machine_ =
        std::make_unique<Machine>(admission, lookup, fetch, transform, std::move(write), limits);
  });
}

Graph::~Graph() = default;

void Graph::Activate() { machine_->list.activate(); }

void Graph::Committed(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) machine_->graph.release_wait();
}

void Graph::Drain() {
  machine_->graph.wait_for_all();
  SLUICE_CHECK(machine_->admitted == machine_->written);
}

std::string FlowGraphVersion() { return TBB_runtime_version(); }

}  // namespace sluice
