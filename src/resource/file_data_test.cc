#include "resource/file_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "resource/loader.h"

namespace turnpike::resource {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(FileReferences, Form) {
  const auto parsed = parse_file_references(" tls.crt = a b.pem , tls.key=/k=1.pem,");
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].path, "a b.pem");
  EXPECT_EQ((*parsed)[1].path, "/k=1.pem");
  for (const std::string_view wrong : {"", ",", "tls.crt", "=x", "tls.crt=", "a=1,a=2", "a=1, b"}) {
    EXPECT_FALSE(parse_file_references(wrong)) << wrong;
  }
}

class FileDataTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/turnpike_file_data_XXXXXX";
    root = mkdtemp(name);
    write("gw.yaml",
          "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
          "metadata: {name: shop, annotations: {turnpike.dev/files: 'tls.crt=certs/a.crt, "
          "tls.key=certs/a.key'}}\n");
    write("certs/a.crt", "certificate");
    write("certs/a.key", "key");
  }
  void TearDown() override { fs::remove_all(root); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name) << text;
  }
  Loaded load() {
    const std::string path = (root / "gw.yaml").string();
    return loader.load(std::span(&path, 1));
  }
  static std::shared_ptr<const Secret> secret(const Loaded& loaded) {
    return loaded.store->all<Secret>()[0].object;
  }

  fs::path root;
  Loader loader;
};

TEST_F(FileDataTest, ValuesComeFromFilesBesideTheConfiguration) {
  const Loaded loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.diagnostics[0].text();
  EXPECT_EQ(*secret(loaded)->data.find("tls.crt"), "certificate");
  EXPECT_EQ(*secret(loaded)->data.find("tls.key"), "key");
  EXPECT_THAT(loaded.files, ElementsAre((root / "certs/a.crt").string(), (root / "certs/a.key").string()));
}

TEST_F(FileDataTest, UnchangedFilesKeepTheObjectAndChangedOnesDoNot) {
  const auto first = secret(load());
  EXPECT_EQ(secret(load()), first);
  write("certs/a.crt", "another");
  const auto second = secret(load());
  EXPECT_NE(second, first);
  EXPECT_EQ(*second->data.find("tls.crt"), "another");
  EXPECT_EQ(*first->data.find("tls.crt"), "certificate") << "what is in force is never changed";
}

TEST_F(FileDataTest, WhatCannotBeReadIsAnErrorAtTheResource) {
  fs::remove(root / "certs/a.key");
  ::mkfifo((root / "certs/a.key").c_str(), 0600);  // must not be waited for
  Loaded loaded = load();
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_THAT(loaded.diagnostics[0].text(), HasSubstr("gw.yaml:1:1: error: "));
  EXPECT_THAT(loaded.diagnostics[0].message, HasSubstr("certs/a.key' for tls.key cannot be read"));
  fs::remove(root / "certs/a.key");
  loaded = load();
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.files.size(), 2U) << "one that is missing may come: it is watched too";
  write("certs/a.key", std::string(FileData::kMostBytes + 1, 'x'));
  EXPECT_THAT(load().diagnostics[0].message, HasSubstr("larger than 1 MiB"));
  write("certs/a.key", "key");
  EXPECT_TRUE(load().ok());
}

TEST_F(FileDataTest, WhatFilesHoldIsBoundedInAll) {
  write("certs/a.crt", std::string(FileData::kMostBytes, 'x'));
  std::string yaml;
  for (int i = 0; i < 70; ++i) {
    yaml += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c" + std::to_string(i) +
            ", annotations: {turnpike.dev/files: \"ca.crt=certs/a.crt\"}}\n";
  }
  write("gw.yaml", yaml);
  const Loaded loaded = load();
  ASSERT_EQ(loaded.diagnostics.size(), 6U);
  EXPECT_THAT(loaded.diagnostics[0].message, HasSubstr("larger than 64 MiB in all"));
}

TEST_F(FileDataTest, AnnotationsNameFewFiles) {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "k" + std::to_string(i) + "=f,";
  EXPECT_TRUE(parse_file_references(text));
  EXPECT_FALSE(parse_file_references(text + "k16=f"));
}

TEST_F(FileDataTest, AnAnnotationOfAnotherFormIsAnError) {
  write("gw.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, annotations: {turnpike.dev/files: "
        "certs/a.crt}}\n");
  const Loaded loaded = load();
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_THAT(loaded.diagnostics[0].hint, HasSubstr("tls.crt="));
}

}  // namespace
}  // namespace turnpike::resource
