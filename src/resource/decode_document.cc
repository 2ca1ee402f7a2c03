#include <array>
#include <string>

#include "resource/decode.h"
#include "resource/kinds.h"
#include "resource/say.h"
#include "resource/suggest.h"

namespace turnpike::resource {

namespace {

// Kinds of Kubernetes that often stand in the same files and mean nothing to a proxy.
bool is_foreign(std::string_view group, std::string_view kind) {
  for (const std::string_view known :
       {"apps", "batch", "autoscaling", "policy", "events.k8s.io", "extensions"}) {
    if (group == known) return true;
  }
  if (group == kGatewayGroup || group == kTurnpikeGroup) return false;
  if (group.ends_with(".k8s.io")) return edit_distance(group, kGatewayGroup) > 4;
  if (!group.empty()) return false;
  for (const std::string_view known :
       {"Pod", "PodTemplate", "ServiceAccount", "Endpoints", "Node", "Event", "PersistentVolume",
        "LimitRange", "PersistentVolumeClaim", "ReplicationController", "ResourceQuota", "Binding",
        "ComponentStatus"}) {
    if (kind == known) return true;
  }
  return false;
}

class DocumentDecoder {
 public:
  DocumentDecoder(Decoded& decoded, const DecodeOptions& options)
      : decoded_(decoded), reporter_(decoded, options) {}

  void decode(const Node& root) {
    resource(root);
    reporter_.finish();
  }

 private:
  void error(const Node& node, std::string message, std::string hint = {}) {
    reporter_.report(Severity::error, node.mark, std::move(message), std::move(hint));
  }

  static std::string_view text_of(const Node& root, std::string_view field) {
    const Node* node = root.find(field);
    return node != nullptr && node->scalar() ? node->text : std::string_view{};
  }

  void resource(const Node& root) {
    reporter_.set_resource({});
    if (root.type != Node::Type::mapping) {
      return error(root, "a resource must be a mapping with apiVersion, kind and metadata");
    }
    const Node* kind_node = root.find("kind");
    const Node* version_node = root.find("apiVersion");
    const std::string_view kind = text_of(root, "kind");
    const std::string_view api_version = text_of(root, "apiVersion");
    if (kind.empty() || api_version.empty()) {
      if (kind.empty())
        error(kind_node != nullptr ? *kind_node : root, "'kind' is required", missing_hint(root, "kind"));
      if (api_version.empty()) {
        error(version_node != nullptr ? *version_node : root, "'apiVersion' is required",
              version_hint(root, kind));
      }
      return;
    }
    const std::size_t slash = api_version.rfind('/');
    const std::string_view group =
        slash == std::string_view::npos ? std::string_view{} : api_version.substr(0, slash);
    const std::string_view version =
        slash == std::string_view::npos ? api_version : api_version.substr(slash + 1);
    if (kind.ends_with("List") && root.find("items") != nullptr) return list(root);
    for (const KindInfo& info : all_kinds()) {
      if (info.group == group && info.name == kind) return known(root, *version_node, info, version);
    }
    if (is_foreign(group, kind)) {
      reporter_.report(Severity::warning, kind_node->mark,
                       say("'{}' is passed over: Turnpike does not use it", excerpt(kind)));
      return;
    }
    unknown(*kind_node, *version_node, group, kind);
  }

  // "Kind:" or "knd:" instead of "kind:".
  static std::string missing_hint(const Node& root, std::string_view field) {
    const std::array<std::string_view, 1> wanted{field};
    for (const Node& child : root) {
      if (child.key != field && !nearest(child.key, wanted).empty()) {
        return say("'{}' is there: did you mean '{}'?", excerpt(child.key), field);
      }
    }
    return {};
  }

  static std::string version_hint(const Node& root, std::string_view kind) {
    if (std::string hint = missing_hint(root, "apiVersion"); !hint.empty()) return hint;
    for (const KindInfo& info : all_kinds()) {
      if (info.name == kind) return "write " + api_version_of(info);
    }
    return {};
  }

  static std::string api_version_of(const KindInfo& info) {
    return say("apiVersion: {}{}{}", info.group, info.group.empty() ? "" : "/", info.versions[0]);
  }

  void unknown(const Node& kind_node, const Node& version_node, std::string_view group,
               std::string_view kind) {
    std::array<std::string_view, kKindCount> names;
    std::size_t count = 0;
    for (const KindInfo& info : all_kinds()) {
      // The right kind with another group.
      if (info.name == kind) {
        return error(version_node, say("'{}' is not an apiVersion of {}", excerpt(version_node.text), kind),
                     "write " + api_version_of(info));
      }
      if (info.group == group) names[count++] = info.name;
    }
    if (group == "gateway.networking.x-k8s.io" && kind == "XListenerSet") {
      return error(kind_node, "XListenerSet has become ListenerSet",
                   "write apiVersion: gateway.networking.k8s.io/v1 and kind: ListenerSet");
    }
    if (count == 0) {
      constexpr std::array<std::string_view, 3> kGroups{kGatewayGroup, kTurnpikeGroup, kDiscoveryGroup};
      return error(version_node, say("unknown apiVersion '{}'", excerpt(version_node.text)),
                   did_you_mean(group, kGroups));
    }
    error(kind_node, say("unknown kind '{}' in {}", excerpt(kind), group.empty() ? "v1" : group),
          did_you_mean(kind, std::span(names.data(), count)));
  }

  void list(const Node& root) {
    const Node& items = *root.find("items");
    if (items.type == Node::Type::null) return;
    if (items.type != Node::Type::sequence) return error(items, "'items' must be a list of resources");
    for (const Node& item : items) {
      if (item.type == Node::Type::mapping && item.find("items") != nullptr &&
          text_of(item, "kind").ends_with("List")) {
        error(item, "a list may not hold another list");
        continue;
      }
      resource(item);
    }
  }

  void known(const Node& root, const Node& version_node, const KindInfo& info, std::string_view version) {
    const Node* meta = root.find("metadata");
    std::string_view name = meta == nullptr ? std::string_view{} : text_of(*meta, "name");
    std::string_view space = meta == nullptr ? std::string_view{} : text_of(*meta, "namespace");
    if (space.empty()) space = "default";
    const std::string shown = name.empty() ? "?" : excerpt(name);
    reporter_.set_resource(info.namespaced ? say("{} {}/{}", info.name, excerpt(space), shown)
                                           : say("{} {}", info.name, shown));
    bool version_known = false;
    for (const std::string_view accepted : info.versions) version_known |= accepted == version;
    if (!version_known) {
      error(version_node, say("{} has no version '{}'", info.name, excerpt(version)),
            "write " + api_version_of(info));
    }
    std::shared_ptr<Object> object = info.make();
    object->mark = root.mark;
    if (!info.namespaced) object->meta.namespace_.clear();
    decode_object(root, info.schema(), object.get(), reporter_);
    object->mark = root.mark;
    if (!object->meta.name.empty()) decoded_.objects.push_back(std::move(object));
  }

  Decoded& decoded_;
  Reporter reporter_;
};

}  // namespace

Decoded decode_document(const Node& root, const DecodeOptions& options) {
  Decoded decoded;
  DocumentDecoder(decoded, options).decode(root);
  decoded.objects.shrink_to_fit();
  decoded.findings.shrink_to_fit();
  return decoded;
}

}  // namespace turnpike::resource
