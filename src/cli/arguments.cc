#include "cli/arguments.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"
#include "cli/app.h"
#include "control/admin_server.h"
#include "io/address.h"
#include "resource/scalar.h"
#include "resource/suggest.h"

namespace turnpike::cli {
namespace {

using control::Exit;

constexpr std::string_view kExplainExample = "turnpike explain gateway.yaml GET http://shop.example/cart";

// Thrown inside this file only.
struct Wrong {
  std::string message;
};

std::string hint_for(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string hint = resource::did_you_mean(word, views);
  return hint.empty() ? hint : "; " + hint;
}

// Methods are told apart by case (RFC 9110 §9.1).
std::string hint_for_method(std::string method) {
  for (char& c : method) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return hint_for(method, {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The sub-command that was named, or the program itself.
const CLI::App& named(const CLI::App& app) {
  const auto subs = app.get_subcommands();
  return subs.empty() ? app : *subs.front();
}

std::string unexpected_argument(const CLI::App& app, const std::string& word) {
  if (!word.starts_with('-')) return "unexpected argument '" + word + "'";
  const std::string name = word.substr(0, word.find('='));
  return "there is no option '" + name + "'" + hint_for(name, option_names(app));
}

Ended wrong(const CLI::App& app, const std::string& message) {
  const CLI::App& sub = named(app);
  const std::string command = &sub == &app ? "turnpike" : "turnpike " + sub.get_name();
  return {Exit::usage, command + ": " + message + "\nSee '" + command + " --help'.\n"};
}

Duration duration(const std::string& option, const std::string& text, Duration otherwise) {
  if (text.empty()) return otherwise;
  const auto value = resource::parse_duration(text);
  if (!value) throw Wrong{option + ": '" + text + "' is no duration; write 30s, 1m30s, 500ms or 0s"};
  return *value;
}

void finish_serving(Arguments& out, const Raw& raw) {
  control::Options& options = out.options;
  options.drain_delay = duration("--drain-delay", raw.drain_delay, options.drain_delay);
  options.drain_timeout = duration("--drain-timeout", raw.drain_timeout, options.drain_timeout);
  options.upgrade_timeout = duration("--upgrade-timeout", raw.upgrade_timeout, options.upgrade_timeout);
  if (options.upgrade_timeout <= Duration::zero()) throw Wrong{"--upgrade-timeout: must be longer than 0s"};
  if (!raw.memory_limit.empty()) {
    const auto size = resource::parse_byte_size(raw.memory_limit);
    if (!size || size->bytes < (16U << 20)) {
      throw Wrong{"--memory-limit: '" + raw.memory_limit +
                  "' is no size of at least 16Mi; write 512Mi or 2Gi"};
    }
    options.memory_limit = size->bytes;
  }
  if (options.admin != "off") {
    const auto address = control::parse_admin_address(options.admin);
    if (!address) throw Wrong{"--admin: " + address.error()};
  }
}

void finish_run(Arguments& out, const Raw& raw) {
  out.options.paths = raw.config;
  out.options.paths.insert(out.options.paths.end(), raw.positional.begin(), raw.positional.end());
  if (out.options.paths.empty()) {
    throw Wrong{
        "which configuration? Name it: turnpike run --config gateway.yaml (or try turnpike proxy, which "
        "needs none)"};
  }
  if (raw.bind.empty()) return;
  if (!io::Address::from_ip(raw.bind, 0))
    throw Wrong{"--bind: '" + raw.bind + "' is no IP address; write 127.0.0.1 or ::1"};
  out.options.bind = raw.bind;
}

void finish_proxy(Arguments& out, const Raw& raw) {
  auto listen = parse_host_port(raw.listen);
  if (listen && listen->host == "localhost") listen->host = "127.0.0.1";
  if (!listen || (!listen->host.empty() && !io::Address::from_ip(listen->host, 0))) {
    throw Wrong{"--listen: '" + raw.listen +
                "' is no address to listen on; write :8080, 127.0.0.1:8080 or [::1]:8080"};
  }
  out.listen = *listen;
}

void finish_upgrade(Arguments& out, const Raw& raw) {
  if (out.options.admin == "off")
    throw Wrong{"--admin: without the admin API, send SIGUSR2 to the process and read its log"};
  const auto address = control::parse_admin_address(out.options.admin);
  if (!address) throw Wrong{"--admin: " + address.error()};
  out.patience = duration("--timeout", raw.patience, std::chrono::seconds(90));
}

void finish_explain(Arguments& out, const Raw& raw) {
  const auto& words = raw.positional;
  // Connections and datagrams have no method.
  const bool without_method =
      words.size() >= 2 && (words.back().starts_with("tcp://") || words.back().starts_with("tls://") ||
                            words.back().starts_with("udp://"));
  if (without_method) {
    out.paths.assign(words.begin(), words.end() - 1);
    out.url = words.back();
    return;
  }
  if (words.size() < 3) {
    throw Wrong{"needs a configuration, a method and a URL: " + std::string(kExplainExample)};
  }
  out.paths.assign(words.begin(), words.end() - 2);
  out.method = words[words.size() - 2];
  out.url = words.back();
  const bool method = std::all_of(out.method.begin(), out.method.end(),
                                  [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
  if (!method) {
    throw Wrong{"'" + out.method + "' is no method" + hint_for_method(out.method) +
                "; the last two arguments are METHOD and URL: GET http://shop.example/cart"};
  }
  if (!out.url.starts_with("http://") && !out.url.starts_with("https://") && !out.url.starts_with('/')) {
    const bool bare = out.url.find("://") == std::string::npos;
    throw Wrong{"'" + out.url + "' is no URL; write " +
                (bare ? "http://" + out.url : "http://shop.example/cart") +
                ", or the path alone with -H 'host: shop.example'"};
  }
  for (const std::string& line : raw.headers) {
    auto header = parse_header(line);
    if (!header) throw Wrong{"-H: " + header.error()};
    out.headers.push_back(std::move(*header));
  }
}

void finish(Arguments& out, const Raw& raw) {
  out.json = raw.output == "json";
  switch (out.command) {
    case Command::run:
      finish_serving(out, raw);
      return finish_run(out, raw);
    case Command::proxy:
      finish_serving(out, raw);
      return finish_proxy(out, raw);
    case Command::explain:
      return finish_explain(out, raw);
    case Command::upgrade:
      return finish_upgrade(out, raw);
    default:
      return;
  }
}

// What is missing, by what to write.
std::string missing(std::string_view command, const CLI::RequiredError& error) {
  if (command == "check") return "which configuration? Name it: turnpike check gateway.yaml";
  if (command == "explain")
    return "needs a configuration, a method and a URL: " + std::string(kExplainExample);
  if (command == "completion") return "for which shell? bash, zsh or fish: turnpike completion bash";
  return error.what();
}

// CLI11's own words are fine once the name of its type is gone.
std::string first_line_of(const CLI::ParseError& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::expected<Arguments, Ended> parse_arguments(int argc, const char* const* argv) {
  Arguments out;
  Raw raw;
  const auto app = make_app(out, raw);
  if (argc < 2) return std::unexpected(Ended{Exit::usage, app->help()});
  const std::string first = argv[1];
  const auto commands = command_names(*app);
  if (first == "help") return std::unexpected(Ended{Exit::ok, app->help()});
  if (!first.starts_with('-') && std::find(commands.begin(), commands.end(), first) == commands.end()) {
    return std::unexpected(Ended{Exit::usage, "turnpike: there is no command '" + first + "'" +
                                                  hint_for(first, commands) + "\nSee 'turnpike --help'.\n"});
  }
  try {
    app->parse(argc, argv);
    finish(out, raw);
    return out;
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Ended{Exit::ok, app->help()});
  } catch (const CLI::CallForVersion& version) {
    return std::unexpected(Ended{Exit::ok, std::string(version.what()) + '\n'});
  } catch (const CLI::ExtrasError& error) {
    const auto extra = app->remaining(true);
    return std::unexpected(
        wrong(*app, extra.empty() ? first_line_of(error) : unexpected_argument(named(*app), extra.front())));
  } catch (const CLI::RequiredError& error) {
    return std::unexpected(wrong(*app, missing(named(*app).get_name(), error)));
  } catch (const CLI::ParseError& error) {
    return std::unexpected(wrong(*app, first_line_of(error)));
  } catch (const Wrong& error) {
    return std::unexpected(wrong(*app, error.message));
  }
}

}  // namespace turnpike::cli
