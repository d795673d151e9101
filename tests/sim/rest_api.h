// The rest service: GET /records, /records/{id} and /records/{id}/notes over generated records, and
// POST /oauth/token where it gives out tokens.
//
// Thread-safe.
#pragma once

#include "tests/sim/api.h"
#include "tests/sim/rest_auth.h"
#include "tests/sim/rest_paging.h"
#include "tests/sim/rest_world.h"

namespace sluice::sim {

class RestApi : public Api {
 public:
  RestApi(const RestOptions& options, const PagingOptions& paging, const std::string& auth,
          const TokenOptions& tokens);

  HttpResponse Answer(const HttpRequest& request, const ListFaults& faults) override;
  HttpResponse Refuse(const HttpRequest& request, Refusal reason, int retry_after_s) const override;
  std::string ListOf(std::string_view items) const override;

 private:
  HttpResponse Records(const HttpRequest& request, const ListFaults& faults) const;
  HttpResponse Record(RecordIndex record) const;
  HttpResponse Notes(const HttpRequest& request, const ListFaults& faults,
                     RecordIndex record) const;

  // Constant after construction.
  RestWorld world_;
  PagingOptions paging_;
  // Own synchronisation.
  RestAuth auth_;
};

}  // namespace sluice::sim
