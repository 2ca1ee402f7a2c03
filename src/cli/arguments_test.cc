#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace turnpike::cli {
namespace {

using namespace std::chrono_literals;
using control::Exit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::expected<Arguments, Ended> parse(std::initializer_list<const char*> words) {
  std::vector<const char*> argv{"turnpike"};
  argv.insert(argv.end(), words);
  return parse_arguments(static_cast<int>(argv.size()), argv.data());
}

// The text of a refusal, which must be one of usage and point to help.
std::string refusal(std::initializer_list<const char*> words) {
  const auto parsed = parse(words);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, Exit::usage) << parsed.error().text;
  EXPECT_THAT(parsed.error().text, HasSubstr("--help"));
  return parsed.error().text;
}

TEST(Arguments, RunTakesPathsInEveryForm) {
  const auto parsed =
      parse({"run", "--config", "a.yaml", "b", "-c", "c.yaml", "--workers", "4", "--admin", "off"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->command, Command::run);
  EXPECT_THAT(parsed->options.paths, ElementsAre("a.yaml", "b", "c.yaml"));
  EXPECT_EQ(parsed->options.workers, 4U);
  EXPECT_EQ(parsed->options.admin, "off");
  const auto positional = parse({"run", "a.yaml", "b.yaml"});
  ASSERT_TRUE(positional) << positional.error().text;
  EXPECT_THAT(positional->options.paths, ElementsAre("a.yaml", "b.yaml"));
}

TEST(Arguments, RunDefaults) {
  const auto parsed = parse({"run", "-c", "a.yaml"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->options.admin, "127.0.0.1:9901");
  EXPECT_EQ(parsed->options.drain_delay, 0s);
  EXPECT_EQ(parsed->options.drain_timeout, 30s);
  EXPECT_FALSE(parsed->options.bind);
}

TEST(Arguments, RunValues) {
  const auto parsed =
      parse({"run", "-c", "a", "--drain-delay", "1m30s", "--drain-timeout=500ms", "--memory-limit", "512Mi",
             "--bind", "::1", "--ephemeral-ports", "--ports-file", "p.json", "--max-connections", "100"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->options.drain_delay, 90s);
  EXPECT_EQ(parsed->options.drain_timeout, 500ms);
  EXPECT_EQ(parsed->options.memory_limit, 512U << 20);
  EXPECT_EQ(parsed->options.bind, "::1");
  EXPECT_TRUE(parsed->options.ephemeral_ports);
  EXPECT_EQ(parsed->options.most_connections, 100U);
}

TEST(Arguments, WrongValuesTeach) {
  EXPECT_THAT(refusal({"run", "-c", "a", "--drain-delay", "soon"}), HasSubstr("write 30s"));
  EXPECT_THAT(refusal({"run", "-c", "a", "--memory-limit", "1"}), HasSubstr("16Mi"));
  EXPECT_THAT(refusal({"run", "-c", "a", "--admin", "0.0.0.0:9901"}), HasSubstr("no log-in"));
  EXPECT_THAT(refusal({"run", "-c", "a", "--bind", "localhost"}), HasSubstr("no IP address"));
  EXPECT_THAT(refusal({"run", "-c", "a", "--workers", "0"}), HasSubstr("--workers"));
  EXPECT_THAT(refusal({"run", "-c", "a", "--workers", "many"}), HasSubstr("--workers"));
  EXPECT_THAT(refusal({"run"}), HasSubstr("--config gateway.yaml"));
  EXPECT_THAT(refusal({"check"}), HasSubstr("turnpike check gateway.yaml"));
  EXPECT_THAT(refusal({"check", "-o", "yaml", "a"}), HasSubstr("'yaml' is not text or json"));
  EXPECT_THAT(refusal({"completion"}), HasSubstr("turnpike completion bash"));
  EXPECT_THAT(refusal({"completion", "bas"}), HasSubstr("is not bash, zsh or fish; did you mean 'bash'?"));
}

TEST(Arguments, TyposAreRecognised) {
  EXPECT_THAT(refusal({"chekc", "a.yaml"}), HasSubstr("did you mean 'check'"));
  EXPECT_THAT(refusal({"frobnicate"}), StartsWith("turnpike: there is no command 'frobnicate'\n"));
  EXPECT_THAT(refusal({"run", "--conifg", "a.yaml"}), HasSubstr("did you mean '--config'"));
  EXPECT_THAT(refusal({"run", "-c", "a", "--wrokers=3"}), HasSubstr("did you mean '--workers'"));
}

TEST(Arguments, Explain) {
  const auto parsed = parse({"explain", "a.yaml", "dir", "GET", "http://shop.example/x?y=1", "-H",
                             "x-tenant: blue", "-H", "accept: */*", "-o", "json"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_THAT(parsed->paths, ElementsAre("a.yaml", "dir"));
  EXPECT_EQ(parsed->method, "GET");
  EXPECT_EQ(parsed->url, "http://shop.example/x?y=1");
  ASSERT_EQ(parsed->headers.size(), 2U);
  EXPECT_EQ(parsed->headers[0].value, "blue");
  EXPECT_TRUE(parsed->json);
}

TEST(Arguments, ExplainHeaderBeforeThePaths) {
  const auto parsed = parse({"explain", "-H", "a: b", "a.yaml", "GET", "/x"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_THAT(parsed->paths, ElementsAre("a.yaml"));
}

TEST(Arguments, ExplainWrong) {
  EXPECT_THAT(refusal({"explain"}), HasSubstr("a method and a URL"));
  EXPECT_THAT(refusal({"explain", "a.yaml", "GET"}), HasSubstr("a method and a URL"));
  EXPECT_THAT(refusal({"explain", "a.yaml", "get", "/x"}), HasSubstr("did you mean 'GET'?"));
  EXPECT_THAT(refusal({"explain", "a.yaml", "http://x/", "GET"}), HasSubstr("no method"));
  EXPECT_THAT(refusal({"explain", "a.yaml", "GET", "shop.example/x"}),
              HasSubstr("write http://shop.example/x, or"));
  EXPECT_THAT(refusal({"explain", "a.yaml", "GET", "/", "-H", "nocolon"}), HasSubstr("no colon"));
}

TEST(Arguments, Proxy) {
  const auto parsed =
      parse({"proxy", "--listen", ":8080", "--to", "127.0.0.1:9000", "--to", "127.0.0.1:9001"});
  ASSERT_TRUE(parsed) << parsed.error().text;
  EXPECT_EQ(parsed->listen.port, 8080);
  EXPECT_THAT(parsed->to, ElementsAre("127.0.0.1:9000", "127.0.0.1:9001"));
  EXPECT_THAT(refusal({"proxy", "--listen", ":8080"}), HasSubstr("--to"));
  EXPECT_EQ(parse({"proxy", "--listen", "localhost:8080", "--to", "a:1"})->listen.host, "127.0.0.1");
  EXPECT_THAT(refusal({"proxy", "--listen", "shop.example:8080", "--to", "a:1"}),
              HasSubstr("no address to listen on"));
}

TEST(Arguments, HelpAndVersionEndWell) {
  for (const auto& words : {std::initializer_list<const char*>{"--help"}, {"help"}, {"-h"}}) {
    const auto parsed = parse(words);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Exit::ok);
    EXPECT_THAT(parsed.error().text, HasSubstr("exit codes"));
  }
  const auto run = parse({"run", "--help"});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, Exit::ok);
  EXPECT_THAT(run.error().text, HasSubstr("SIGHUP"));
  const auto version = parse({"--version"});
  ASSERT_FALSE(version);
  EXPECT_THAT(version.error().text, StartsWith("turnpike "));
  const auto nothing = parse({});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Exit::usage);
}

TEST(Completion, NamesEveryCommandAndOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell);
    for (const char* word : {"run", "check", "explain", "proxy", "reference", "version", "completion",
                             "drain-timeout", "header"}) {
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    }
  }
}

}  // namespace
}  // namespace turnpike::cli
