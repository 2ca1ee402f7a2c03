// An intrusive list of connections: joining, leaving and taking the oldest cost the same however many there
// are.
#pragma once

namespace turnpike::proxy {

class ClientConnection;

class ConnectionList {
 public:
  ConnectionList() noexcept = default;
  ConnectionList(const ConnectionList&) = delete;
  ConnectionList& operator=(const ConnectionList&) = delete;

  // The one that has been in the list for longest; null if it is empty.
  ClientConnection* oldest() const noexcept { return first_; }
  void add(ClientConnection& connection) noexcept;
  void remove(ClientConnection& connection) noexcept;

 private:
  ClientConnection* first_ = nullptr;
  ClientConnection* last_ = nullptr;
};

}  // namespace turnpike::proxy
