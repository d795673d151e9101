// The transform stage: bytes in, values out. Turns an answer into what it reveals, and a document
// into its text; fills Item::record with what is to be committed.
//
// Thread-safe: a const callable; runs on as many cores as there are.
#pragma once

#include "stages/item.h"
#include "stages/reader_pool.h"
#include "stages/sources/source.h"
#include "storage/base/clock.h"
#include "storage/output_dir.h"

namespace sluice {

class Transform {
 public:
  // Borrows all; they must outlive it.
  // Long answers, and what comes of them, go to `spill`.
  Transform(const Source& source, ReaderPool& readers, OutputDir& output, const SpillDir& spill,
            const Clock& clock, RetryOptions retry);

  void operator()(Item& item) const;

 private:
  void ReadStored(Item& item) const;
  void ReadFetched(Item& item) const;
  void ReadConfirmed(Item& item) const;
  void ReadAnswer(Item& item, Answer answer) const;
  void ReadRefusal(Item& item, Refusal refusal) const;
  void Keep(Item& item, Reading reading, StoredResponse response) const;
  void RenderDocument(Item& item) const;

  const Source& source_;
  ReaderPool& readers_;
  OutputDir& output_;
  const SpillDir& spill_;
  const Clock& clock_;
  const RetryOptions retry_;
};

}  // namespace sluice
