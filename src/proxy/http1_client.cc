#include "proxy/http1_client.h"

#include <charconv>
#include <cstring>

#include "http/h1/codec.h"

namespace turnpike::proxy {

// "HTTP/1.1 200 OK", the fields, the framing, Connection where it matters, and the empty line.
void Http1Client::write_head(const ResponsePlan& plan, Arena& arena, Iovecs& out) {
  const http::ResponseHead& head = plan.head;
  char digits[20];
  std::string_view framing;
  std::string_view length;
  if (plan.tells == ResponsePlan::Length::chunked) {
    framing = "Transfer-Encoding: chunked\r\n";
  } else if (plan.tells == ResponsePlan::Length::known) {
    const auto end = std::to_chars(digits, digits + sizeof digits, plan.length).ptr;
    length = {digits, static_cast<std::size_t>(end - digits)};
    framing = "Content-Length: ";
  }
  std::string_view connection;
  if (!plan.upgrade.empty()) {
    connection = "Connection: Upgrade\r\nUpgrade: ";
  } else if (!plan.interim() && !plan.keep_alive) {
    connection = "Connection: close\r\n";
  } else if (!plan.interim() && plan.http10) {
    connection = "Connection: keep-alive\r\n";
  }
  char status[4];
  std::to_chars(status, status + 3, head.status);
  const std::string_view reason = head.reason.empty() ? http::reason_phrase(head.status) : head.reason;
  const std::size_t size = 9 + 3 + 1 + reason.size() + 2 + http::h1::fields_size(head.fields) +
                           framing.size() + length.size() + 2 + connection.size() + plan.upgrade.size() + 2 +
                           2;
  char* const start = static_cast<char*>(arena.allocate(size, 1));
  char* at = start;
  const auto put = [&at](std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  };
  put("HTTP/1.1 ");
  put({status, 3});
  put(" ");
  put(reason);
  put("\r\n");
  at = http::h1::write_fields(at, head.fields);
  put(framing);
  if (!length.empty()) {
    put(length);
    put("\r\n");
  }
  put(connection);
  if (!plan.upgrade.empty()) {
    put(plan.upgrade);
    put("\r\n");
  }
  put("\r\n");
  out.add({start, static_cast<std::size_t>(at - start)});
}

}  // namespace turnpike::proxy
