#include "storage/committer.h"

#include <pthread.h>

#include <iterator>
#include <utility>

namespace sluice {

Committer::Committer(Store& store, OutputDir& output, Options options, Hooks hooks)
    : store_(store), output_(output), options_(options), hooks_(std::move(hooks)) {}

Committer::~Committer() { Stop(); }

void Committer::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "commit");
    Loop(stop);
  });
}

void Committer::Submit(CommitRecord record) {
  {
    std::lock_guard lock(mutex_);
    if (pending_.empty()) oldest_ = std::chrono::steady_clock::now();
    pending_.push_back(std::move(record));
  }
  changed_.notify_one();
}

void Committer::Wake() {
  {
    std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Committer::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Committer::Loop(const std::stop_token& stop) {
  SteadyTime wake_at = hooks_.tick();
  while (!stop.stop_requested()) {
    std::vector<CommitRecord> group = NextGroup(stop, wake_at);
    if (!group.empty()) hooks_.committed(group.size(), CommitGroup(group));
    wake_at = hooks_.tick();
  }
}

std::vector<CommitRecord> Committer::NextGroup(const std::stop_token& stop, SteadyTime wake_at) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const bool closed = pending_.size() >= options_.records_max ||
                        (!pending_.empty() && pending_.size() >= hooks_.enough());
    const SteadyTime deadline =
        pending_.empty() ? wake_at : std::min(wake_at, oldest_ + options_.delay_max);
    if (closed || woken_ || std::chrono::steady_clock::now() >= deadline) break;
    changed_.wait_until(lock, stop, deadline, [&] {
      return woken_ || pending_.size() >= options_.records_max ||
             (!pending_.empty() &&
              (pending_.size() >= hooks_.enough() || oldest_ + options_.delay_max < deadline));
    });
  }
  woken_ = false;
  std::vector<CommitRecord> group;
  const std::size_t count = std::min(pending_.size(), options_.records_max);
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
  group.assign(std::make_move_iterator(pending_.begin()), std::make_move_iterator(end));
  pending_.erase(pending_.begin(), end);
  oldest_ = std::chrono::steady_clock::now();
  return group;
}

Status Committer::CommitGroup(std::vector<CommitRecord>& group) {
  std::vector<OutputFile> files;
  for (CommitRecord& record : group) {
    for (OutputFile& output : record.outputs) output.source = record.item.document;
    std::move(record.outputs.begin(), record.outputs.end(), std::back_inserter(files));
  }
  // Data first, the row that says so second: never the other way round.
  if (auto status = output_.Publish(files); !status) return status;
  auto file = files.begin();
  for (CommitRecord& record : group) {
    for (OutputFile& output : record.outputs) {
      output = std::move(*file++);
      auto state = output_.Inspect(output.path, WithHash::kNo);
      if (!state) return Fail(state.error());
      if (*state) output.mtime_ns = (*state)->mtime_ns;
    }
  }
  return store_.Commit(group);
}

}  // namespace sluice
