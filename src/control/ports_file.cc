#include "control/ports_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/json_writer.h"

namespace turnpike::control {
namespace {

std::string reachable(io::Address address) {
  if (address.ip() == "::" || address.ip() == "0.0.0.0") {
    return io::Address::from_ip("127.0.0.1", address.port())->text();
  }
  return address.text();
}

}  // namespace

std::string ports_text(const plan::Plan& plan, const Ports& ports, const std::string& admin) {
  std::string out;
  JsonWriter json(out, 2);
  json.begin_object().key("generation").value(plan.generation).key("listeners").begin_array();
  for (const auto& port : plan.ports) {
    for (const plan::Listener& listener : port->listeners) {
      // "namespace/gateway/listener"
      const std::string_view name = listener.name;
      const std::size_t slash = name.rfind('/');
      json.begin_object().key("gateway").value(name.substr(0, slash == name.npos ? 0 : slash));
      json.key("listener")
          .value(name.substr(slash == name.npos ? 0 : slash + 1))
          .key("port")
          .value(port->port);
      json.key("protocol")
          .value(plan::protocol_name(*port, listener))
          .key("hostname")
          .value(listener.hostname);
      json.key("address").value(reachable(ports.bound(*port))).end_object();
    }
  }
  json.end_array().key("admin");
  if (admin.empty()) {
    json.null();
  } else {
    json.value(admin);
  }
  json.end_object();
  return out += '\n';
}

std::expected<void, std::string> write_atomically(const std::string& path, const std::string& text) {
  const std::string beside = path + ".tmp" + std::to_string(::getpid());
  const auto failed = [&](const char* what) {
    const std::string why = std::strerror(errno);
    ::unlink(beside.c_str());
    return std::unexpected("cannot " + std::string(what) + " '" + path + "': " + why);
  };
  // In a folder that others may write to (/tmp) the name may have been prepared as a link to something of
  // ours.
  ::unlink(beside.c_str());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return failed("create");
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t n = ::write(fd, left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      ::close(fd);
      errno = error;
      return failed("write");
    }
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::close(fd) != 0) return failed("write");
  if (std::rename(beside.c_str(), path.c_str()) != 0) return failed("replace");
  return {};
}

}  // namespace turnpike::control
