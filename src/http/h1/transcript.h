// For tests and fuzzers: plays a connection. Bytes come in pieces, messages are read from them as the proxy
// does, and what was understood is written down as text, so that two ways of reading the same bytes can be
// compared.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/arena.h"
#include "http/h1/codec.h"
#include "http/h1/scan.h"

namespace turnpike::http::h1 {

class Transcript {
 public:
  enum class Side { requests, responses };

  Transcript(Side side, const Scan& scan, const Limits& limits = {}, Method request_method = Method::get)
      : scan_(&scan), limits_(limits), side_(side), request_method_(request_method) {}

  // Everything in pieces of `size` bytes, or whole with 0.
  Transcript& read(std::string_view bytes, std::size_t size = 0) {
    if (size == 0) size = bytes.size() + 1;
    for (std::size_t at = 0; at < bytes.size(); at += size) feed(bytes.substr(at, size));
    return *this;
  }

  void feed(std::string_view piece) {
    if (closed_) return;
    replace_buffer(0, piece);
    while (!closed_ && (in_body_ ? read_body() : read_head())) {
    }
  }

  const std::string& text() const { return text_; }
  ErrorKind error() const { return error_; }
  std::string_view detail() const { return detail_; }
  bool closed() const { return closed_; }
  int heads() const { return heads_; }
  int messages() const { return messages_; }         // complete with their content
  const std::string& body() const { return body_; }  // of the last message
  const RequestHead& request() const { return request_; }
  const ResponseHead& response() const { return response_; }
  std::size_t unread() const { return size_; }

 private:
  static void check(bool condition) {
    if (!condition) std::abort();
  }

  // A block of exactly the right size, so that AddressSanitizer sees a read behind it.
  std::unique_ptr<char[]> replace_buffer(std::size_t consumed, std::string_view more) {
    check(consumed <= size_);
    const std::size_t size = size_ - consumed + more.size();
    auto next = std::make_unique<char[]>(size);
    if (size_ > consumed) std::memcpy(next.get(), buffer_.get() + consumed, size_ - consumed);
    if (!more.empty()) std::memcpy(next.get() + (size_ - consumed), more.data(), more.size());
    std::swap(buffer_, next);
    size_ = size;
    return next;
  }

  void fail(ErrorKind kind, std::string_view detail) {
    check(kind != ErrorKind::none);
    error_ = kind;
    detail_ = detail;
    closed_ = true;
    text_ += "error " + std::string(name_of(kind)) + "\n";
  }

  bool read_head() {
    if (size_ == 0) return false;  // keeps the last head for whoever asks
    const std::string_view bytes(buffer_.get(), size_);
    const ParseResult result =
        side_ == Side::requests
            ? parse_request(bytes, scanned_, limits_, arena_, request_, *scan_)
            : parse_response(bytes, scanned_, limits_, arena_, request_method_, response_, *scan_);
    if (result.state == Parse::incomplete) return false;
    if (result.state == Parse::error) {
      fail(result.error.kind, result.error.detail);
      return false;
    }
    ++heads_;
    check(result.consumed > 0 && scanned_ == 0);
    side_ == Side::requests ? write_request() : write_response();
    head_ = replace_buffer(result.consumed, {});  // the head's views stay valid until the next head
    in_body_ = true;
    body_.clear();
    return true;
  }

  bool read_body() {
    const BodyReader::Step step = reader_.next({buffer_.get(), size_}, body_arena_);
    if (step.error != ErrorKind::none) {
      fail(step.error, step.detail);
      return false;
    }
    check(step.consumed <= size_ && step.data.size() <= step.consumed);
    check(step.data.empty() || (step.data.data() >= buffer_.get() &&
                                step.data.data() + step.data.size() <= buffer_.get() + step.consumed));
    body_ += step.data;
    check(reader_.received() == body_.size() && step.done == reader_.done());
    replace_buffer(step.consumed, {});
    if (step.done) end_message();
    return step.done || step.consumed > 0;
  }

  void end_message() {
    ++messages_;
    text_ += "body " + body_ + "\n";
    write_fields_of("trailer ", reader_.trailers());
    in_body_ = false;
    const bool request_ends = side_ == Side::requests && (!request_.keep_alive || request_.upgrade ||
                                                          request_.method == Method::connect);
    const bool response_ends = side_ == Side::responses && (!response_.keep_alive || response_.status == 101);
    closed_ = request_ends || response_ends;
    if (!closed_) {
      arena_.reset();
      body_arena_.reset();
    }
  }

  void write_request() {
    const RequestHead& head = request_;
    text_ += "request " + std::string(head.method_text) + " " + std::string(head.target) + " [" +
             std::string(head.scheme) + "|" + std::string(head.authority) + "|" + std::string(head.path) +
             "|" + (head.has_query ? "?" : "") + std::string(head.query) + "] 1." +
             (head.version == Version::http11 ? "1" : "0") + (head.keep_alive ? " keep" : " close") +
             (head.expect_continue ? " expect" : "") + (head.upgrade ? " upgrade" : "");
    write_framing(head.framing, head.content_length);
    write_fields_of("field ", head.fields);
  }

  void write_response() {
    const ResponseHead& head = response_;
    text_ += "response " + std::to_string(head.status) + " " + std::string(head.reason) + " 1." +
             (head.version == Version::http11 ? "1" : "0") + (head.keep_alive ? " keep" : " close");
    write_framing(head.framing, head.content_length);
    write_fields_of("field ", head.fields);
  }

  void write_framing(Framing framing, std::uint64_t length) {
    static constexpr const char* kNames[] = {" none", " length ", " chunked", " until_close"};
    text_ += kNames[static_cast<int>(framing)];
    if (framing == Framing::length) text_ += std::to_string(length);
    text_ += "\n";
    reader_ = BodyReader(framing, length, limits_);
  }

  void write_fields_of(const char* kind, const Fields& fields) {
    for (const Field& field : fields) {
      check(!field.name.empty());
      for (const char c : field.name) check(is_token_byte(c));
      for (const char c : field.value) check(is_text_byte(c));
      check(field.value.empty() || (field.value.front() != ' ' && field.value.back() != ' ' &&
                                    field.value.front() != '\t' && field.value.back() != '\t'));
      check(field.id == field_id(field.name));
      text_ += kind + std::string(field.name) + ": " + std::string(field.value) + "\n";
    }
  }

  const Scan* scan_;
  Limits limits_;
  Side side_;
  Method request_method_;
  Arena arena_;
  Arena body_arena_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<char[]> head_;
  std::size_t size_ = 0;
  std::size_t scanned_ = 0;
  RequestHead request_;
  ResponseHead response_;
  BodyReader reader_;
  bool in_body_ = false;
  bool closed_ = false;
  int heads_ = 0;
  int messages_ = 0;
  ErrorKind error_ = ErrorKind::none;
  std::string_view detail_;
  std::string text_;
  std::string body_;
};

}  // namespace turnpike::http::h1
