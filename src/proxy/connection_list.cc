#include "proxy/connection_list.h"

#include "proxy/downstream.h"

namespace turnpike::proxy {

void ConnectionList::add(Downstream& connection) noexcept {
  connection.next = nullptr;
  connection.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &connection;
  last_ = &connection;
}

void ConnectionList::remove(Downstream& connection) noexcept {
  (connection.previous != nullptr ? connection.previous->next : first_) = connection.next;
  (connection.next != nullptr ? connection.next->previous : last_) = connection.previous;
  connection.next = connection.previous = nullptr;
}

}  // namespace turnpike::proxy
