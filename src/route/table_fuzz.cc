// Random routes, compiled and asked, against the naive reading of the specification (naive_match.h). Also:
// explain() agrees, and a failed compile() leaves nothing behind.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "route/explain.h"
#include "route/naive_match.h"
#include "route/table.h"
#include "route/test_request.h"

namespace turnpike::route {
namespace {

// Draws from the fuzzer's bytes; zeros when they are used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  bool empty() const { return at_ == end_; }
  unsigned below(unsigned bound) { return empty() ? 0 : *at_++ % bound; }
  template <std::size_t N>
  std::string_view one_of(const std::string_view (&texts)[N]) {
    return texts[below(N)];
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

// Few texts, close to each other, so that most draws collide.
constexpr std::string_view kHosts[] = {"",          "a.com", "*.a.com", "b.a.com", "*.b.a.com",
                                       "c.b.a.com", "*.com", "com",     "z.org"};
constexpr std::string_view kAsked[] = {"a.com", "b.a.com", "c.b.a.com", "d.c.b.a.com", "com",
                                       "x.com", "z.org",   "",          "a.com.com"};
constexpr std::string_view kElements[] = {"/", "/a", "/b", "/ab", "/a%20", "/foo", "/fo", "//"};
constexpr std::string_view kRegexes[] = {"/a.*",    "/(a|b)+",      "/foo/[a-z]*", ".*",      "/[^/]+",
                                         "",        "/a/",          "(",           "/foo|/b", "/fo?o?",
                                         "^/fo+.*", "/a{0,1}b",     "(?i)/A.*",    "/a(?i)B", "/[|]|/a",
                                         "/(a)|/b", "/\\Qa|b\\E|/b"};
constexpr std::string_view kNames[] = {
    "x",    "X",      "x-y",          "cookie", "Cookie",
    "host", "accept", "Content-Type", "origin", "Access-Control-Request-Method"};
constexpr std::string_view kValues[] = {"",
                                        "1",
                                        "2",
                                        "1,2",
                                        "1; 2",
                                        "a b",
                                        "a+b",
                                        "1,.*",
                                        "[12]",
                                        "%31",
                                        "application/grpc",
                                        "Application/GRPC-web+proto",
                                        "POST",
                                        "application/grpc-webby",
                                        "application/grpc-web-text;x"};
constexpr std::string_view kQueries[] = {"x=1",     "x=2", "x", "X=1",   "x=%31", "%78=1", "x=a+b",
                                         "x=a%20b", "=",   "",  "x=1=2", "x-y=%", "x=%3"};
constexpr std::string_view kMethods[] = {"GET", "POST", "HEAD", "BREW", "OPTIONS"};
constexpr std::string_view kRoutes[] = {"a/a", "a/b", "b/a"};

std::string path_of(Input& in, bool may_be_odd) {
  if (may_be_odd && in.below(16) == 0) return in.below(2) == 0 ? "*" : "";
  std::string path;
  for (unsigned i = in.below(5); i > 0; --i) path += in.one_of(kElements);
  return path.empty() ? "/" : path;
}

void run(Input& in) {
  std::vector<std::string> paths;
  paths.reserve(64);
  std::vector<Match> matches;
  for (unsigned count = in.below(40); count > 0; --count) {
    Match match;
    match.host = HostPattern::parse(in.one_of(kHosts)).value();
    match.path.kind = static_cast<PathMatch::Kind>(in.below(4));
    match.path.weight = in.below(4) == 0 ? in.below(40) : 0;
    match.path.value = match.path.is_regex() ? in.one_of(kRegexes)
                                             : std::string_view(paths.emplace_back(path_of(in, false)));
    if (in.below(3) == 0) match.method = static_cast<http::Method>(in.below(3));
    match.grpc = !match.method && in.below(4) == 0;
    for (unsigned i = in.below(4); i > 1; --i) {
      match.headers.push_back(
          {in.one_of(kNames), static_cast<ValueMatch::Kind>(in.below(2)), in.one_of(kValues)});
    }
    for (unsigned i = in.below(4); i > 1; --i) {
      match.query.push_back(
          {in.one_of(kNames), static_cast<ValueMatch::Kind>(in.below(2)), in.one_of(kValues)});
    }
    match.precedence = {in.below(2), in.one_of(kRoutes), in.below(3), in.below(2)};
    match.target = count;
    matches.push_back(std::move(match));
  }
  const auto table = Table::compile(matches, {.workers = 2});
  if (!table) return;

  Scratch scratch(in.below(2));
  for (unsigned asked = 0; asked < 8 && !in.empty(); ++asked) {
    std::string target = path_of(in, true);
    for (unsigned i = in.below(4); i > 0; --i)
      target.append(target.find('?') == std::string::npos ? "?" : "&").append(in.one_of(kQueries));
    TestRequest request(in.one_of(kMethods), target);
    for (unsigned i = in.below(4); i > 0; --i) {
      const std::string_view name = in.one_of(kNames);
      request.head.fields.add(request.arena, name, in.one_of(kValues));
    }
    if (in.below(4) == 0) request.head.authority = "1";
    const std::string_view host = in.one_of(kAsked);
    const auto hit = table->find(host, request.head, scratch);
    const auto expected = naive::find(matches, host, request.head);
    const long found = hit ? static_cast<long>(hit->match_index) : -1;
    const long wanted = expected ? static_cast<long>(*expected) : -1;
    if (found != wanted) {
      std::fprintf(stderr, "host '%s' target '%s': found %ld, expected %ld\n", std::string(host).c_str(),
                   target.c_str(), found, wanted);
      std::abort();
    }
    if (hit && hit->target != matches[hit->match_index].target) std::abort();
    const auto explained = explain(matches, host, request.head);
    const bool says_so = !explained.empty() && explained[0].verdict == Verdict::matched;
    if (says_so != (wanted >= 0) || (says_so && explained[0].match != static_cast<unsigned long>(wanted)))
      std::abort();
  }
}

}  // namespace
}  // namespace turnpike::route

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  turnpike::route::Input in(data, size);
  turnpike::route::run(in);
  return 0;
}
