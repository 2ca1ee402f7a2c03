#include "resource/loader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace turnpike::resource {
namespace {

namespace fs = std::filesystem;

std::string backend(std::string_view name, std::string_view address = "127.0.0.1") {
  return "apiVersion: turnpike.dev/v1alpha1\nkind: Backend\nmetadata: {name: " + std::string(name) +
         "}\nspec: {endpoints: [{address: " + std::string(address) + "}]}\n";
}

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    std::string pattern = (fs::temp_directory_path() / "loader_test.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    root_ = pattern;
  }
  ~LoaderTest() override { fs::remove_all(root_); }

  void write(const fs::path& name, std::string_view text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  Loaded load(std::initializer_list<const char*> names) {
    std::vector<std::string> paths;
    for (const char* name : names) paths.push_back((root_ / name).string());
    return loader_.load(paths);
  }
  // "name@file:line" of each Backend.
  std::string backends(const Loaded& loaded) const {
    std::string out;
    for (const auto& entry : loaded.store->all<Backend>()) {
      const Position position = entry.position();
      out += (out.empty() ? "" : " ") + entry->meta.name + "@" +
             fs::path(*position.file).lexically_normal().lexically_relative(root_).string() + ":" +
             std::to_string(position.line);
    }
    return out;
  }
  static std::string problems(const Loaded& loaded) {
    std::string out;
    for (const Diagnostic& diagnostic : loaded.diagnostics) out += diagnostic.message + "\n";
    return out;
  }

  fs::path root_;
  Loader loader_;
};

TEST_F(LoaderTest, folders_are_read_in_the_order_of_names) {
  write("b.yaml", backend("b"));
  write("a/z.yml", backend("z"));
  write("a/c.json", R"({"apiVersion": "turnpike.dev/v1alpha1", "kind": "Backend", "metadata": {"name": "c"},
                        "spec": {"dns": {"hostname": "c"}}})");
  write("readme.md", "not: [yaml");
  write(".hidden.yaml", "not: [yaml");
  write("a/.git/x.yaml", "not: [yaml");
  const Loaded loaded = load({"."});
  EXPECT_EQ(problems(loaded), "");
  EXPECT_EQ(backends(loaded), "b@b.yaml:1 c@a/c.json:1 z@a/z.yml:1");
}

TEST_F(LoaderTest, a_mounted_config_map_comes_out_once) {
  write("..2026_01_31/a.yaml", backend("a"));
  fs::create_symlink("..2026_01_31", root_ / "..data");
  fs::create_symlink("..data/a.yaml", root_ / "a.yaml");
  EXPECT_EQ(backends(load({"."})), "a@a.yaml:1");
  // The kubelet writes another folder and turns the link.
  write("..2026_02_01/a.yaml", backend("a", "127.0.0.2"));
  fs::remove(root_ / "..data");
  fs::create_symlink("..2026_02_01", root_ / "..data");
  const Loaded loaded = load({"."});
  EXPECT_EQ(*(*loaded.store->find<Backend>("default", "a"))->endpoints[0].address, "127.0.0.2");
}

TEST_F(LoaderTest, the_same_file_by_two_ways_is_read_once) {
  write("a.yaml", backend("a"));
  fs::create_symlink("a.yaml", root_ / "b.yaml");
  fs::create_directory_symlink(".", root_ / "loop");
  EXPECT_EQ(problems(load({".", "a.yaml"})), "");
}

TEST_F(LoaderTest, what_cannot_be_read_is_an_error) {
  fs::create_directories(root_ / "empty");
  const Loaded loaded = load({"missing.yaml", "empty"});
  ASSERT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_EQ(problems(loaded),
            "the folder has no *.yaml, *.yml or *.json\ncannot be read: No such file or directory\n");
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.diagnostics[1].position.text(), (root_ / "missing.yaml").string());
  fs::create_symlink("nowhere.yaml", root_ / "dangling.yaml");
  EXPECT_EQ(problems(load({"."})), "cannot be read: No such file or directory\n");
}

TEST_F(LoaderTest, a_pipe_in_a_folder_does_not_block) {
  write("a.yaml", backend("a"));
  ASSERT_EQ(mkfifo((root_ / "b.yaml").c_str(), 0600), 0);
  EXPECT_EQ(backends(load({"."})), "a@a.yaml:1");
}

TEST_F(LoaderTest, sizes_and_numbers_are_bounded) {
  write("a.yaml", backend("a"));
  write("b.yaml", backend("b"));
  LoadOptions few;
  few.max_files = 1;
  const std::vector<std::string> paths{root_.string()};
  EXPECT_EQ(problems(Loader(few).load(paths)), "the configuration has more than 1 files\n");
  LoadOptions small;
  small.max_bytes = 150;
  const Loaded loaded = Loader(small).load(paths);
  EXPECT_EQ(problems(loaded), "the configuration is too large\n");
  EXPECT_EQ(loaded.store->size(), 1U);
}

TEST_F(LoaderTest, twice_defined_names_both_places) {
  write("a.yaml", backend("x") + "---\n" + backend("y"));
  write("b.yaml", "# comment\n" + backend("x", "127.0.0.2"));
  const Loaded loaded = load({"."});
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  const std::string a = (root_ / "./a.yaml").string();
  const std::string b = (root_ / "./b.yaml").string();
  EXPECT_EQ(loaded.diagnostics[0].text(),
            b + ":2:1: error: Backend default/x is defined twice; the first is at " + a +
                ":1:1 (Backend default/x)");
  EXPECT_EQ(*(*loaded.store->find<Backend>("default", "x"))->endpoints[0].address, "127.0.0.1");
}

TEST_F(LoaderTest, only_what_changed_is_parsed_and_positions_stay_true) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += backend("b" + std::to_string(i)) + "---\n";
  write("a.yaml", text);
  const Loaded first = load({"a.yaml"});
  EXPECT_EQ(loader_.documents_parsed(), 51U);  // the last '---' begins an empty one
  // Three lines more in front, and another address in the tenth.
  text.replace(text.find("127.0.0.1", text.find("b10}")), 9, "127.0.0.2");
  write("a.yaml", "# one\n# two\n# three\n---\n" + text);
  const Loaded second = load({"a.yaml"});
  EXPECT_TRUE(second.ok());
  // The first has new comments and a '---' before it, the tenth another text.
  EXPECT_EQ(loader_.documents_parsed(), 53U);
  const auto* before = first.store->find<Backend>("default", "b20");
  const auto* after = second.store->find<Backend>("default", "b20");
  EXPECT_EQ(before->object, after->object);
  EXPECT_EQ(after->position().line, before->position().line + 4);
  EXPECT_NE(first.store->find<Backend>("default", "b10")->object,
            second.store->find<Backend>("default", "b10")->object);
}

TEST_F(LoaderTest, errors_are_reported_again_though_nothing_changed) {
  write("a.yaml", backend("a") + "typo: 1\n");
  EXPECT_EQ(problems(load({"a.yaml"})), "unknown field 'typo' in Backend\n");
  const std::uint64_t parsed = loader_.documents_parsed();
  EXPECT_EQ(problems(load({"a.yaml"})), "unknown field 'typo' in Backend\n");
  EXPECT_EQ(loader_.documents_parsed(), parsed);
}

TEST_F(LoaderTest, a_broken_document_does_not_hide_the_others) {
  write("a.yaml", backend("a") + "---\na: [1\n---\n" + backend("b"));
  const Loaded loaded = load({"a.yaml"});
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(loaded.diagnostics[0].hint, "a '}' or ']' is missing");
  EXPECT_EQ(backends(loaded), "a@a.yaml:1 b@a.yaml:8");
}

TEST(Store, finds_and_orders) {
  const Loaded loaded = load_text(
      "apiVersion: v1\nkind: List\nitems:\n"
      "- {apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: y}}\n"
      "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: y}}\n"
      "- {apiVersion: v1, kind: ConfigMap, metadata: {name: z, namespace: x}}\n"
      "- {apiVersion: v1, kind: Secret, metadata: {name: a, namespace: y}}\n");
  ASSERT_TRUE(loaded.ok());
  const Store& store = *loaded.store;
  std::string names;
  for (const auto& entry : store.all<ConfigMap>())
    names += entry->meta.namespace_ + "/" + entry->meta.name + " ";
  EXPECT_EQ(names, "x/z y/a y/b ");
  EXPECT_NE(store.find<ConfigMap>("y", "b"), nullptr);
  EXPECT_EQ(store.find<ConfigMap>("x", "b"), nullptr);
  EXPECT_EQ(store.find<ConfigMap>("", ""), nullptr);
  EXPECT_EQ(store.find<ConfigMap>("z", "z"), nullptr);
  EXPECT_NE(store.find<Secret>("y", "a"), nullptr);
  EXPECT_EQ(store.size(), 4U);
}

TEST(Store, slices_belong_to_services) {
  const auto slice = [](std::string_view name, std::string_view labels) {
    return "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " +
           std::string(name) + ", labels: {" + std::string(labels) +
           "}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\n";
  };
  const Loaded loaded = load_text(slice("a-2", "kubernetes.io/service-name: a") +
                                  slice("b-1", "kubernetes.io/service-name: b") +
                                  slice("a-1", "kubernetes.io/service-name: a") + slice("none", ""));
  ASSERT_TRUE(loaded.ok());
  const auto of_a = loaded.store->slices_of("default", "a");
  ASSERT_EQ(of_a.size(), 2U);
  EXPECT_EQ((*of_a[0])->meta.name, "a-1");
  EXPECT_EQ((*of_a[1])->meta.name, "a-2");
  EXPECT_EQ(loaded.store->slices_of("default", "b").size(), 1U);
  EXPECT_TRUE(loaded.store->slices_of("default", "c").empty());
  EXPECT_TRUE(loaded.store->slices_of("other", "a").empty());
  EXPECT_TRUE((*of_a[0])->endpoints[0].ready);
}

TEST(LabelSelector, all_must_hold) {
  using R = LabelSelectorRequirement;
  StringMap labels;
  labels["team"] = "a";
  labels["tier"] = "front";
  LabelSelector selector;
  EXPECT_TRUE(selector.matches(labels));
  selector.match_labels["team"] = "a";
  EXPECT_TRUE(selector.matches(labels));
  const auto with = [&](R::Operator op, std::string key, std::vector<std::string> values) {
    LabelSelector more = selector;
    more.match_expressions.push_back({std::move(key), op, std::move(values)});
    return more.matches(labels);
  };
  EXPECT_TRUE(with(R::Operator::in, "tier", {"back", "front"}));
  EXPECT_FALSE(with(R::Operator::in, "tier", {"back"}));
  EXPECT_FALSE(with(R::Operator::in, "zone", {"back"}));
  EXPECT_FALSE(with(R::Operator::not_in, "tier", {"front"}));
  EXPECT_TRUE(with(R::Operator::not_in, "zone", {"front"}));
  EXPECT_TRUE(with(R::Operator::exists, "tier", {}));
  EXPECT_FALSE(with(R::Operator::exists, "zone", {}));
  EXPECT_TRUE(with(R::Operator::does_not_exist, "zone", {}));
  EXPECT_FALSE(with(R::Operator::does_not_exist, "tier", {}));
  selector.match_labels["team"] = "b";
  EXPECT_FALSE(selector.matches(labels));
}

}  // namespace
}  // namespace turnpike::resource
