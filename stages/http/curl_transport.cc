#include "stages/http/curl_transport.h"

#include <curl/curl.h>
#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>

#include "stages/http/curl_transfer.h"
#include "stages/http/event_loop.h"
#include "storage/base/out_of_memory.h"

namespace sluice {
namespace {

template <class T>
T* OrEnd(T* block) {
  if (block == nullptr) OutOfMemory();
  return block;
}

// Without memory libcurl would go on with half of what it was told: a request without its URL, or
// without the header that authorises it.
void InitLibcurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init_mem(
        CURL_GLOBAL_DEFAULT, [](std::size_t size) { return OrEnd(std::malloc(size)); }, &std::free,
        [](void* block, std::size_t size) {
          void* const moved = std::realloc(block, size);
          return size == 0 ? moved : OrEnd(moved);
        },
        [](const char* text) { return OrEnd(strdup(text)); },
        [](std::size_t count, std::size_t size) { return OrEnd(std::calloc(count, size)); });
  });
}

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

MultiHandle NewMulti() {
  InitLibcurlOnce();
  MultiHandle multi(curl_multi_init());
  if (!multi) throw std::runtime_error("libcurl: curl_multi_init failed");
  return multi;
}

// Signals belong to the main thread, and a write to a closed connection must not end the process.
void BecomeLoopThread() {
  pthread_setname_np(pthread_self(), "curl");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

// curl_multi_socket_action over the event loop. curl_multi_perform would look at every transfer at
// each wake-up: 267 against 85 us of CPU per request with 256 in flight.
class CurlTransport::Loop {
 public:
  explicit Loop(CurlOptions options);
  ~Loop();

  EventLoop& events() { return events_; }
  void Start(HttpRequest request, Done done);
  void CancelAll();

 private:
  static int OnSocketChange(CURL*, curl_socket_t fd, int what, void* self, void*);
  static int OnTimerChange(CURLM*, long timeout_ms, void* self);
  SteadyTime AfterEachRound();
  void OnSocketReady(int fd, std::uint32_t events);
  void CollectFinished();
  void Finish(CURL* easy, CURLcode code);
  void Launch(std::unique_ptr<CurlTransfer> transfer);
  void DeliverLater(std::unique_ptr<CurlTransfer> transfer, TransportError error);
  EasyHandle NewEasy();

  const CurlOptions options_;
  EventLoop events_;
  // Only on the loop thread.
  MultiHandle multi_;
  SteadyTime curl_deadline_ = SteadyTime::max();
  std::unordered_map<CURL*, std::unique_ptr<CurlTransfer>> transfers_;
  std::vector<EasyHandle> idle_;
  bool stopped_ = false;
  // Last, so that it starts when the rest is there and ends before any of it is gone.
  std::jthread thread_;
};

CurlTransport::Loop::Loop(CurlOptions options)
    : options_(std::move(options)),
      events_([this](int fd, std::uint32_t ready) { OnSocketReady(fd, ready); }),
      multi_(NewMulti()) {
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Loop::OnSocketChange);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Loop::OnTimerChange);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                    static_cast<long>(options_.in_flight_max) + 8);
  thread_ = std::jthread([this] {
    BecomeLoopThread();
    events_.Run([this] { return AfterEachRound(); });
  });
}

CurlTransport::Loop::~Loop() {
  events_.Post([this] { CancelAll(); });
  events_.Quit();
  thread_.join();
}

// libcurl calls these two from inside its own functions, so they only take note.
int CurlTransport::Loop::OnSocketChange(CURL*, curl_socket_t fd, int what, void* self, void*) {
  std::uint32_t events = 0;
  if (what != CURL_POLL_REMOVE && (what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if (what != CURL_POLL_REMOVE && (what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  static_cast<Loop*>(self)->events_.Watch(fd, events);
  return 0;
}

int CurlTransport::Loop::OnTimerChange(CURLM*, long timeout_ms, void* self) {
  static_cast<Loop*>(self)->curl_deadline_ =
      timeout_ms < 0 ? SteadyTime::max()
                     : std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  return 0;
}

SteadyTime CurlTransport::Loop::AfterEachRound() {
  if (curl_deadline_ <= std::chrono::steady_clock::now()) {
    curl_deadline_ = SteadyTime::max();
    int running = 0;
    curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
  }
  CollectFinished();
  return curl_deadline_;
}

void CurlTransport::Loop::OnSocketReady(int fd, std::uint32_t events) {
  int action = 0;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0) action |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) action |= CURL_CSELECT_OUT;
  if ((events & EPOLLERR) != 0) action |= CURL_CSELECT_ERR;
  int running = 0;
  curl_multi_socket_action(multi_.get(), fd, action, &running);
}

void CurlTransport::Loop::CollectFinished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    // remove_handle invalidates the message.
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    if (message->msg == CURLMSG_DONE) Finish(easy, code);
  }
}

void CurlTransport::Loop::Finish(CURL* easy, CURLcode code) {
  curl_multi_remove_handle(multi_.get(), easy);
  auto node = transfers_.extract(easy);
  std::unique_ptr<CurlTransfer> transfer = std::move(node.mapped());
  TransportResult result = transfer->Finish(code);
  if (result && transfer->ShouldRedirect(*result)) {
    if (auto redirected = transfer->Redirect(*result)) {
      Launch(std::move(transfer));
      return;
    } else {
      result = tl::unexpected(std::move(redirected.error()));
    }
  }
  idle_.push_back(transfer->TakeHandle());
  transfer->Deliver(std::move(result));
}

void CurlTransport::Loop::Start(HttpRequest request, Done done) {
  auto transfer =
      std::make_unique<CurlTransfer>(NewEasy(), std::move(request), std::move(done), options_);
  if (stopped_) {
    DeliverLater(std::move(transfer), {.code = Code::kCancelled, .message = "the run is stopping"});
    return;
  }
  Launch(std::move(transfer));
}

void CurlTransport::Loop::Launch(std::unique_ptr<CurlTransfer> transfer) {
  if (auto prepared = transfer->Prepare(); !prepared) {
    DeliverLater(std::move(transfer), std::move(prepared.error()));
    return;
  }
  CURL* const easy = transfer->easy();
  if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
    DeliverLater(std::move(transfer),
                 {.code = Code::kTransient, .message = "libcurl has no memory"});
    return;
  }
  transfers_.emplace(easy, std::move(transfer));
}

// Done must not run inside Start(), so a request that never leaves is answered by the next round.
void CurlTransport::Loop::DeliverLater(std::unique_ptr<CurlTransfer> transfer,
                                       TransportError error) {
  auto shared = std::shared_ptr<CurlTransfer>(std::move(transfer));
  events_.Post([this, shared, error = std::move(error)]() mutable {
    idle_.push_back(shared->TakeHandle());
    shared->Deliver(tl::unexpected(std::move(error)));
  });
}

void CurlTransport::Loop::CancelAll() {
  stopped_ = true;
  for (auto& [easy, transfer] : std::exchange(transfers_, {})) {
    curl_multi_remove_handle(multi_.get(), easy);
    DeliverLater(std::move(transfer),
                 {.code = Code::kCancelled, .message = "stopped while the request was under way"});
  }
}

EasyHandle CurlTransport::Loop::NewEasy() {
  if (idle_.empty()) return EasyHandle(curl_easy_init());
  EasyHandle easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

std::string CaFileOfEnvironment() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

CurlTransport::CurlTransport(CurlOptions options)
    : loop_(std::make_unique<Loop>(std::move(options))) {}
CurlTransport::~CurlTransport() = default;

void CurlTransport::Post(std::function<void()> work) { loop_->events().Post(std::move(work)); }

void CurlTransport::After(Duration delay, std::function<void()> work) {
  loop_->events().After(delay, std::move(work));
}

void CurlTransport::Start(HttpRequest request, Done done) {
  loop_->Start(std::move(request), std::move(done));
}

void CurlTransport::Stop() {
  loop_->events().Post([loop = loop_.get()] { loop->CancelAll(); });
}

}  // namespace sluice
