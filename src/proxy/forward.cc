// Attempts at upstreams, and when there may be another one.
#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "proxy/exchange.h"
#include "proxy/forwarding.h"
#include "proxy/hash_key.h"
#include "proxy/recorder.h"
#include "proxy/worker.h"

namespace turnpike::proxy {
namespace {

// Why there was no retry, for the log.
constexpr std::string_view kNotKept = "; not retried: more content than is kept for that";
constexpr unsigned kMostInformational = 16;  // 1xx responses before a final one

TimePoint after(TimePoint start, Duration duration) noexcept {
  return duration == Duration::zero() ? kNever : start + duration;
}

bool anticipates_content(http::Method method) noexcept {
  return method == http::Method::post || method == http::Method::put || method == http::Method::patch;
}

}  // namespace

io::Task<After> Exchange::forward() {
  const plan::Timeouts& timeouts = rule_->timeouts;
  request_deadline_ = std::min(after(started_, timeouts.request), call_deadline_);
  head_deadline_ = after(head_done_, timeouts.response_head);
  read_session();
  pick_.hash = hash_key(*rule_, request_, facts_.client_ip, worker_.random());
  prepare_body();
  if (call_ != http::grpc::Kind::none) begin_call();
  clean_upstream_fields();
  cluster_->count_request();
  client_.stream().set_hangup_listener(this);
  if (client_.stream().peer_closed()) on_hangup();
  start_mirrors();

  Error error{};
  while (true) {
    error = co_await attempt();
    if (error.kind == ErrorKind::none) break;  // the response's head is here
    if (upload_running_) co_await stop_upload();
    end_attempt(error);
    if (client_gone_) error = client_error(ErrorKind::client_closed);
    if (upload_error_.kind != ErrorKind::none) error = upload_error_;
    if (!may_retry(error)) {
      if (body_lost_ && retry_wanted(error)) error.detail = arena_.concat(error.detail, kNotKept);
      break;
    }
    ++attempts_;
    fresh_connection_ = error.retry == Retry::if_reused;
    worker_.recorder().block(match_->route_metrics).add(worker_.recorder().families().route.retries);
    // Full jitter: what failed together must not come back together.
    const unsigned shift = std::min(attempts_ - 1, 10U);
    const Duration most =
        std::min(rule_->retry.backoff * (std::int64_t{1} << shift), rule_->retry.longest_backoff);
    if (most > Duration::zero() && error.retry != Retry::if_reused) {
      const auto wait =
          static_cast<std::int64_t>(worker_.random().below(static_cast<std::uint64_t>(most.count()) + 1));
      co_await loop().sleep_until(
          std::min(loop().now() + Duration(wait), std::min(request_deadline_, head_deadline_)));
    }
  }
  if (error.kind != ErrorKind::none) co_return co_await respond(error);
  if (upgraded_) co_return co_await tunnel();
  co_return co_await relay();
}

// Errors leave the exchange ready for another attempt. No error: response_ is final, and the request's
// content has been sent, is being sent, or is no longer wanted.
io::Task<Error> Exchange::attempt() {
  if (client_gone_) co_return client_error(ErrorKind::client_closed);
  if (const Error error = begin_attempt(); error.kind != ErrorKind::none) co_return error;
  if (!lease_) {
    Result<upstream::Lease> opened =
        co_await cluster_->open(*endpoint_, std::min(attempt_deadline_, head_deadline_), opening_);
    if (!opened) co_return opened.error();
    lease_ = std::move(*opened);
    if (client_gone_) co_return client_error(ErrorKind::client_closed);
  }
  if (attempts_ > 0 || lease_.multiplexed() != nullptr) rewind_body();
  if (const Error error = send_request(); error.kind != ErrorKind::none) co_return error;
  const Error error =
      lease_.multiplexed() != nullptr ? co_await read_streamed_head() : co_await read_response_head();
  if (error.kind != ErrorKind::none) co_return error;
  if (wants_status_retry()) {
    if (upload_running_) co_await stop_upload();
    give_back_unwanted_response();
    co_return upstream_error(ErrorKind::upstream_bad_response, Retry::safe,
                             "a status that the route retries");
  }
  co_return Error{};
}

Error Exchange::begin_attempt() {
  attempt_started_ = loop().now();
  const plan::RetryPolicy& retry = rule_->retry;
  const Duration per_try =
      retry.per_try_timeout != Duration::zero() ? retry.per_try_timeout : rule_->timeouts.backend_request;
  attempt_deadline_ = std::min(after(attempt_started_, per_try), request_deadline_);
  if (attempt_started_ >= std::min(attempt_deadline_, head_deadline_)) return timeout_error();
  pass_deadline();
  pick_.tried = {tried_, tried_count_};
  const Result<upstream::Endpoint*> chosen = cluster_->choose(pick_);
  if (!chosen) return chosen.error();
  endpoint_ = *chosen;
  endpoint_name_ = arena_.copy(upstream::name_of(*endpoint_));
  reported_ = false;
  if (tried_count_ < std::size(tried_)) tried_[tried_count_++] = endpoint_;
  if (!std::exchange(fresh_connection_, false)) lease_ = cluster_->borrow(*endpoint_);
  return {};
}

Error Exchange::timeout_error() const noexcept {
  const TimePoint now = loop().now();
  Error error =
      upstream_error(ErrorKind::upstream_timeout, Retry::never, "no response within the default time");
  if (now >= request_deadline_) {
    error = upstream_error(ErrorKind::request_timeout, Retry::never, "timeouts.request");
  } else if (now >= attempt_deadline_) {
    error.detail = "timeouts.backendRequest";
  }
  // An upstream cannot answer what it has not got: slow clients must not eject an endpoint.
  if (upload_waits_) {
    error.source = ErrorSource::client;
    error.detail = "the client was still sending";
  }
  return error;
}

// The default for the response's head runs from the last byte of content that the upstream took, and not
// while the client has the floor: its own limits hold then.
bool Exchange::head_deadline_moves() noexcept {
  const TimePoint now = loop().now();
  if (now >= attempt_deadline_ || upload_moved_ == TimePoint{}) return false;
  const TimePoint moved = (upload_waits_ ? now : upload_moved_) + rule_->timeouts.response_head;
  if (moved <= now) return false;
  head_deadline_ = moved;
  return true;
}

io::Task<Error> Exchange::read_response_head() {
  io::Stream& stream = lease_.stream();
  const Retry reset = lease_.reused() ? Retry::if_reused : Retry::never;
  upstream_in_.allocate();
  upstream_in_.clear();
  std::size_t scanned = 0;
  static const http::h1::Limits limits{};
  while (true) {
    if (!upstream_in_.empty()) {
      const http::h1::ParseResult parsed =
          http::h1::parse_response(upstream_in_.view(), scanned, limits, arena_, request_.method, response_);
      if (parsed.state == http::h1::Parse::error) co_return parsed.error;
      if (parsed.state == http::h1::Parse::complete) {
        upstream_in_.pass(parsed.consumed);
        upgraded_ = response_.status == 101;
        if (const Error error = judge_head(); error.kind != ErrorKind::none) co_return error;
        if (response_.status >= 200 || upgraded_) co_return Error{};
        if (const Error error = co_await pass_informational(); error.kind != ErrorKind::none) co_return error;
        upstream_in_.compact();
        scanned = 0;
        response_ = http::ResponseHead{};
        continue;
      }
      if (upstream_in_.room().empty())
        upstream_in_.grow(upstream_in_.capacity() * 2);  // bounded by limits.head
    }
    const io::Wait wait = co_await stream.readable(std::min(attempt_deadline_, head_deadline_));
    if (wait == io::Wait::timeout) {
      if (head_deadline_moves()) continue;
      co_return timeout_error();
    }
    if (wait == io::Wait::cancelled) {
      co_return client_gone_ ? client_error(ErrorKind::client_closed) : our_error(ErrorKind::cancelled);
    }
    const io::IoResult got = stream.read(upstream_in_.room());
    if (got.status == io::IoStatus::ok) {
      upstream_in_.filled(got.bytes);
    } else if (got.status != io::IoStatus::would_block) {
      co_return upstream_error(ErrorKind::upstream_reset, upstream_in_.empty() ? reset : Retry::never,
                               "the upstream closed before its response was whole");
    }
  }
}

// Whether this head may come now.
Error Exchange::judge_head() {
  const auto bad = [](std::string_view detail) {
    return upstream_error(ErrorKind::upstream_bad_response, Retry::never, detail);
  };
  if (upgraded_ && !request_.upgrade) return bad("101 without an Upgrade");
  if (response_.status >= 200 || upgraded_) {
    // Towards HTTP/2 every 2xx would open the tunnel (RFC 8441 §5), which this is not.
    if (!upgraded_ && client_.multiplexed() != nullptr && request_.upgrade && response_.status / 100 == 2)
      return bad("2xx in place of 101 to a WebSocket handshake");
    if (upgraded_) return judge_handshake();
    response_head_at_ = loop().now();
    return {};
  }
  return ++informational_ > kMostInformational ? bad("too many 1xx responses") : Error{};
}

io::Task<Error> Exchange::pass_informational() {
  if (response_.status == 100) expects_continue_ = false;
  if (request_.version == http::Version::http10)
    co_return Error{};  // it would not understand (RFC 9110 §15.2)
  remove_hop_by_hop(response_.fields);
  response_.fields.remove(http::FieldId::content_length);
  write_client_head(true);
  response_started_ = false;
  const Error error = co_await flush_to_client();
  co_return error;
}

// The client has gone: what is done for it is given up (principle 9).
void Exchange::on_hangup() {
  client_gone_ = true;
  if (upload_waiter_ != nullptr) upload_stopped_ = true;
  // Either may end and destroy this exchange at once.
  if (lease_) return lease_.stream().cancel();
  opening_.cancel();
}

bool Exchange::wants_status_retry() noexcept {
  const plan::RetryPolicy& retry = rule_->retry;
  const bool grpc = wants_grpc_retry();
  if (!grpc && std::ranges::find(retry.statuses, response_.status) == retry.statuses.end()) return false;
  if (!attempts_left() || client_gone_) return false;
  if (!grpc && !retry.any_method && !http::is_idempotent(request_.method)) return false;
  if (body_lost_) {
    detail_ = kNotKept.substr(2);
    return false;
  }
  return budget_allows();
}

bool Exchange::attempts_left() const noexcept {
  return attempts_ < rule_->retry.attempts && attempts_ + 1 < std::size(tried_) &&
         loop().now() < std::min(request_deadline_, head_deadline_);
}

bool Exchange::budget_allows() noexcept {
  if (cluster_->may_retry()) return true;
  Recorder& recorder = worker_.recorder();
  recorder.block(match_->route_metrics).add(recorder.families().route.budget_exhausted);
  return false;
}

// A short response that is here whole leaves the connection usable.
void Exchange::give_back_unwanted_response() noexcept {
  if (lease_.multiplexed() != nullptr) return end_attempt(Error{});  // it costs one stream
  begin_download();
  Iovecs unwanted;
  const bool whole = download_.gather(upstream_in_, unwanted, arena_) == BodyPipe::State::done;
  if (whole && request_sent() && response_.keep_alive && upstream_in_.empty()) {
    report(Error{});
    lease_.release();
  } else {
    end_attempt(Error{});
  }
}

// Whether the route's policy has a retry for this failure.
bool Exchange::retry_wanted(const Error& error) const noexcept {
  const plan::RetryPolicy& retry = rule_->retry;
  const bool repeatable = retry.any_method || http::is_idempotent(request_.method);
  switch (error.kind) {
    case ErrorKind::connect_refused:
    case ErrorKind::connect_failed:
    case ErrorKind::connect_timeout:
    case ErrorKind::upstream_tls:
      return retry.on_connect_failure;  // the request never left
    case ErrorKind::upstream_reset:
      // An idle connection that the peer had closed is nobody's fault; the request may still have been read.
      return error.retry == Retry::safe ||
             (repeatable && (error.retry == Retry::if_reused || retry.on_reset));
    case ErrorKind::upstream_timeout:
      return repeatable && retry.on_timeout;
    case ErrorKind::upstream_bad_response:
      return error.retry == Retry::safe;  // a status that the route retries: checked already
    default:
      return false;
  }
}

bool Exchange::may_retry(const Error& error) noexcept {
  if (error.source == ErrorSource::client || response_started_ || body_lost_ || client_gone_) return false;
  if (!attempts_left() || !retry_wanted(error)) return false;
  return error.retry == Retry::safe && error.kind == ErrorKind::upstream_bad_response ? true
                                                                                      : budget_allows();
}

// Tells the cluster, once per attempt, how it went.
void Exchange::report(const Error& error) noexcept {
  if (reported_ || endpoint_ == nullptr) return;
  reported_ = true;
  upstream::Outcome outcome;
  // A client that leaves or sends nonsense says nothing about the endpoint.
  const bool blame = error.source == ErrorSource::upstream;
  outcome.error = error.kind == ErrorKind::none ? ErrorKind::none : blame ? error.kind : ErrorKind::cancelled;
  outcome.status = error.kind == ErrorKind::none ? outcome_status() : std::uint16_t{0};
  outcome.latency = (error.kind == ErrorKind::none ? response_head_at_ : loop().now()) - attempt_started_;
  cluster_->report(*endpoint_, outcome);
}

// Ends what is left of an attempt whose response is not wanted.
void Exchange::end_attempt(const Error& error) noexcept {
  report(error);
  lease_.close();
}

// What the target and the framing say anew, whatever the protocol.
void Exchange::clean_upstream_fields() {
  request_.fields.remove(http::FieldId::host);
  request_.fields.remove(http::FieldId::content_length);
}

// For HTTP/1.1; once for all attempts.
std::string_view Exchange::upstream_head() {
  if (!upstream_head_.empty()) return upstream_head_;
  const http::Fields& fields = request_.fields;
  // The target: what was matched is what is forwarded (principle 7).
  const std::string_view host = !facts_.rewritten_host.empty() ? facts_.rewritten_host : request_.authority;
  const std::string_view question = request_.has_query ? "?" : "";
  const std::string_view path = request_.path.empty() ? "/" : request_.path;
  std::string_view framing;
  if (upload_chunked()) {
    framing = "Transfer-Encoding: chunked\r\n";
  } else if (request_.framing == http::Framing::length) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, request_.content_length).ptr;
    framing = arena_.concat(
        "Content-Length: ", std::string_view(digits, static_cast<std::size_t>(end - digits)), "\r\n");
  } else if (client_.multiplexed() != nullptr && anticipates_content(request_.method)) {
    framing = "Content-Length: 0\r\n";  // HTTP/2 says it by the end of the stream (RFC 9110 §8.6)
  }
  std::string_view upgrade;
  if (request_.upgrade) {
    upgrade = arena_.concat("Connection: Upgrade\r\nUpgrade: ", upgrade_protocol_, "\r\n");
    if (client_.multiplexed() != nullptr) upgrade = arena_.concat(upgrade, websocket_handshake());
  }
  const std::size_t size = request_.method_text.size() + 1 + path.size() + question.size() +
                           request_.query.size() + 11 + 6 + host.size() + 2 + framing.size() +
                           upgrade.size() + http::h1::fields_size(fields) + 2;
  char* const start = static_cast<char*>(arena_.allocate(size, 1));
  char* at = start;
  const auto put = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put(request_.method_text);
  put(" ");
  put(path);
  put(question);
  put(request_.query);
  put(" HTTP/1.1\r\nHost: ");
  put(host);
  put("\r\n");
  put(framing);
  put(upgrade);
  at = http::h1::write_fields(at, fields);
  put("\r\n");
  upstream_head_ = {start, static_cast<std::size_t>(at - start)};
  return upstream_head_;
}

}  // namespace turnpike::proxy
