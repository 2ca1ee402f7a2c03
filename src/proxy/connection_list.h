// An intrusive list of connections: joining, leaving and taking the oldest cost the same however many there
// are.
#pragma once

namespace turnpike::proxy {

class Downstream;

class ConnectionList {
 public:
  ConnectionList() noexcept = default;
  ConnectionList(const ConnectionList&) = delete;
  ConnectionList& operator=(const ConnectionList&) = delete;

  // The one that has been in the list for longest; null if it is empty.
  Downstream* oldest() const noexcept { return first_; }
  void add(Downstream& connection) noexcept;
  void remove(Downstream& connection) noexcept;

 private:
  Downstream* first_ = nullptr;
  Downstream* last_ = nullptr;
};

}  // namespace turnpike::proxy
