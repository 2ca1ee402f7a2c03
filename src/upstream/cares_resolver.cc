#include "upstream/cares_resolver.h"

#include <ares.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "upstream/dns_message.h"

namespace turnpike::upstream {
namespace {

constexpr Duration kChannelAge = std::chrono::seconds(30);  // then /etc/resolv.conf is read anew
constexpr Duration kNoTtl = Duration::max();

// Whether this machine has a route there. Asks the kernel only; nothing is sent.
bool reachable(const io::Address& to) noexcept {
  const int fd = ::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  io::Address with_port = to;
  with_port.set_port(1);
  const bool yes = ::connect(fd, with_port.data(), with_port.size()) == 0;
  ::close(fd);
  return yes;
}

// A host with both kinds of addresses is one endpoint per address of one kind: IPv4 if we can reach it at
// all, because a service that listens on only one of them listens on that.
void keep_one_family(std::vector<io::Address>& addresses) {
  const auto first = [&](int family) {
    return std::ranges::find_if(addresses, [&](const io::Address& a) { return a.family() == family; });
  };
  const auto v4 = first(AF_INET);
  if (v4 == addresses.end() || first(AF_INET6) == addresses.end()) return;
  const int family = reachable(*v4) ? AF_INET : AF_INET6;
  std::erase_if(addresses, [&](const io::Address& a) { return a.family() != family; });
}

DnsAnswer failure(int status) noexcept {
  switch (status) {
    case ARES_ENOTFOUND:
      return {.status = DnsAnswer::Status::not_found, .records = {}, .detail = "no such name"};
    case ARES_ENODATA:
      return {.status = DnsAnswer::Status::not_found, .records = {}, .detail = "the name has no such record"};
    case ARES_ETIMEOUT:
      return {.records = {}, .detail = "the DNS servers do not answer"};
    case ARES_ESERVFAIL:
      return {.records = {}, .detail = "the DNS server failed (SERVFAIL)"};
    case ARES_EREFUSED:
      return {.records = {}, .detail = "the DNS server refused"};
    case ARES_ECONNREFUSED:
      return {.records = {}, .detail = "no DNS server could be reached"};
    case ARES_EBADNAME:
      return {.records = {}, .detail = "not a valid DNS name"};
    case ARES_EBADRESP:
      return {.records = {}, .detail = "the DNS server's answer is malformed"};
    default:
      return {.records = {}, .detail = "the query failed"};
  }
}

class CaresResolver final : public Resolver, private io::Timer {
 public:
  CaresResolver(io::Loop& loop, const CaresOptions& options) : loop_(loop), options_(options) {
    static std::once_flag once;  // the library's own set-up, for the whole process
    std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
    open();
  }
  ~CaresResolver() override {
    *self_ = nullptr;
    ares_destroy(channel_);  // calls back every query
  }

  Id resolve(const std::string& name, DnsKind kind, Done done) override {
    if (running_ == 0 && loop_.now() - opened_ > kChannelAge) reopen();
    const Id id = next_id_++;
    Query& query = queries_[id];
    query.done = std::move(done);
    if (kind == DnsKind::srv) {
      start(id);
      ares_search(channel_, name.c_str(), ns_c_in, ns_t_srv, &on_srv, new Call{this, id, 0});
    } else {
      look_up(id, name, SIZE_MAX);
    }
    finish_if_complete(id);
    arm();
    return id;
  }

  void cancel(Id id) noexcept override {
    const auto found = queries_.find(id);
    if (found != queries_.end()) found->second.done = nullptr;
  }

 private:
  struct Target {
    std::string host;
    std::uint32_t weight;
    std::uint16_t port;
    std::vector<io::Address> addresses;
  };
  struct Query {
    Done done;
    unsigned calls = 0;  // of c-ares that have not ended
    Duration ttl = kNoTtl;
    std::vector<io::Address> addresses;
    std::vector<Target> targets;
    DnsAnswer failure;
    bool complete = false;
  };
  // What c-ares carries for us.
  struct Call {
    CaresResolver* resolver;
    Id id;
    std::size_t target;  // SIZE_MAX: the name itself
  };
  class Socket final : public io::Source {
   public:
    Socket(CaresResolver& resolver, int fd) noexcept : resolver_(resolver), fd_(fd) {}
    void on_ready(std::uint32_t ready) override { resolver_.on_socket(fd_, ready); }

   private:
    CaresResolver& resolver_;
    int fd_;
  };
  static constexpr int ns_c_in = 1;
  static constexpr int ns_t_srv = 33;

  void open() {
    ares_options options{};
    options.timeout =
        static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(options_.timeout).count());
    options.tries = static_cast<int>(options_.tries);
    options.sock_state_cb = &on_state;
    options.sock_state_cb_data = this;
    char lookups[] = "fb";  // /etc/hosts, then DNS
    options.lookups = lookups;
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS;
    int status = ares_init_options(&channel_, &options, mask);
    if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ares_strerror(status));
    if (!options_.servers.empty()) {
      status = ares_set_servers_ports_csv(channel_, options_.servers.c_str());
      if (status != ARES_SUCCESS) {
        ares_destroy(channel_);
        throw std::runtime_error("c-ares: DNS servers '" + options_.servers + "': " + ares_strerror(status));
      }
    }
    opened_ = loop_.now();
  }
  void reopen() {
    ares_channel before = channel_;
    try {
      open();
    } catch (const std::runtime_error&) {
      channel_ = before;  // goes on with what it knew
      opened_ = loop_.now();
      return;
    }
    ares_destroy(before);
  }

  void start(Id id) {
    ++queries_[id].calls;
    ++running_;
  }
  void look_up(Id id, const std::string& name, std::size_t target) {
    start(id);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &on_addresses, new Call{this, id, target});
  }

  static void on_addresses(void* arg, int status, int, ares_addrinfo* result) {
    const std::unique_ptr<Call> call(static_cast<Call*>(arg));
    Query& query = call->resolver->queries_[call->id];
    if (status == ARES_SUCCESS && result != nullptr) {
      std::vector<io::Address>& to =
          call->target == SIZE_MAX ? query.addresses : query.targets[call->target].addresses;
      for (const ares_addrinfo_node* node = result->nodes; node != nullptr; node = node->ai_next) {
        if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
        to.emplace_back(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
        query.ttl = std::min<Duration>(query.ttl, std::chrono::seconds(std::max(0, node->ai_ttl)));
      }
      keep_one_family(to);
    } else {
      query.failure = failure(status);
    }
    if (result != nullptr) ares_freeaddrinfo(result);
    call->resolver->ended(call->id);
  }

  static void on_srv(void* arg, int status, int, unsigned char* bytes, int size) {
    const std::unique_ptr<Call> call(static_cast<Call*>(arg));
    CaresResolver& self = *call->resolver;
    Query& query = self.queries_[call->id];
    ares_srv_reply* list = nullptr;
    if (status == ARES_SUCCESS) status = ares_parse_srv_reply(bytes, size, &list);
    if (status == ARES_SUCCESS) {
      if (const auto ttl = shortest_ttl({bytes, static_cast<std::size_t>(size)})) {
        query.ttl = std::chrono::seconds(*ttl);
      }
      take_targets(list, query);
      if (list != nullptr) ares_free_data(list);
      if (query.targets.empty()) query.failure = failure(ARES_ENODATA);
      if (!query.done) query.targets.clear();  // cancelled
      for (std::size_t i = 0; i < query.targets.size(); ++i) self.look_up(call->id, query.targets[i].host, i);
    } else {
      query.failure = failure(status);
    }
    self.ended(call->id);
  }

  // Those of the best priority. The target "." says that there is no such service (RFC 2782).
  static void take_targets(const ares_srv_reply* list, Query& query) {
    unsigned best = std::numeric_limits<unsigned>::max();
    for (auto* record = list; record != nullptr; record = record->next) {
      if (record->host[0] != 0) best = std::min<unsigned>(best, record->priority);
    }
    for (auto* record = list; record != nullptr && query.targets.size() < 256; record = record->next) {
      if (record->priority != best || record->host[0] == 0) continue;
      query.targets.push_back({record->host, std::max<std::uint32_t>(1, record->weight), record->port, {}});
    }
  }

  void ended(Id id) {
    --queries_[id].calls;
    --running_;
    finish_if_complete(id);
  }

  void finish_if_complete(Id id) {
    const auto found = queries_.find(id);
    if (found == queries_.end() || found->second.calls > 0 || std::exchange(found->second.complete, true))
      return;
    // Later, since c-ares may have answered from within the question (/etc/hosts).
    loop_.post([self = self_, id] {
      if (*self != nullptr) (*self)->deliver(id);
    });
  }

  void deliver(Id id) {
    const auto found = queries_.find(id);
    Query query = std::move(found->second);
    queries_.erase(found);
    if (!query.done) return;
    DnsAnswer answer = std::move(query.failure);
    std::vector<DnsRecord> records = records_of(query);
    if (!records.empty()) {
      answer = {.status = DnsAnswer::Status::ok, .records = std::move(records)};
      answer.ttl = query.ttl == kNoTtl ? Duration::zero() : query.ttl;
    }
    query.done(answer);
  }

  static std::vector<DnsRecord> records_of(const Query& query) {
    std::vector<DnsRecord> records;
    records.reserve(query.addresses.size());
    for (const io::Address& address : query.addresses) records.push_back({address, 1});
    // A target's weight is shared by its addresses; 120 divides by most numbers of them.
    const bool several =
        std::ranges::any_of(query.targets, [](const Target& t) { return t.addresses.size() > 1; });
    for (const Target& target : query.targets) {
      const auto count = static_cast<std::uint32_t>(target.addresses.size());
      for (io::Address address : target.addresses) {
        address.set_port(target.port);
        records.push_back({address, several ? std::max(1U, target.weight * 120 / count) : target.weight});
      }
    }
    return records;
  }

  // --- the loop ---
  static void on_state(void* data, ares_socket_t fd, int readable, int writable) {
    CaresResolver& self = *static_cast<CaresResolver*>(data);
    const auto found = self.sockets_.find(fd);
    if (readable == 0 && writable == 0) {
      if (found == self.sockets_.end()) return;
      self.loop_.remove(fd, *found->second);
      self.sockets_.erase(found);
    } else if (found == self.sockets_.end()) {
      auto socket = std::make_unique<Socket>(self, fd);
      if (self.loop_.add(fd, *socket)) self.sockets_.emplace(fd, std::move(socket));
    }
  }

  // Readiness is told once (edge-triggered), and c-ares does not always read all of it.
  void on_socket(int fd, std::uint32_t ready) {
    for (int i = 0; i < 64; ++i) {
      ares_process_fd(channel_, (ready & io::kReadable) != 0 ? fd : ARES_SOCKET_BAD,
                      (ready & io::kWritable) != 0 ? fd : ARES_SOCKET_BAD);
      if (!sockets_.contains(fd)) break;
      pollfd more{fd, POLLIN, 0};
      if (::poll(&more, 1, 0) <= 0) break;
      ready = io::kReadable;
    }
    arm();
  }

  void on_timer() override {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm();
  }
  void arm() {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) {
      disarm();
      return;
    }
    loop_.timers().arm(
        *this, loop_.now() + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
  }

  io::Loop& loop_;
  const CaresOptions options_;
  ares_channel channel_ = nullptr;
  TimePoint opened_{};
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  std::map<Id, Query> queries_;
  Id next_id_ = 1;
  unsigned running_ = 0;  // calls of c-ares
  std::shared_ptr<CaresResolver*> self_ = std::make_shared<CaresResolver*>(this);
};

}  // namespace

std::unique_ptr<Resolver> make_cares_resolver(io::Loop& loop, const CaresOptions& options) {
  return std::make_unique<CaresResolver>(loop, options);
}

}  // namespace turnpike::upstream
