#include "control/transitions.h"

#include <gtest/gtest.h>

namespace turnpike::control {
namespace {

using resource::ConditionStatus;
using resource::ResourceStatus;

Transitions::Time at(int seconds) { return std::chrono::system_clock::from_time_t(1'700'000'000 + seconds); }

ResourceStatus route(ConditionStatus accepted, std::string_view parent = "shop") {
  ResourceStatus status;
  status.kind = resource::Kind::http_route;
  status.namespace_ = "default";
  status.name = "payments";
  auto& entry = status.parents.emplace_back();
  entry.parent_ref.name = parent;
  entry.conditions = {{"Accepted", accepted, "", "", 0}, {"ResolvedRefs", ConditionStatus::true_, "", "", 0}};
  return status;
}

TEST(Transitions, ATimeStaysAsLongAsTheStatus) {
  Transitions transitions;
  std::vector<ResourceStatus> statuses{route(ConditionStatus::true_)};
  transitions.stamp(statuses, at(0));
  EXPECT_EQ(statuses[0].parents[0].conditions[0].last_transition, at(0));

  statuses = {route(ConditionStatus::true_)};
  transitions.stamp(statuses, at(5));
  EXPECT_EQ(statuses[0].parents[0].conditions[0].last_transition, at(0));

  statuses = {route(ConditionStatus::false_)};
  transitions.stamp(statuses, at(9));
  EXPECT_EQ(statuses[0].parents[0].conditions[0].last_transition, at(9));
  EXPECT_EQ(statuses[0].parents[0].conditions[1].last_transition, at(0));  // the other one did not change
}

TEST(Transitions, EachParentHasItsOwn) {
  Transitions transitions;
  std::vector<ResourceStatus> statuses{route(ConditionStatus::true_)};
  transitions.stamp(statuses, at(0));
  statuses = {route(ConditionStatus::true_)};
  statuses[0].parents.push_back(route(ConditionStatus::true_, "other").parents[0]);
  transitions.stamp(statuses, at(3));
  EXPECT_EQ(statuses[0].parents[0].conditions[0].last_transition, at(0));
  EXPECT_EQ(statuses[0].parents[1].conditions[0].last_transition, at(3));
}

TEST(Transitions, AListenerIsNotItsGateway) {
  ResourceStatus gateway;
  gateway.kind = resource::Kind::gateway;
  gateway.namespace_ = "default";
  gateway.name = "shop";
  gateway.conditions = {{"Accepted", ConditionStatus::true_, "", "", 0}};
  gateway.listeners.resize(1);
  gateway.listeners[0].name = "http";
  gateway.listeners[0].conditions = {{"Accepted", ConditionStatus::true_, "", "", 0}};
  Transitions transitions;
  std::vector<ResourceStatus> statuses{gateway};
  transitions.stamp(statuses, at(0));
  gateway.listeners[0].conditions[0].status = ConditionStatus::false_;
  statuses = {gateway};
  transitions.stamp(statuses, at(7));
  EXPECT_EQ(statuses[0].conditions[0].last_transition, at(0));
  EXPECT_EQ(statuses[0].listeners[0].conditions[0].last_transition, at(7));
}

TEST(Transitions, WhatWasGoneBeginsAnew) {
  Transitions transitions;
  std::vector<ResourceStatus> statuses{route(ConditionStatus::true_)};
  transitions.stamp(statuses, at(0));
  transitions.stamp({}, at(1));
  statuses = {route(ConditionStatus::true_)};
  transitions.stamp(statuses, at(2));
  EXPECT_EQ(statuses[0].parents[0].conditions[0].last_transition, at(2));
}

}  // namespace
}  // namespace turnpike::control
