// Two bodies of a flow graph write one number without synchronisation. ThreadSanitizer must say so;
// where it does not, its silence about sluice means nothing.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>

#include <cstdio>

int main() {
  namespace flow = oneapi::tbb::flow;
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism,
                                            4);
  flow::graph graph;
  long sum = 0;
  flow::function_node<int> add(graph, flow::unlimited, [&](int number) { sum += number; });
  for (int i = 0; i < 100'000; ++i) add.try_put(i);
  graph.wait_for_all();
  std::printf("%ld\n", sum);
  return 0;
}
