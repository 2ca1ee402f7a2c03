// One request and its response (design: the life of a request). The steps are methods, in the order in which
// they act; their files are named after them: exchange.cc (parse, route, policies), forward.cc (attempts and
// retries), upload.cc, relay.cc, tunnel.cc, respond.cc, record.cc.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/error.h"
#include "http/grpc/content_type.h"
#include "http/h1/codec.h"
#include "io/stream.h"
#include "io/task.h"
#include "observe/metrics.h"
#include "plan/plan.h"
#include "policy/policy.h"
#include "proxy/body_pipe.h"
#include "proxy/buffer.h"
#include "proxy/client.h"
#include "proxy/grpc_web.h"
#include "proxy/iovecs.h"
#include "proxy/pump.h"
#include "proxy/worker_plan.h"
#include "upstream/cluster.h"

namespace turnpike::proxy {

class ClientConnection;
class Worker;

class Exchange final : private io::HangupListener {
 public:
  // `now`: when the first byte of the request arrived. The port belongs to the plan.
  Exchange(Client& client, WorkerPlan::Pin plan, const plan::Port& port, TimePoint now);
  ~Exchange();
  static void* operator new(std::size_t size) { return free_list_allocate(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { free_list_release(memory, size); }

  // Parses the head from what the client's buffer holds.
  http::h1::Parse parse();
  // The head of a request that was read elsewhere (HTTP/2): its texts are in arena().
  void begin(http::RequestHead&& head);
  Arena& arena() noexcept { return arena_; }
  // What never became a request, answered already with `status` (0: not at all): only for the record.
  void record_refused(const Error& error, unsigned status);
  // After Parse::complete (or Parse::error), or begin(): routes, forwards or answers, and records.
  io::Task<After> run();
  // What has been parsed of a head that is not whole lay in memory that is gone.
  void head_moved() noexcept { request_ = {}; }
  // The head did not come in time, or the client left before it was whole; or there was no handshake.
  io::Task<After> fail_before_head(Error error);
  // Whatever it waits for ends now: the worker cuts its connections.
  void give_up() { on_hangup(); }

 private:
  // --- exchange.cc ---
  Error understand();  // target, authority, path, framing
  void understand_upgrade();
  bool understand_connect();
  Error find_route();
  void add_forwarding_fields();
  bool apply_request_policies(std::span<const policy::Policy* const> policies);
  Error choose_backend();
  void apply_response_policies();

  // --- forward.cc ---
  io::Task<After> forward();
  io::Task<Error> attempt();
  Error begin_attempt();
  io::Task<Error> read_response_head();
  io::Task<Error> pass_informational();
  bool retry_wanted(const Error& error) const noexcept;
  bool may_retry(const Error& error) noexcept;
  bool wants_status_retry() noexcept;
  bool budget_allows() noexcept;
  void give_back_unwanted_response() noexcept;
  void report(const Error& error) noexcept;
  void end_attempt(const Error& error) noexcept;
  void clean_upstream_fields();
  std::string_view upstream_head();
  Error judge_head();

  // --- forward_stream.cc: the same over HTTP/2
  http::RequestHead upstream_request();
  bool open_stream();
  io::Task<Error> read_streamed_head();
  Error reset_error() noexcept;

  // --- websocket.cc
  std::string_view websocket_handshake();
  Error judge_handshake();
  void prepare_extended_connect(http::RequestHead& head);
  void on_hangup() override;
  Error timeout_error() const noexcept;
  bool head_deadline_moves() noexcept;
  bool attempts_left() const noexcept;

  // --- upload.cc: the request's content ---
  void prepare_body();
  void prepare_streamed_body();
  BodyPipe::State gather_upload();
  bool upload_chunked() const noexcept;  // towards HTTP/1
  bool body_replayable() const noexcept { return !body_lost_; }
  void rewind_body();
  Error send_request();
  io::Task<void> upload(BodyPipe::State state);
  io::Task<bool> write_upload();
  io::Task<Error> read_upload();
  Duration content_patience() const noexcept;
  // The client holds its content back until the upstream says 100 (RFC 9110 §10.1.1).
  bool awaits_continue() const noexcept { return expects_continue_ && upload_.bytes() == 0; }
  // All of the request, head and content, has gone to the upstream.
  bool request_sent() const noexcept { return upload_.done() && to_upstream_.empty() && !upload_running_; }
  io::Task<void> stop_upload();
  void return_leftover();

  // --- relay.cc: the response's content ---
  io::Task<After> relay();
  void begin_download() noexcept;
  BodyPipe::State gather_download();
  io::Task<Error> read_more_response();
  void finish_upstream() noexcept;
  io::Task<After> end_relay(bool whole);
  void write_client_head(bool content_follows);
  io::Task<Error> flush_to_client();

  // --- tunnel.cc ---
  io::Task<After> tunnel();
  Pump::Limits tunnel_limits();
  void count_tunnel(int by) noexcept;
  void keep_for_record();

  // --- grpc.cc ---
  Error understand_call();
  Error check_call() const noexcept;
  void begin_call();
  void pass_deadline();
  void begin_call_response();
  void note_grpc_status(const http::Fields& fields) noexcept;
  bool wants_grpc_retry() const noexcept;
  Error call_fault() const noexcept;
  io::Task<bool> end_broken_call();
  Transform* rewound_request() noexcept;
  std::uint16_t outcome_status() const noexcept;
  void make_direct_grpc();
  void record_call(observe::Block block) noexcept;

  // --- respond.cc ---
  io::Task<After> respond(const Error& error);
  io::Task<After> send_direct();
  bool drop_request_body();

  // --- mirror.cc, session.cc ---
  void start_mirrors();
  bool copy_body(BodyPipe& copy, std::string& out);
  void read_session();
  void write_session();

  // --- record.cc ---
  void record() noexcept;

  io::Loop& loop() const noexcept { return loop_; }

  Client& client_;
  ClientConnection& connection_;
  Worker& worker_;
  io::Loop& loop_;
  WorkerPlan::Pin plan_;
  const plan::Port& port_;
  Arena arena_;

  // The request.
  http::RequestHead request_;
  std::size_t scanned_ = 0;
  std::size_t head_bytes_ = 0;
  Error parse_error_{};
  policy::Exchange facts_;
  std::string_view request_id_;
  std::string_view traceparent_;
  std::string_view original_path_;
  std::string_view upgrade_protocol_;  // of an Upgrade that is passed on
  bool trusted_peer_ = false;
  bool wants_trailers_ = false;  // TE: trailers

  // gRPC: of which kind the call is, if it is one.
  http::grpc::Kind call_ = http::grpc::Kind::none;
  std::int8_t grpc_status_ = -1;      // http::grpc::Status; negative: not known
  TimePoint call_deadline_ = kNever;  // grpc-timeout
  std::unique_ptr<WebCall> web_;      // gRPC-Web: what changes its content

  // Where it goes.
  const plan::Listener* listener_ = nullptr;
  const plan::Listener::MatchInfo* match_ = nullptr;
  const plan::Rule* rule_ = nullptr;
  const plan::BackendChoice* backend_ = nullptr;
  upstream::Cluster* cluster_ = nullptr;
  upstream::Endpoint* endpoint_ = nullptr;  // while an attempt is under way; may be gone some seconds later
  std::string_view endpoint_name_;          // for the record
  upstream::Lease lease_;
  upstream::Pick pick_;
  upstream::OpenCancel opening_;
  const upstream::Endpoint* tried_[8] = {};
  unsigned tried_count_ = 0;
  unsigned attempts_ = 0;
  bool reported_ = true;           // the outcome of the current attempt has been reported
  bool fresh_connection_ = false;  // the next attempt must not use an idle connection
  std::string_view sticky_;        // token that the client brought

  // The request's content.
  BodyPipe upload_;
  http::h1::BodyReader body_start_;  // as it was before the first byte, for another attempt
  Buffer body_in_;                   // where content is read that did not come with the head
  Buffer* body_source_ = nullptr;
  std::uint32_t body_mark_ = 0;
  bool body_lost_ = false;  // bytes have been overwritten: no other attempt is possible
  bool mirrored_ = false;
  bool upload_running_ = false;
  bool upload_stopped_ = false;
  bool upload_waits_ = false;  // for the client
  bool expects_continue_ = false;
  Error upload_error_{};      // the client's fault
  TimePoint upload_moved_{};  // when the upstream last took content
  Duration upload_waited_{};  // for the client, in all
  io::Waiter* upload_waiter_ = nullptr;
  io::Event upload_ended_;
  Iovecs to_upstream_;
  std::string_view upstream_head_;
  std::string_view websocket_key_;  // of the handshake of HTTP/1.1 on either side

  // The response.
  http::ResponseHead response_;
  Buffer upstream_in_;
  BodyPipe download_;
  Iovecs to_client_;
  bool response_started_ = false;  // something has gone to the client
  bool chunked_to_client_ = false;
  bool keep_alive_ = false;  // what the head told the client
  bool close_after_ = false;
  bool client_gone_ = false;
  bool upgraded_ = false;
  bool extended_connect_ = false;  // what this attempt asked its upstream for
  unsigned informational_ = 0;

  // Times and sizes, for deadlines and records.
  TimePoint started_;
  TimePoint head_done_{};
  TimePoint attempt_started_{};
  TimePoint response_head_at_{};
  TimePoint request_deadline_ = kNever;  // timeouts.request
  TimePoint attempt_deadline_ = kNever;  // timeouts.backendRequest
  TimePoint head_deadline_ = kNever;     // safe default until the response's head
  std::uint64_t sent_body_ = 0;
  std::uint16_t status_ = 0;
  ErrorKind reason_ = ErrorKind::none;
  std::string_view detail_;
};

}  // namespace turnpike::proxy
