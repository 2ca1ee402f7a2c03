#include "proxy/mirror.h"

#include "mux/stream.h"
#include "proxy/body_pipe.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace turnpike::proxy {

using namespace std::chrono_literals;

namespace {
constexpr Duration kPatience = 30s;  // for all of a mirrored exchange
}

// Content that cannot be kept whole (more than the exchange buffers) is not mirrored: the mirror must not
// slow down the exchange it copies.
void Exchange::start_mirrors() {
  if (mirrored_ || rule_->mirrors.empty()) return;
  if (!upload_.done() && body_source_ == &body_in_) return;  // more is to come: tried again when it is here
  mirrored_ = true;
  if (body_lost_) return;
  for (const plan::Mirror& mirror : rule_->mirrors) {
    if (mirror.cluster == plan::BackendChoice::kInvalid || mirror.denominator == 0) continue;
    if (worker_.random().below(mirror.denominator) >= mirror.numerator) continue;
    if (worker_.mirrors_under_way() >= MirroredRequest::kMostUnderWay) return;
    std::string bytes(upstream_head());
    upstream::Cluster& cluster = plan_->cluster(mirror.cluster);
    std::string content;
    BodyPipe copy(body_start_, upload_chunked(), &port_.settings);
    if (!copy_body(copy, bytes)) return;
    auto request = std::make_unique<MirroredRequest>(WorkerPlan::Pin(plan_.get()), cluster, request_.method,
                                                     std::move(bytes));
    if (upstream::wants_http2(cluster.config().protocol)) {
      BodyPipe plain(body_start_, false, &port_.settings);
      if (!copy_body(plain, content)) return;
      http::RequestHead head = upstream_request();
      request->keep(head, std::move(content), plain.trailers());
    }
    io::spawn(MirroredRequest::run(std::move(request), loop(), worker_.mirrors_under_way()));
  }
}

// The content, read a second time from where it lies. False: it is not whole.
bool Exchange::copy_body(BodyPipe& copy, std::string& out) {
  const std::uint32_t position = body_source_->mark();
  body_source_->rewind(body_mark_);
  const mux::Stream* const streamed = client_.multiplexed();
  WebRequest translated(call_);
  if (web_ != nullptr) copy.set_transform(&translated);
  const auto append = [&out](const Iovecs& part) {
    for (const iovec& piece : part.span())
      out.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  };
  BodyPipe::State state = BodyPipe::State::full;
  while (state == BodyPipe::State::full) {
    Iovecs part;
    state = copy.gather(*body_source_, part, arena_);
    append(part);
  }
  if (state == BodyPipe::State::more && streamed != nullptr && streamed->at_end()) {
    Iovecs last;
    state = copy.end_of_stream(last, arena_, &streamed->trailers());
    append(last);
  }
  body_source_->rewind(position);
  return state == BodyPipe::State::done;
}

void MirroredRequest::keep(const http::RequestHead& head, std::string content, const http::Fields& trailers) {
  head_ = head;
  for (std::string_view* text :
       {&head_.method_text, &head_.scheme, &head_.authority, &head_.path, &head_.query})
    *text = arena_.copy(*text);
  const auto copied = [this](const http::Fields& fields) {
    http::Fields out = fields.clone(arena_);
    for (http::Field& field : out) {
      field.name = arena_.copy(field.name);
      field.value = arena_.copy(field.value);
    }
    return out;
  };
  head_.fields = copied(head.fields);
  trailers_ = copied(trailers);
  content_ = std::move(content);
}

io::Task<void> MirroredRequest::run(std::unique_ptr<MirroredRequest> request, io::Loop& loop,
                                    unsigned& under_way) {
  ++under_way;
  const Result<upstream::Endpoint*> endpoint = request->cluster_.choose({});
  if (endpoint) {
    const upstream::Outcome outcome = co_await request->send(**endpoint, loop);
    request->cluster_.report(**endpoint, outcome);
  }
  --under_way;
}

io::Task<upstream::Outcome> MirroredRequest::send(upstream::Endpoint& endpoint, io::Loop& loop) {
  const TimePoint start = loop.now();
  const TimePoint deadline = start + kPatience;
  upstream::Outcome outcome{.error = ErrorKind::upstream_reset, .status = 0, .latency = {}};
  upstream::Lease lease = cluster_.borrow(endpoint);
  if (!lease) {
    Result<upstream::Lease> opened = co_await cluster_.open(endpoint, deadline);
    if (!opened) {
      outcome.error = opened.error().kind;
      co_return outcome;
    }
    lease = std::move(*opened);
  }
  if (mux::Stream* const stream = lease.multiplexed(); stream != nullptr)
    co_return co_await send_stream(*stream, start, deadline);
  io::Stream& stream = lease.stream();
  for (std::string_view left = bytes_; !left.empty();) {
    const io::IoResult written = stream.write(left);
    if (written.status == io::IoStatus::ok) {
      left.remove_prefix(written.bytes);
    } else if (written.status != io::IoStatus::would_block ||
               co_await stream.writable(deadline) != io::Wait::ready) {
      co_return outcome;
    }
  }
  static const http::h1::Limits limits{};
  Arena arena;
  http::ResponseHead head;
  BodyPipe body;
  bool head_done = false;
  std::size_t scanned = 0;
  answer_.allocate();
  while (true) {
    if (!head_done && !answer_.empty()) {
      const http::h1::ParseResult parsed =
          http::h1::parse_response(answer_.view(), scanned, limits, arena, method_, head);
      if (parsed.state == http::h1::Parse::error) co_return outcome;
      if (parsed.state == http::h1::Parse::complete) {
        answer_.consume(parsed.consumed);
        scanned = 0;
        if (head.status == 101) co_return outcome;
        head_done = head.status >= 200;
        if (!head_done) continue;
        body = BodyPipe(http::h1::BodyReader(head.framing, head.content_length, limits), false);
      }
    }
    if (head_done) {
      Iovecs dropped;
      const BodyPipe::State state = body.gather(answer_, dropped, arena);
      if (state == BodyPipe::State::full) continue;
      if (state == BodyPipe::State::done) break;
      if (state == BodyPipe::State::failed) co_return outcome;
      answer_.clear();
    }
    if (answer_.room().empty()) co_return outcome;  // a head larger than any that we would pass on
    if (co_await stream.readable(deadline) != io::Wait::ready) co_return outcome;
    const io::IoResult got = stream.read(answer_.room());
    if (got.status == io::IoStatus::ok) {
      answer_.filled(got.bytes);
    } else if (got.status != io::IoStatus::would_block) {
      co_return outcome;
    }
  }
  outcome = {.error = ErrorKind::none, .status = head.status, .latency = loop.now() - start};
  if (head.keep_alive && head.framing != http::Framing::until_close && answer_.empty()) lease.release();
  co_return outcome;
}

io::Task<upstream::Outcome> MirroredRequest::send_stream(mux::Stream& stream, TimePoint start,
                                                         TimePoint deadline) {
  upstream::Outcome outcome{.error = ErrorKind::upstream_reset, .status = 0, .latency = {}};
  if (!stream.send_request(head_, content_.empty() && trailers_.empty(), arena_)) co_return outcome;
  stream.end_after(content_.size(), trailers_);
  for (std::string_view left = content_; !left.empty();) {
    const io::IoResult written = stream.write(left);
    if (written.status == io::IoStatus::ok) {
      left.remove_prefix(written.bytes);
    } else if (written.status != io::IoStatus::would_block ||
               co_await stream.writable(deadline) != io::Wait::ready) {
      co_return outcome;
    }
  }
  http::ResponseHead head;
  answer_.allocate();
  while (head.status < 200 || !stream.at_end()) {
    if (stream.take_head(head)) continue;
    if (stream.peer_closed() || co_await stream.readable(deadline) != io::Wait::ready) co_return outcome;
    answer_.clear();
    if (stream.read(answer_.room()).status == io::IoStatus::error) co_return outcome;
  }
  co_return upstream::Outcome{
      .error = ErrorKind::none, .status = head.status, .latency = stream.loop().now() - start};
}

}  // namespace turnpike::proxy
