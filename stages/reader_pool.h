// Read-only views of the state for stages that run on any thread: a reader is borrowed for one
// item and given back.
//
// Thread-safe. At most as many readers exist as items were in hand at once.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "storage/base/guarded.h"
#include "storage/store_reader.h"

namespace sluice {

class ReaderPool {
 public:
  // `file`: the state file; it must exist when the first reader is borrowed.
  // `memory`: the tier before it; null: none. `spill`: where long answers go that are read, see
  // BodyWriter. Both must outlive the pool.
  ReaderPool(std::filesystem::path file, ResponseMemory* memory, const SpillDir* spill = nullptr)
      : file_(std::move(file)), memory_(memory), spill_(spill) {}

  class Loan {
   public:
    Loan(ReaderPool& pool, std::unique_ptr<StoreReader> reader)
        : pool_(pool), reader_(std::move(reader)) {}
    ~Loan() {
      pool_.idle_.With([&](auto& idle) { idle.push_back(std::move(reader_)); });
    }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    StoreReader& operator*() { return *reader_; }
    StoreReader* operator->() { return reader_.get(); }

   private:
    ReaderPool& pool_;
    std::unique_ptr<StoreReader> reader_;
  };

  // The pool must outlive the loan. Errors as StoreReader::Open().
  Result<std::unique_ptr<Loan>> Borrow() {
    std::unique_ptr<StoreReader> reader = idle_.With([](auto& idle) {
      std::unique_ptr<StoreReader> last;
      if (!idle.empty()) {
        last = std::move(idle.back());
        idle.pop_back();
      }
      return last;
    });
    if (!reader) {
      auto opened = StoreReader::Open(file_, spill_);
      if (!opened) return Fail(opened.error());
      reader = std::move(*opened);
      if (memory_ != nullptr) reader->UseMemory(*memory_);
    }
    return std::make_unique<Loan>(*this, std::move(reader));
  }

 private:
  const std::filesystem::path file_;
  ResponseMemory* const memory_;
  const SpillDir* const spill_;
  Guarded<std::vector<std::unique_ptr<StoreReader>>> idle_;
};

}  // namespace sluice
