// Our sessions and nghttp2's talk to each other, in both roles: what we write, another implementation reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "http/h2/oracle.h"
#include "http/h2/testing.h"

namespace turnpike::http::h2::testing {
namespace {

struct Message {
  FieldList fields;
  FieldList trailers;
  std::string content;
  std::size_t sent = 0;  // of what it is to send
  bool ended = false;
  std::uint32_t error = 0;
};

// A session of nghttp2's that sends `kBody` with trailers, and collects what comes.
const std::string kBody(70'000, 'b');  // more than a window
const FieldList kTrailers = {{"x-check", "sum"}};

class Oracle {
 public:
  std::map<StreamId, Message> messages;
  bool invalid = false;

  explicit Oracle(Role role) : server_(role == Role::server) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, int, void* user) {
          static_cast<Oracle*>(user)->invalid = true;
          return 0;
        });
    (server_ ? nghttp2_session_server_new : nghttp2_session_client_new)(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~Oracle() { nghttp2_session_del(session_); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  StreamId request(const FieldList& fields) {
    const std::vector<nghttp2_nv> list = oracle::name_values(fields);
    nghttp2_data_provider body = provider();
    return static_cast<StreamId>(
        nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &body, nullptr));
  }
  void receive(std::string_view in) {
    EXPECT_EQ(nghttp2_session_mem_recv(session_, oracle::bytes(in), in.size()),
              static_cast<ssize_t>(in.size()));
  }
  std::string output() {
    std::string all;
    const std::uint8_t* out = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &out)) > 0;)
      all += oracle::text(out, static_cast<std::size_t>(size));
    return all;
  }

 private:
  nghttp2_data_provider provider() {
    nghttp2_data_provider body{};
    body.source.ptr = this;
    body.read_callback = [](nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t size,
                            std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      Message& message = static_cast<Oracle*>(source->ptr)->messages[static_cast<StreamId>(id)];
      const std::size_t count = std::min(size, kBody.size() - message.sent);
      std::copy_n(kBody.data() + message.sent, count, out);
      message.sent += count;
      if (message.sent == kBody.size()) {
        *flags = NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::vector<nghttp2_nv> trailers = oracle::name_values(kTrailers);
        nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
      }
      return static_cast<ssize_t>(count);
    };
    return body;
  }
  void answer(std::int32_t id) {
    const FieldList head = {{":status", "200"}, {"content-length", std::to_string(kBody.size())}};
    const std::vector<nghttp2_nv> list = oracle::name_values(head);
    nghttp2_data_provider body = provider();
    nghttp2_submit_response(session_, id, list.data(), list.size(), &body);
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user) {
    Message& message = static_cast<Oracle*>(user)->messages[static_cast<StreamId>(frame->hd.stream_id)];
    FieldList& list = frame->headers.cat == NGHTTP2_HCAT_HEADERS ? message.trailers : message.fields;
    list.emplace_back(oracle::text(name, name_size), oracle::text(value, value_size));
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto* const self = static_cast<Oracle*>(user);
    if (frame->hd.stream_id == 0) return 0;
    Message& message = self->messages[static_cast<StreamId>(frame->hd.stream_id)];
    const bool content = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    message.ended |= content && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_RST_STREAM) message.error = frame->rst_stream.error_code;
    if (self->server_ && frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      self->answer(frame->hd.stream_id);
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    static_cast<Oracle*>(user)->messages[static_cast<StreamId>(id)].content += oracle::text(data, size);
    return 0;
  }

  nghttp2_session* session_ = nullptr;
  bool server_;
};

void pump(Session& ours, Oracle& theirs) {
  for (;;) {
    const std::string from_us = take_output(ours);
    if (!from_us.empty()) theirs.receive(from_us);
    const std::string from_them = theirs.output();
    if (!from_them.empty()) ASSERT_EQ(ours.receive(from_them, {}).kind, ErrorKind::none) << ours.fault();
    if (from_us.empty() && from_them.empty()) return;
  }
}

// An owner that sends kBody and kTrailers on each stream, as windows allow.
struct Owner final : Recorder {
  std::map<StreamId, std::size_t> progress;
  void* on_request(StreamId id, RequestHead&& head, bool end) override {
    void* const owner = Recorder::on_request(id, std::move(head), end);
    ResponseHead response;
    response.status = 200;
    response.fields.add(exchange(id).arena, "Server", "turnpike");
    session->send_response(id, response, false);
    go_on(id);
    return owner;
  }
  void on_writable(StreamId id, void*) override { go_on(id); }
  void go_on(StreamId id) {
    std::size_t& sent = progress[id];
    const iovec piece{const_cast<char*>(kBody.data()) + sent, kBody.size() - sent};
    sent += session->send_data(id, {&piece, 1}, false);
    if (sent < kBody.size()) return;
    Fields trailers;
    for (const auto& [name, value] : kTrailers) trailers.add(exchange(id).arena, name, value);
    session->send_trailers(id, trailers);
  }
};

TEST(WithTheOracle, AsTheServer) {
  Owner owner;
  const Limits limits;
  Session session(Role::server, limits, owner, {});
  owner.session = &session;
  Oracle client(Role::client);
  for (int round = 0; round < 10; ++round) {
    std::vector<StreamId> ids;
    for (int i = 0; i < 5; ++i)
      ids.push_back(client.request(
          with(post("/" + std::to_string(i)), {{"cookie", "a=b"}, {"x-round", std::to_string(round)}})));
    pump(session, client);
    for (const StreamId id : ids) {
      const Message& message = client.messages[id];
      EXPECT_EQ(message.fields, (FieldList{{":status", "200"}, {"server", "turnpike"}}));
      EXPECT_TRUE(message.content == kBody);
      EXPECT_EQ(message.trailers, kTrailers);
      EXPECT_TRUE(message.ended);
      EXPECT_EQ(message.error, 0u);
      EXPECT_TRUE(owner.exchange(id).content == kBody);
      EXPECT_EQ(owner.exchange(id).trailers.find("x-check")->value, "sum");
    }
    EXPECT_EQ(session.open_streams(), 0u);
  }
  EXPECT_FALSE(client.invalid);
}

TEST(WithTheOracle, AsTheClient) {
  Owner owner;
  const Limits limits;
  Session session(Role::client, limits, owner, {});
  owner.session = &session;
  Oracle server(Role::server);
  for (int round = 0; round < 10; ++round) {
    std::vector<StreamId> ids;
    for (int i = 0; i < 5; ++i) {
      RequestHead head;
      head.method = Method::post;
      head.scheme = "https";
      head.authority = "ledger";
      const std::string path = "/" + std::to_string(i);
      head.path = path;
      head.query = "round";
      head.has_query = true;
      const StreamId id = session.submit_request(head, false, nullptr);
      ASSERT_NE(id, 0u);
      session.set_owner(id, &owner.exchange(id));
      owner.go_on(id);
      ids.push_back(id);
    }
    pump(session, server);
    for (const StreamId id : ids) {
      const Message& message = server.messages[id];
      EXPECT_EQ(message.fields.size(), 4u);
      EXPECT_EQ(message.fields.back().second, "/" + std::to_string(id / 2 % 5) + "?round");
      EXPECT_TRUE(message.content == kBody);
      EXPECT_EQ(message.trailers, kTrailers);
      EXPECT_EQ(message.error, 0u);
      EXPECT_EQ(owner.exchange(id).response.status, 200);
      EXPECT_TRUE(owner.exchange(id).content == kBody);
      EXPECT_EQ(owner.exchange(id).trailers.find("x-check")->value, "sum");
    }
    EXPECT_EQ(session.open_streams(), 0u);
  }
  EXPECT_FALSE(server.invalid);
}

}  // namespace
}  // namespace turnpike::http::h2::testing
