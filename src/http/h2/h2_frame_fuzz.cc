// A server of ours and one of nghttp2's over the same bytes behind a valid preface: which requests do they
// understand, and how? nghttp2 is laxer in places that are listed below; what both accept must be the same.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "http/h2/oracle.h"
#include "http/h2/testing.h"

using namespace turnpike;
using namespace turnpike::http;
using namespace turnpike::http::h2;
using namespace turnpike::http::h2::testing;

namespace {

struct Understood {
  oracle::FieldList fields;  // of the request, pseudo ones too
  std::string content;
};
using Requests = std::map<StreamId, Understood>;

struct Ours final : Recorder {
  Requests requests;
  bool request_refused = false;
  void* on_request(StreamId id, RequestHead&& head, bool) override {
    Understood& u = requests[id];
    u.fields.emplace_back(":method", head.method_text);
    if (!head.scheme.empty()) u.fields.emplace_back(":scheme", head.scheme);
    for (const Field& field : head.fields) u.fields.emplace_back(field.name, field.value);
    return &exchange(id);
  }
  void on_refused(StreamId, const Error&, unsigned) override { request_refused = true; }
  void on_data(StreamId id, void*, std::string_view data, bool) override {
    requests[id].content += data;
    session->consumed(id, data.size());
  }
  void on_reset(StreamId, void*, ErrorCode, bool) override {}
};

struct Theirs {
  Requests requests;
  nghttp2_session* session = nullptr;
  bool failed = false;

  Theirs() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
           const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
          if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            static_cast<Theirs*>(user)->pending[frame->hd.stream_id].fields.emplace_back(
                oracle::text(name, name_size), oracle::text(value, value_size));
          }
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          auto* const self = static_cast<Theirs*>(user);
          const auto id = frame->hd.stream_id;
          if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            self->requests[static_cast<StreamId>(id)] = self->pending[id];
          if (frame->hd.type == NGHTTP2_GOAWAY) self->failed = false;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                      std::size_t size, void* user) {
          static_cast<Theirs*>(user)->requests[static_cast<StreamId>(id)].content += oracle::text(data, size);
          return 0;
        });
    nghttp2_session_server_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entries[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 128},
                                              {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries, 2);
  }
  ~Theirs() { nghttp2_session_del(session); }
  Theirs(const Theirs&) = delete;
  Theirs& operator=(const Theirs&) = delete;

  std::map<std::int32_t, Understood> pending;

  void receive(std::string_view in) {
    if (nghttp2_session_mem_recv(session, oracle::bytes(in), in.size()) < 0) failed = true;
    const std::uint8_t* out = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(session, &out)) > 0) {
      for (const Sent& sent : split_frames(oracle::text(out, static_cast<std::size_t>(size))))
        failed |= sent.header.type == FrameType::goaway;
    }
  }
};

// As we tell them: without :authority and :path, which move, and with crumbs joined.
oracle::FieldList as_ours(const oracle::FieldList& theirs) {
  oracle::FieldList fields;
  std::ptrdiff_t cookie = -1;
  for (const auto& [name, value] : theirs) {
    if (name == ":method" || name == ":scheme") continue;
    if (name.starts_with(':')) continue;
    if (name == "cookie" && cookie >= 0) {
      fields[static_cast<std::size_t>(cookie)].second += "; " + value;
      continue;
    }
    if (name == "cookie") cookie = static_cast<std::ptrdiff_t>(fields.size());
    fields.emplace_back(name, value);
  }
  for (const char* name : {":scheme", ":method"}) {
    for (const auto& field : theirs) {
      if (field.first == name) fields.insert(fields.begin(), field);
    }
  }
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 9 || size > 8000) return -1;
  const std::string bytes =
      std::string(kPreface) + settings() + std::string(reinterpret_cast<const char*>(data), size);
  const Limits limits;
  Ours ours;
  Session session(Role::server, limits, ours, {});
  ours.session = &session;
  session.receive(bytes, {});
  take_output(session);
  Theirs theirs;
  theirs.receive(bytes);
  for (const auto& [id, mine] : ours.requests) {
    const auto found = theirs.requests.find(id);
    // What we serve, nghttp2 serves, too (unless it ended the connection in front of it, by rules of its
    // own); and it understands the same.
    if (found == theirs.requests.end()) {
      if (!theirs.failed) std::abort();
      continue;
    }
    if (as_ours(found->second.fields) != mine.fields) std::abort();
    if (!theirs.failed && !session.failed() && !found->second.content.starts_with(mine.content) &&
        !mine.content.starts_with(found->second.content)) {
      std::abort();
    }
  }
  return 0;
}
