#include "tests/support/h2_server.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "tests/support/http_call.h"

namespace sluice {
namespace {

using SessionHandle = std::unique_ptr<nghttp2_session, decltype(&nghttp2_session_del)>;
using Callbacks =
    std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)>;

std::string Text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv Pair(const std::string& name, const std::string& value) {
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// One connection. Only on its thread.
class Session {
 public:
  Session(SSL* ssl, const H2Server::Handler& handler, const H2Options& options, int number,
          std::atomic<int>& requests)
      : ssl_(ssl),
        handler_(handler),
        gather_(number == 1 ? options.gather : 1),
        number_(number),
        requests_(requests) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    const Callbacks owner(callbacks, &nghttp2_session_callbacks_del);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &Session::OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Session::OnData);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Session::OnFrame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Session::OnClose);
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new(&session, callbacks, this);
    session_.reset(session);
    const nghttp2_settings_entry streams{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                         options.streams_max};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &streams, 1);
  }

  void Run() {
    while (Flush() && GoesOn()) {
      const bool may_answer = !waiting_.empty() && arrived_ >= gather_;
      if (!may_answer || HasInput()) {
        if (!Read()) return;
      } else {
        const std::int32_t id = waiting_.front();
        waiting_.pop_front();
        if (!Answer(id)) return;
      }
    }
  }

 private:
  struct Stream {
    H2Request request;
    std::string body;  // of the answer
    std::size_t sent = 0;
    std::size_t sent_max = 0;  // so far
    bool ends = true;          // with END_STREAM, when all is sent
  };

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* self) {
    H2Request& request = static_cast<Session*>(self)->streams_[frame->hd.stream_id].request;
    std::string key = Text(name, name_size);
    std::string text = Text(value, value_size);
    if (key == ":method") {
      request.method = std::move(text);
    } else if (key == ":path") {
      request.path = std::move(text);
    } else if (!key.starts_with(':')) {
      request.headers.push_back({std::move(key), std::move(text)});
    }
    return 0;
  }

  static int OnData(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                    std::size_t size, void* self) {
    static_cast<Session*>(self)->streams_[id].request.body += Text(bytes, size);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    auto& session = *static_cast<Session*>(self);
    const bool part = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!part || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    session.waiting_.push_back(frame->hd.stream_id);
    ++session.arrived_;
    ++session.requests_;
    return 0;
  }

  static int OnClose(nghttp2_session*, std::int32_t id, std::uint32_t, void* self) {
    auto& session = *static_cast<Session*>(self);
    session.streams_.erase(id);
    std::erase(session.waiting_, id);
    return 0;
  }

  static ssize_t OnBody(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size,
                        std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& stream = *static_cast<Stream*>(source->ptr);
    const std::size_t count = std::min(size, stream.sent_max - stream.sent);
    std::copy_n(stream.body.data() + stream.sent, count, out);
    stream.sent += count;
    if (stream.ends && stream.sent == stream.body.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (count == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
  }

  bool GoesOn() const {
    return nghttp2_session_want_read(session_.get()) != 0 ||
           nghttp2_session_want_write(session_.get()) != 0;
  }

  bool HasInput() const {
    pollfd client{.fd = SSL_get_fd(ssl_), .events = POLLIN, .revents = 0};
    return SSL_pending(ssl_) > 0 || poll(&client, 1, 0) > 0;
  }

  bool Read() {
    std::array<std::uint8_t, 16 << 10> buffer;
    const int got = SSL_read(ssl_, buffer.data(), buffer.size());
    return got > 0 && nghttp2_session_mem_recv(session_.get(), buffer.data(),
                                               static_cast<std::size_t>(got)) == got;
  }

  bool Flush() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(session_.get(), &bytes)) != 0;) {
      if (size < 0 || SSL_write(ssl_, bytes, static_cast<int>(size)) <= 0) return false;
    }
    return true;
  }

  // False: the connection is to end.
  bool Answer(std::int32_t id) {
    H2Request request = streams_[id].request;
    request.connection = number_;
    H2Answer answer = handler_(request);
    const H2Fault fault = answer.fault;
    const bool whole = fault.then == H2Fault::Then::kNothing;
    Stream& stream = streams_[id];
    stream.body = std::move(answer.body);
    stream.ends = whole;
    stream.sent_max =
        whole ? stream.body.size() : std::min(fault.body_bytes.value_or(0), stream.body.size());
    if (whole || fault.body_bytes) Submit(id, stream, answer);
    return Flush() && Break(id, fault, answer);
  }

  void Submit(std::int32_t id, Stream& stream, const H2Answer& answer) {
    const std::string status = std::to_string(answer.status);
    const std::string status_name = ":status";
    std::vector<nghttp2_nv> headers = {Pair(status_name, status)};
    for (const HttpHeader& header : answer.headers) {
      headers.push_back(Pair(header.name, header.value));
    }
    const nghttp2_data_provider body{.source = {.ptr = &stream}, .read_callback = &OnBody};
    nghttp2_submit_response(session_.get(), id, headers.data(), headers.size(), &body);
  }

  bool Break(std::int32_t id, const H2Fault& fault, const H2Answer& answer) {
    using Then = H2Fault::Then;
    nghttp2_session* const session = session_.get();
    switch (fault.then) {
      case Then::kNothing:
      case Then::kSilence:
        return true;
      case Then::kReset:
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, fault.code);
        return true;
      case Then::kGoAway: {
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, id, fault.code, nullptr, 0);
        Stream& stream = streams_[id];
        stream.sent_max = stream.body.size();
        stream.ends = true;
        if (!fault.body_bytes) Submit(id, stream, answer);
        nghttp2_session_resume_data(session, id);
        return true;
      }
      case Then::kGoAwayAndClose:
      case Then::kRefuseAll:
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, fault.then == Then::kRefuseAll ? 0 : id,
                              fault.code, nullptr, 0);
        Flush();
        return false;
      case Then::kClose:
        return false;
    }
    return false;
  }

  SSL* const ssl_;
  const H2Server::Handler& handler_;
  const int gather_;
  const int number_;
  std::atomic<int>& requests_;
  SessionHandle session_{nullptr, &nghttp2_session_del};
  std::map<std::int32_t, Stream> streams_;  // that the client has opened
  std::deque<std::int32_t> waiting_;        // whole requests, not yet answered
  int arrived_ = 0;
};

bool ChoseHttp2(SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &name, &size);
  return Text(name, size) == "h2";
}

bool IsOfConnection(const std::string& name) {
  static const std::array<std::string_view, 5> kNames = {"connection", "keep-alive", "host",
                                                         "transfer-encoding", "content-length"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

H2Server::H2Server(Handler handler, H2Options options)
    : handler_(std::move(handler)),
      options_(options),
      front_([this](SSL* ssl) { Speak(ssl); }, {.alpn = options.http1_port == 0 ? "h2" : ""}) {}

void H2Server::Speak(SSL* ssl) {
  if (!ChoseHttp2(ssl)) return RelayTo(options_.http1_port, ssl);
  Session(ssl, handler_, options_, ++sessions_, requests_).Run();
}

H2Answer ForwardTo(int port, const H2Request& request) {
  HttpCall call{.method = request.method,
                .url = "http://127.0.0.1:" + std::to_string(port) + request.path,
                .body = request.body,
                .version = "",
                .token = ""};
  for (const HttpHeader& header : request.headers) {
    if (IsOfConnection(header.name) || header.name == "content-type") continue;
    call.headers.push_back(header.name + ": " + header.value);
  }
  HttpAnswer got = Send(call);
  if (got.curl_code != 0) throw std::runtime_error("the server behind has not answered");
  H2Answer answer{.status = got.status, .body = std::move(got.body)};
  for (const auto& [name, value] : got.headers) {
    if (!IsOfConnection(name)) answer.headers.push_back({name, value});
  }
  return answer;
}

}  // namespace sluice
