// The pages of the admin API.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "control/admin_server.h"
#include "control/state.h"
#include "observe/metrics.h"
#include "proxy/overload.h"
#include "resource/status.h"
#include "upstream/registry.h"

namespace turnpike::control {

// The status of each resource, made when somebody asks: keeping it would cost 1 KB for each route.
using Statuses = std::function<std::vector<resource::ResourceStatus>()>;

// Reads what it refers to; all of it must outlive the pages. `upstreams` and `overload` come later than the
// admin API: it answers from the start.
class Pages final : public AdminPages {
 public:
  Pages(const State& state, observe::Registry& metrics, Statuses statuses)
      : state_(state), metrics_(metrics), statuses_(std::move(statuses)) {}
  void serve(const upstream::Registry& upstreams, const proxy::Overload& overload,
             unsigned workers) noexcept {
    upstreams_ = &upstreams;
    overload_ = &overload;
    workers_ = workers;
  }

  AdminResponse get(const AdminRequest& request) override;

 private:
  AdminResponse index() const;
  AdminResponse ready() const;
  AdminResponse metrics(std::string_view accept) const;
  AdminResponse status() const;
  AdminResponse config() const;
  AdminResponse clusters() const;
  AdminResponse upgrade(std::string_view accept) const;

  const State& state_;
  observe::Registry& metrics_;
  const Statuses statuses_;
  const upstream::Registry* upstreams_ = nullptr;
  const proxy::Overload* overload_ = nullptr;
  unsigned workers_ = 0;
};

}  // namespace turnpike::control
