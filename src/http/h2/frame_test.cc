#include "http/h2/frame.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "http/corpus.h"

namespace turnpike::http::h2 {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

struct Read {
  FrameHeader header;
  Frame frame;
  FrameFault fault;
};
Read read(std::string_view wire) {
  Read out;
  out.header = read_frame_header(wire.data());
  out.fault = check_header(out.header, kDefaultFrameSize);
  if (out.fault.code == ErrorCode::no_error) {
    out.fault = parse_payload(out.header, wire.substr(kFrameHeader, out.header.length), out.frame);
  }
  return out;
}

TEST(Frame, HeaderThereAndBack) {
  char bytes[kFrameHeader];
  EXPECT_EQ(write_frame_header(bytes, 0x123456, FrameType::ping, 0x81, 0x7edcba98), bytes + kFrameHeader);
  EXPECT_EQ(std::string(bytes, sizeof bytes), from_hex("12345606817edcba98"));
  const FrameHeader header = read_frame_header(bytes);
  EXPECT_EQ(header.length, 0x123456u);
  EXPECT_EQ(header.type, FrameType::ping);
  EXPECT_EQ(header.flags, 0x81);
  EXPECT_EQ(header.stream, 0x7edcba98u);
  EXPECT_EQ(read_frame_header(from_hex("000000000080000001").data()).stream, 1u)
      << "the reserved bit is ignored";
}

TEST(Frame, Padding) {
  EXPECT_EQ(read(from_hex("00000100080000000100")).frame.content, "");
  EXPECT_EQ(read(from_hex("000000000800000001")).fault.code, ErrorCode::frame_size_error);
  EXPECT_EQ(read(from_hex("00000200080000000102") + "x").fault.code, ErrorCode::protocol_error);
  EXPECT_EQ(read(from_hex("00000200080000000101") + "x").frame.content, "");
  EXPECT_EQ(read(from_hex("00000300080000000101") + "ax").frame.content, "a");
}

TEST(Frame, UnknownErrorCodesAreInternalErrors) {
  EXPECT_EQ(read(from_hex("000004030000000001"
                          "0000000d"))
                .frame.code,
            ErrorCode::http_1_1_required);
  EXPECT_EQ(read(from_hex("000004030000000001"
                          "0000000e"))
                .frame.code,
            ErrorCode::internal_error);
  EXPECT_EQ(read(from_hex("000004030000000001"
                          "ffffffff"))
                .frame.code,
            ErrorCode::internal_error);
}

TEST(Frame, PriorityOfAWrongSizeIsAnErrorOfTheStream) {
  const Read got = read(from_hex("00000402000000000100000000"));
  EXPECT_EQ(got.fault.code, ErrorCode::frame_size_error);
  EXPECT_TRUE(got.fault.of_stream);
}

TEST(Frame, NamesOfCodes) {
  EXPECT_EQ(name_of(ErrorCode::no_error), "NO_ERROR");
  EXPECT_EQ(name_of(ErrorCode::http_1_1_required), "HTTP_1_1_REQUIRED");
  EXPECT_EQ(name_of(static_cast<ErrorCode>(14)), "");
}

// --- the corpus http2-frames

using nlohmann::json;

void expect_payload(const json& wanted, const Read& got, std::string_view payload, const std::string& file) {
  const auto number = [&](const char* key, std::uint64_t value) {
    if (wanted.contains(key) && !wanted[key].is_null())
      EXPECT_EQ(wanted[key].get<std::uint64_t>(), value) << file << key;
  };
  const auto text = [&](const char* key, std::string_view value) {
    if (wanted.contains(key) && !wanted[key].is_null())
      EXPECT_EQ(wanted[key].get<std::string>(), value) << file << key;
  };
  number("padding_length", got.frame.padding);
  text("padding", payload.substr(payload.size() - got.frame.padding));
  text("data", got.frame.content);
  text("header_block_fragment", got.frame.content);
  text("opaque_data", got.frame.content);
  text("additional_debug_data", got.frame.content);
  number("stream_dependency", got.frame.dependency.on);
  number("weight", got.frame.dependency.weight);
  if (wanted.contains("exclusive") && wanted["exclusive"].is_boolean())
    EXPECT_EQ(wanted["exclusive"].get<bool>(), got.frame.dependency.exclusive) << file;
  number("window_size_increment", got.frame.value);
  number("promised_stream_id", got.frame.value);
  number("last_stream_id", got.frame.value);
  number("error_code", static_cast<std::uint32_t>(got.frame.code));
  if (wanted.contains("settings")) {
    std::string_view entries = got.frame.content;
    for (const auto& entry : wanted["settings"]) {
      EXPECT_EQ(entry[0].get<std::uint32_t>(), read_u16(entries.data())) << file;
      EXPECT_EQ(entry[1].get<std::uint32_t>(), read_u32(entries.data() + 2)) << file;
      entries.remove_prefix(6);
    }
    EXPECT_TRUE(entries.empty());
  }
}

TEST(FrameCorpus, EveryCase) {
  TURNPIKE_NEEDS_CORPUS(corpus("http2-frames"));
  std::size_t good = 0;
  std::size_t bad = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpus("http2-frames"))) {
    if (entry.path().extension() != ".json") continue;
    const std::string file = entry.path().filename().string() + ": ";
    const json item = json::parse(read_whole(entry.path()));
    const std::string wire = from_hex(item["wire"].get<std::string>());
    const Read got = read(wire);
    if (!item["error"].is_null()) {
      bool listed = false;
      for (const auto& code : item["error"])
        listed |= code.get<std::uint32_t>() == static_cast<std::uint32_t>(got.fault.code);
      EXPECT_TRUE(listed) << file << name_of(got.fault.code);
      ++bad;
      continue;
    }
    EXPECT_EQ(got.fault.detail, "") << file;
    const json& frame = item["frame"];
    EXPECT_EQ(frame["length"], got.header.length) << file;
    EXPECT_EQ(frame["type"], static_cast<unsigned>(got.header.type)) << file;
    EXPECT_EQ(frame["flags"], got.header.flags) << file;
    EXPECT_EQ(frame["stream_identifier"], got.header.stream) << file;
    expect_payload(frame["frame_payload"], got, std::string_view(wire).substr(kFrameHeader), file);
    ++good;
  }
  EXPECT_EQ(good, 12u);
  EXPECT_EQ(bad, 22u);
}

}  // namespace
}  // namespace turnpike::http::h2
