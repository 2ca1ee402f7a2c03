#include "resource/status.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "resource/kinds.h"
#include "resource/reference.h"

namespace turnpike::resource {
namespace {

Position at(std::uint32_t line) { return {std::make_shared<const std::string>("shop.yaml"), line, 1}; }

std::vector<ResourceStatus> some() {
  ResourceStatus gateway;
  gateway.kind = Kind::gateway;
  gateway.namespace_ = "default";
  gateway.name = "shop";
  gateway.position = at(1);
  gateway.conditions = {{"Accepted", ConditionStatus::true_, "Accepted", "", 1},
                        {"Programmed", ConditionStatus::true_, "Programmed", "", 1}};
  ListenerStatus listener;
  listener.name = "http";
  listener.attached_routes = 1;
  listener.supported_kinds = {Kind::http_route};
  listener.conditions = {{"Accepted", ConditionStatus::true_, "Accepted", "", 1},
                         {"Conflicted", ConditionStatus::false_, "NoConflicts", "", 1}};
  gateway.listeners = {listener};
  ResourceStatus route;
  route.kind = Kind::http_route;
  route.namespace_ = "default";
  route.name = "payments";
  route.position = at(9);
  RouteParentStatus parent;
  parent.parent_ref.name = "shop";
  parent.parent_ref.section_name = Marked<std::string>{"http", {}};
  parent.conditions = {{"Accepted", ConditionStatus::true_, "Accepted", "", 0},
                       {"ResolvedRefs", ConditionStatus::false_, "BackendNotFound", "no Backend \"x\"", 0}};
  route.parents = {parent};
  return {gateway, route};
}

TEST(Status, for_people) {
  EXPECT_EQ(to_text(some()),
            "Gateway default/shop (shop.yaml:1:1): Accepted, Programmed\n"
            "  listener http, 1 route: Accepted\n"
            "HTTPRoute default/payments (shop.yaml:9:1)\n"
            "  at Gateway shop listener http: Accepted\n"
            "    ResolvedRefs: False (BackendNotFound) no Backend \"x\"\n");
}

TEST(Status, for_programs) {
  std::string out;
  JsonWriter json(out);
  write_json(json, some()[1]);
  EXPECT_EQ(
      out,
      R"({"group":"gateway.networking.k8s.io","kind":"HTTPRoute","namespace":"default","name":"payments",)"
      R"("position":"shop.yaml:9:1","status":{"parents":[{"parentRef":{"group":"gateway.networking.k8s.io",)"
      R"("kind":"Gateway","name":"shop","sectionName":"http"},)"
      R"("controllerName":"turnpike.dev/gateway-controller","conditions":[{"type":"Accepted","status":"True",)"
      R"("reason":"Accepted","message":"","observedGeneration":0},{"type":"ResolvedRefs","status":"False",)"
      R"("reason":"BackendNotFound","message":"no Backend \"x\"","observedGeneration":0}]}]}})");
  out.clear();
  JsonWriter again(out);
  write_json(again, some()[0]);
  EXPECT_NE(out.find(R"("listeners":[{"name":"http","attachedRoutes":1,"supportedKinds":[{"group":)"),
            std::string::npos);
  EXPECT_NE(out.find(R"("attachedListenerSets":0)"), std::string::npos);
  out.clear();
  JsonWriter third(out);
  write_json(third, Diagnostic{Severity::error, at(3), "bad", "do better", ""});
  EXPECT_EQ(
      out,
      R"({"severity":"error","file":"shop.yaml","line":3,"column":1,"message":"bad","hint":"do better"})");
}

TEST(Status, what_users_wrote_cannot_act_on_a_terminal) {
  auto statuses = some();
  statuses[1].parents[0].parent_ref.name = "sh\x1b[2Jop";
  statuses[1].parents[0].conditions[1].message = "two\nlines";
  const std::string text = to_text(statuses);
  EXPECT_NE(text.find("at Gateway sh\\x1b[2Jop listener"), std::string::npos) << text;
  EXPECT_NE(text.find("two\\x0alines\n"), std::string::npos) << text;
}

TEST(Status, a_transition_has_a_time_where_somebody_watched) {
  auto status = some()[0];
  status.addresses = {"192.0.2.1"};
  status.conditions[0].last_transition = std::chrono::system_clock::from_time_t(1769860800);
  std::string out;
  JsonWriter json(out);
  write_json(json, status);
  EXPECT_NE(out.find(R"("observedGeneration":1,"lastTransitionTime":"2026-01-31T12:00:00Z"},)"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find(R"("addresses":[{"type":"IPAddress","value":"192.0.2.1"}])"), std::string::npos) << out;
}

TEST(Status, a_condition_replaces_that_of_its_type) {
  std::vector<Condition> conditions;
  set_condition(conditions, {"Accepted", ConditionStatus::true_, "Accepted", "", 0});
  set_condition(conditions, {"Accepted", ConditionStatus::false_, "NotAllowed", "x", 0});
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].reason, "NotAllowed");
  EXPECT_EQ(find_condition(conditions, "Accepted"), &conditions[0]);
  EXPECT_EQ(find_condition(conditions, "Other"), nullptr);
}

// Every field that is no mere part of Kubernetes says what it means, and the tables hold together.
void expect_described(const Struct& table, int depth) {
  ASSERT_LT(depth, 12) << table.name;
  EXPECT_LE(table.fields.size(), 64U) << table.name;
  EXPECT_FALSE(table.name.empty());
  for (const Field& field : table.fields) {
    EXPECT_EQ(table.find(field.name), &field) << table.name << " has two fields " << field.name;
    if (field.presence == Field::Presence::ignored || field.presence == Field::Presence::unsupported)
      continue;
    EXPECT_FALSE(field.doc.empty()) << table.name << "." << field.name;
    EXPECT_TRUE(field.doc.ends_with('.') || field.doc.ends_with('`')) << table.name << "." << field.name;
    const Type* type = field.type;
    if (type->shape == Shape::list) type = type->element();
    if (type->shape == Shape::object && field.name != "filters") expect_described(type->object(), depth + 1);
  }
}

TEST(Reference, each_field_of_each_kind_is_described) {
  for (const KindInfo& info : all_kinds()) expect_described(info.schema(), 0);
}

TEST(Reference, shows_types_defaults_and_bounds) {
  const std::string text = configuration_reference();
  for (const KindInfo& info : all_kinds()) {
    EXPECT_NE(text.find("\n## " + std::string(info.name) + "\n"), std::string::npos) << info.name;
  }
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  EXPECT_TRUE(has("| `port` | integer | required | Port to listen on. From 1 to 65535. |\n"));
  EXPECT_TRUE(
      has("| `spec.rules[].matches[].path.value` | string | `/` | What to compare the normalised path with. "
          "|\n"));
  EXPECT_TRUE(has("| `spec.retryBudget.percent` | integer | `20` |"));
  EXPECT_TRUE(has("| `spec.limits.head` | size | `64Ki` |"));
  EXPECT_TRUE(has("| `spec.timeouts.head` | duration | `10s` |"));
  EXPECT_TRUE(has("| `spec.retry.on[]` | list of retry condition | `[connect-failure, reset]` |"));
  EXPECT_TRUE(has("| `spec.rules[].backendRefs[].weight` | integer | `1` |"));
  EXPECT_FALSE(has("managedFields"));
}

// With TURNPIKE_UPDATE set in the environment, writes the page instead of comparing it.
TEST(Reference, the_page_in_docs_is_current) {
  const std::string path = TURNPIKE_SOURCE_DIR "/docs/configuration.md";
  if (std::getenv("TURNPIKE_UPDATE") != nullptr)
    std::ofstream(path, std::ios::binary) << configuration_reference();
  std::ifstream file(path, std::ios::binary);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(page == configuration_reference())
      << path << " is out of date: run this test with TURNPIKE_UPDATE=1";
}

}  // namespace
}  // namespace turnpike::resource
