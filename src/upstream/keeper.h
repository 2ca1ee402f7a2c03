// One cluster on the control thread: from its configuration (and DNS) to the published set; health and
// ejections.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "upstream/config.h"
#include "upstream/health_check.h"
#include "upstream/name_watch.h"
#include "upstream/shared_cluster.h"
#include "upstream/status.h"

namespace turnpike::upstream {

class Registry;

class Keeper final : public NameWatch::Listener, public HealthCheck::Listener {
 public:
  Keeper(Registry& registry, std::shared_ptr<SharedCluster> shared);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Takes over a configuration with the same identity. True if the set of endpoints changed with it.
  bool set_config(std::shared_ptr<const ClusterConfig> config);

  const std::shared_ptr<SharedCluster>& shared() const noexcept { return shared_; }
  // The one in force; stays the same object while what is written in it stays the same.
  const std::shared_ptr<const ClusterConfig>& config() const noexcept { return config_; }
  void on_ejected(const std::shared_ptr<SharedEndpoint>& endpoint);
  ClusterStatus status() const;
  // Brings the metrics up to date.
  void show() const;
  // Each of its DNS names has been answered at least once.
  bool settled() const;

  // Which update() named it last; the registry's.
  std::uint64_t round = 0;

 private:
  struct Wanted;
  class Ejection;
  struct Check {
    std::unique_ptr<HealthCheck> check;
    std::uint64_t failed = 0;  // times that it turned the endpoint unhealthy
  };

  void on_name_changed() override;
  void on_health(SharedEndpoint& endpoint, bool healthy, std::string_view detail) override;

  // Makes the set anew from the configuration and the names' answers; publishes it if it differs.
  bool rebuild();
  std::vector<Wanted> wanted(bool& dns_failed) const;
  void watch_names();
  NameKey key_for(const std::string& name, DnsKind kind) const;
  const NameWatch* watch_of(const NameKey& key) const;
  void check_health(bool restart);
  std::shared_ptr<SharedEndpoint> endpoint_for(const io::Address& address);
  void finish(EndpointSet& set) const;
  void forget(SharedEndpoint& endpoint);
  void end_ejections_in_excess();

  Registry& registry_;
  const std::shared_ptr<SharedCluster> shared_;
  std::shared_ptr<const ClusterConfig> config_;
  std::shared_ptr<const EndpointSet> set_;
  std::unordered_map<std::string, std::shared_ptr<SharedEndpoint>> by_name_;  // of the set
  std::unordered_map<const SharedEndpoint*, std::unique_ptr<Ejection>> ejections_;
  std::unordered_map<SharedEndpoint*, Check> checks_;
  std::vector<std::shared_ptr<NameWatch>> names_;
  Balancing balancing_ = Balancing::least_request;  // that set_ was made for
  observe::Lease metrics_;
  observe::Series series_;
  bool published_ = false;
};

}  // namespace turnpike::upstream
