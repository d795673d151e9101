// The job: everything a run is told, from a job file, the environment and the command line, in one
// typed value. Plain data; nothing here is a secret (tokens are references).
//
// The comment at a field is its documentation: key, unit, default, and what follows from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/rest_job.h"
#include "storage/base/result.h"

namespace sluice {

enum class SourceKind { kNotion, kTrakt, kRest };

// "notion", "trakt", "rest": as job.source has it.
std::string_view SourceName(SourceKind source);

// Limits of requests in flight per kind of request. More hides latency, until the source answers
// with 429 or slows down; the rate limit holds whatever stands here.
struct FetchLimits {
  int pages = 5;        // stages.fetch.pages: page objects, 1 to 1000
  int databases = 3;    // stages.fetch.databases: schemas and row queries
  int blocks = 15;      // stages.fetch.blocks: the text of pages; most of the requests
  int comments = 10;    // stages.fetch.comments
  int users = 25;       // stages.fetch.users
  int properties = 15;  // stages.fetch.properties: row values too long for their row
  // stages.fetch.autotune: true lets a run go below and back up to these as answers slow down.
  bool autotune = true;
  // stages.fetch.<operation>, of the other sources: the sections of a Trakt account, the resources
  // of a REST job. What is not named has the source's own limit.
  std::map<std::string, int> operations;
};

struct Job {
  // [job]
  std::string name;                         // shown by `check`; default: the file's name
  SourceKind source = SourceKind::kNotion;  // required in a job file
  std::filesystem::path output;             // required. In a file: relative to the file's folder;
                                            // in a flag or variable: to the current folder

  struct Notion {
    std::string token = "env:NOTION_TOKEN";  // env:NAME, file:PATH or cmd:COMMAND; never the token
    std::string base_url = "https://api.notion.com";  // https, or http on the loopback; no '/' at
                                                      // the end
    bool allow_http = false;             // true: http to any host. The token is then readable
                                         // by everyone on the way
    std::string version = "2025-09-03";  // API version: that, or "2022-06-28" for proxies and
                                         // servers which know no data sources
    // "comments" (one request for every changed page, so not in the default) and "users" are
    // switches. Pages and databases are always exported; "assets" has no effect in this build.
    std::vector<std::string> include = {"pages", "databases", "users"};
    std::vector<std::string> roots;  // page or database ids; empty: all that the token sees
  } notion;

  struct Trakt {
    std::string client_id = "env:TRAKT_CLIENT_ID";          // reference; sent as trakt-api-key
    std::string client_secret = "env:TRAKT_CLIENT_SECRET";  // reference; needed only where the
                                                            // stored pair is to be renewed
    // Reference to an access token, which is then used as it is until it expires. Empty: the pair
    // that `sluice auth trakt` stored, which is renewed when it has expired.
    std::string token;
    std::string token_file = "~/.config/sluice/trakt.json";  // of the stored pair; the default
                                                             // moves with $XDG_CONFIG_HOME
    std::string base_url = "https://api.trakt.tv";
    std::string auth_url = "https://auth.trakt.tv";  // of everything that is OAuth
    bool allow_http = false;                         // as notion.allow_http
    // Any of "history", "ratings", "watchlist", "collection", "shows", "lists".
    std::vector<std::string> include = {"history", "ratings", "watchlist", "collection", "shows"};
    std::string history_mode = "individual";  // every watch is a row; "aggregated": every film
    std::string rows = "full";      // "new_only": only rows that no earlier file of this folder had
    std::string timezone;           // IANA, "Europe/Paris": of the dates. Empty: the account's
    std::vector<std::string> tags;  // of every watched film, in a column Tags; none: no column
    bool reviews = false;           // true: comments on films become reviews
  } trakt;

  // [client], [resource_defaults] and [[resources]] of a REST job.
  RestJob rest;

  struct Limits {
    int in_flight = 64;                      // items between admission and durable commit
    std::int64_t memory_bytes = 50'000'000;  // "50MB": bodies in flight and cached in memory
    // Requests per second: "3/s", "1000/5m", 2.5; 0: no limit. Left out: what the source documents.
    std::optional<double> requests_per_second;
    std::optional<int> burst;  // requests that may go at once after a pause. Left
                               // out: what the source documents
  } limits;

  struct Stages {
    int list_limit = 1;    // stages.list.limit: listing requests at a time
    int lookup_limit = 2;  // stages.lookup.limit: readers of the stored responses
    FetchLimits fetch;
    int transform_limit = 0;      // stages.transform.limit; 0: number of cores
    int write_batch_items = 256;  // stages.write.batch_items: one transaction holds so
                                  // many items ...
    std::chrono::milliseconds write_batch_delay{200};  // stages.write.batch_delay: ... or what came
                                                       // in this time; a kill loses no more
  } stages;

  struct Retry {
    int read_attempts = 10;                       // tries of one request, the first included
    std::chrono::milliseconds base{500};          // first pause; doubles with each try, with jitter
    std::chrono::milliseconds max_wait{900'000};  // "15m": a source that refuses for longer ends
                                                  // the run with exit 7; the same command resumes
  } retry;

  struct Cache {
    bool enabled = true;                        // false: the next run asks for everything again
    std::int64_t bytes_max = 256'000'000;       // max_bytes, on disk, compressed
    std::int64_t entries_max = 0;               // max_entries; 0: no bound
    std::chrono::milliseconds ttl{86'400'000};  // "24h", for what carries no revision or validator
    std::chrono::milliseconds negative_ttl{3'600'000};  // "1h", for known absences without revision
    std::chrono::milliseconds age_max{0};               // max_age; 0: no bound
    int memory_entries = 10'000;                        // the tier in memory, within limits.memory
  } cache;

  struct Checkpoint {
    std::chrono::milliseconds interval{30'000};  // upper bound; each write batch commits anyway
  } checkpoint;

  struct Monitoring {
    std::string listen;      // "127.0.0.1:6060": no effect in this build
    bool profiling = false;  // likewise
  } monitoring;

  // Where each key that is not at its default was set: "wiki.toml:12", "SLUICE_LIMITS_RATE",
  // "--set". By full key, "limits.rate".
  std::map<std::string, std::string> origins;
};

// `key=value` from outside the file. Text is read as the key needs it; lists are comma-separated.
struct Setting {
  std::string key;  // "limits.rate"
  std::string value;
  std::string origin;  // "--set", "--out", "SLUICE_LIMITS_RATE": named in messages
};

// Stands in Setting::key for the section of the job's source: "source.token" of a flag.
inline constexpr std::string_view kSourceSection = "source";

struct JobInputs {
  std::optional<std::filesystem::path> file;
  std::vector<Setting> environment;  // as JobEnvironment() gives it
  std::vector<Setting> flags;        // `--set` first, the flags that stand for a key after them
};

// Puts the layers together: defaults < file < environment < flags. kUsage: the first line of the
// message is the headline, each further line names one problem with file and line, key, and what is
// allowed; values are never repeated, since one of them might be a secret.
Result<Job> LoadJob(const JobInputs& inputs);

// The variables SLUICE_SECTION_KEY among `environment` ("NAME=value", as environ has them). Those
// whose SECTION is none of a job's sections are someone else's.
std::vector<Setting> JobEnvironment(const char* const* environment);

// How a value of the job reads in a job file, for `sluice check`; by full key, in file order.
struct KeyValue {
  std::string key;
  std::string value;
};
std::vector<KeyValue> JobKeys(const Job& job);

}  // namespace sluice
