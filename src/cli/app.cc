#include "cli/app.h"

#include <algorithm>

#include "resource/suggest.h"

namespace turnpike::cli {
namespace {

// Names and words, without CLI11's notes on types and ranges: the descriptions say them in sentences.
class Formatter final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string type = option->get_type_name().substr(0, option->get_type_name().find(':'));
    const bool named = option->nonpositional() && option->get_type_size_max() > 0 && !type.empty();
    return named ? " " + type : "";
  }
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    while (text.ends_with('\n')) text.pop_back();
    return text += '\n';
  }
};

constexpr const char* kTop = R"(examples:
  turnpike proxy --listen :8080 --to 127.0.0.1:9000     a gateway without any file
  turnpike check gateway.yaml                           is this configuration good?
  turnpike run --config gateway.yaml                    serve it; edit the file, it reloads
  turnpike explain gateway.yaml GET http://shop.example/cart -H 'x-tenant: blue'

exit codes:
  0 fine    1 the configuration has errors    2 wrong usage
  3 cannot start (a port is taken, a file cannot be written)    4 not upgraded    70 a bug in turnpike

More: docs/operations.md, docs/configuration.md (turnpike reference prints it).)";

constexpr const char* kRun =
    R"(A PATH is a YAML file, or a folder whose *.yaml, *.yml and *.json files are read. It is watched: a change that is
valid takes effect at once, one that is not is reported and the old configuration serves on.

signals: SIGHUP reload, SIGTERM drain and end, SIGINT the same without delay, a second one ends at once,
SIGUSR1 open log files anew, SIGUSR2 upgrade the program (see turnpike upgrade).

examples:
  turnpike run --config gateway.yaml
  turnpike run --config /etc/turnpike --workers 4 --admin unix:/run/turnpike.sock
  turnpike run --config gateway.yaml --access-log off --drain-delay 5s)";

constexpr const char* kCheck =
    R"(Prints each error as file:line:column with the line itself and ends with code 1, or prints what becomes of
each resource (conditions of the Gateway API) and ends with code 0. Warnings tell of what is served otherwise than
one may think: references that lead nowhere, routes that no Gateway takes.

examples:
  turnpike check gateway.yaml routes/
  turnpike check --strict gateway.yaml                  in a pipeline
  turnpike check -o json gateway.yaml | jq .resources)";

constexpr const char* kExplain =
    R"(Offline: nothing is sent. Says which listener, route and rule would take the request and why the others do
not, which filters and policies act in which order, and which backend gets it with which timeouts and retries.

examples:
  turnpike explain gateway.yaml GET http://shop.example/cart
  turnpike explain gateway.yaml tls://db.example:5432
  turnpike explain gateway.yaml routes/ POST https://pay.example:8443/v1/charge -H 'x-tenant: blue' -o json)";

constexpr const char* kProxy =
    R"(Everything that holds for a configuration file holds here: timeouts, retries, health, metrics.

examples:
  turnpike proxy --listen :8080 --to 127.0.0.1:9000
  turnpike proxy --listen 127.0.0.1:8080 --to 10.0.0.1:9000 --to 10.0.0.2:9000
  turnpike proxy --listen :8080 --to https://api.example.com)";

constexpr const char* kUpgrade =
    R"(The running process starts the program anew, from the file that is there now and with the same arguments, and hands
it its sockets. Only when the new process has read its configuration and is ready does the old one stop accepting and
drain; no connection is lost. If it does not come up, the old one serves on, this command says why and ends with code 4.

Needs the admin API of the process, and to be its user or root. SIGUSR2 does the same without an answer.

examples:
  turnpike upgrade
  turnpike upgrade --admin unix:/run/turnpike.sock)";

constexpr const char* kCompletion = R"(examples:
  bash:  turnpike completion bash > ~/.local/share/bash-completion/completions/turnpike
  zsh:   turnpike completion zsh > "${fpath[1]}/_turnpike"
  fish:  turnpike completion fish > ~/.config/fish/completions/turnpike.fish)";

CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words = std::move(words)](const std::string& given) -> std::string {
        if (std::ranges::find(words, given) != words.end()) return {};
        const std::vector<std::string_view> known(words.begin(), words.end());
        const std::string hint = resource::did_you_mean(given, known);
        std::string all;
        for (const std::string& word : words)
          all += (all.empty() ? "" : &word == &words.back() ? " or " : ", ") + word;
        return "'" + given + "' is not " + all + (hint.empty() ? "" : "; " + hint);
      },
      "");
}

CLI::App* add(CLI::App& app, Arguments& arguments, Command command, const char* name, const char* help,
              const char* footer) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->callback([&arguments, command] { arguments.command = command; });
  sub->footer(footer);
  sub->set_help_flag("-h,--help", "This text");
  return sub;
}

void output_option(CLI::App& sub, Raw& raw) {
  sub.add_option("-o,--output", raw.output, "text (default) or json")
      ->type_name("FORMAT")
      ->check(one_of({"text", "json"}));
}

// What `run` and `proxy` have in common.
void serving_options(CLI::App& sub, Arguments& arguments, Raw& raw) {
  control::Options& options = arguments.options;
  sub.add_option("-w,--workers", options.workers, "Threads that serve; default: one per usable core")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  sub.add_option("--admin", options.admin,
                 "Admin API: loopback HOST:PORT, unix:/PATH or off; default 127.0.0.1:9901")
      ->type_name("ADDR");
  sub.add_option("--access-log", options.access_log,
                 "stdout, off or a file; default: as TelemetryPolicy says, or stdout")
      ->type_name("FILE");
  sub.add_option("--log-level", arguments.log_level, "debug, info (default), warning or error")
      ->type_name("LEVEL")
      ->check(one_of({"debug", "info", "warning", "error"}));
  sub.add_flag("--log-json", arguments.log_json, "Events on stderr as JSON lines");
  sub.add_option("--drain-delay", raw.drain_delay,
                 "After SIGTERM: not ready, but still accepting; default 0s")
      ->type_name("TIME");
  sub.add_option("--drain-timeout", raw.drain_timeout, "Then: for exchanges in progress to end; default 30s")
      ->type_name("TIME");
  sub.add_option("--upgrade-timeout", raw.upgrade_timeout,
                 "For the new process of an upgrade to take over; default 60s")
      ->type_name("TIME");
  sub.add_option("--memory-limit", raw.memory_limit,
                 "Shed load near this much memory; default: the cgroup's limit")
      ->type_name("SIZE");
  sub.add_option("--max-connections", options.most_connections,
                 "Of clients; default: by the descriptors allowed")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}));
  sub.add_option("--ports-file", options.ports_file, "Write where everything listens, as JSON, once it does")
      ->type_name("FILE");
  sub.add_flag("--ephemeral-ports", options.ephemeral_ports,
               "All listeners on free ports (see --ports-file)");
  sub.add_flag("--share-ports", options.share_ports,
               "Let a second turnpike of this user listen too, to hand over");
}

void add_serving(CLI::App& app, Arguments& arguments, Raw& raw) {
  CLI::App* run = add(app, arguments, Command::run, "run", "Serve a configuration", kRun);
  run->add_option("-c,--config", raw.config, "Files and folders with the configuration")->type_name("PATH");
  run->add_option("PATH", raw.positional, "The same, without --config");
  run->add_option("--bind", raw.bind, "Address of all listeners, whatever their Gateways say")
      ->type_name("IP");
  serving_options(*run, arguments, raw);
  CLI::App* proxy =
      add(app, arguments, Command::proxy, "proxy", "Serve one upstream, without a file", kProxy);
  proxy->add_option("--listen", raw.listen, "Where to listen: :8080, 127.0.0.1:8080")
      ->type_name("ADDR")
      ->required();
  proxy
      ->add_option("--to", arguments.to,
                   "Upstream: HOST:PORT, http://HOST or https://HOST; several share the load")
      ->type_name("UPSTREAM")
      ->required();
  serving_options(*proxy, arguments, raw);
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Arguments& arguments, Raw& raw) {
  auto app =
      std::make_unique<CLI::App>("Turnpike, an API gateway and service mesh in one program.", "turnpike");
  const auto formatter = std::make_shared<Formatter>();
  formatter->column_width(30);
  app->formatter(formatter);
  app->set_help_flag("-h,--help", "This text");
  app->set_version_flag("-V,--version", "turnpike " TURNPIKE_VERSION, "Print the version");
  app->footer(kTop);
  app->require_subcommand(1);
  add_serving(*app, arguments, raw);
  CLI::App* check =
      add(*app, arguments, Command::check, "check", "Say whether a configuration is good", kCheck);
  check->add_option("PATH", arguments.paths, "Files and folders")->required();
  check->add_flag("--strict", arguments.strict,
                  "Warnings are errors: what is served otherwise than one may think");
  output_option(*check, raw);
  CLI::App* explain = add(*app, arguments, Command::explain, "explain",
                          "Say what would become of a request, and why", kExplain);
  explain->add_option("PATH... METHOD URL", raw.positional, "The configuration, then the request")
      ->required();
  explain->add_option("-H,--header", raw.headers, "A field of the request, 'name: value'; may be repeated")
      ->type_name("LINE")
      ->take_all()
      ->allow_extra_args(false);
  output_option(*explain, raw);
  CLI::App* upgrade = add(*app, arguments, Command::upgrade, "upgrade",
                          "Replace the program of a running process, without a gap", kUpgrade);
  upgrade->add_option("--admin", arguments.options.admin, "Its admin API; default 127.0.0.1:9901")
      ->type_name("ADDR");
  upgrade->add_option("--timeout", raw.patience, "How long to wait for the outcome; default 90s")
      ->type_name("TIME");
  add(*app, arguments, Command::reference, "reference",
      "Print the reference of all kinds and fields (Markdown)", "");
  CLI::App* version =
      add(*app, arguments, Command::version, "version", "Print the version and how it was built", "");
  output_option(*version, raw);
  CLI::App* completion = add(*app, arguments, Command::completion, "completion",
                             "Print a script that completes commands", kCompletion);
  completion->add_option("SHELL", arguments.shell, "bash, zsh or fish")
      ->required()
      ->check(one_of(std::vector<std::string>(std::begin(kShells), std::end(kShells))));
  return app;
}

}  // namespace turnpike::cli
