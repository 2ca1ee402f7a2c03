#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "http/corpus.h"
#include "http/h2/hpack_decoder.h"
#include "http/h2/hpack_encoder.h"
#include "http/h2/huffman.h"
#include "http/h2/oracle.h"

namespace turnpike::http::h2 {
namespace {

using oracle::FieldList;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// The fields of a block, or an error's text as the only name.
FieldList decode(Decoder& decoder, std::string_view block) {
  Arena arena;
  FieldList fields;
  DecodedField field;
  decoder.begin(block);
  for (;;) {
    switch (decoder.next(arena, field)) {
      case Decoder::Step::field:
        fields.emplace_back(field.name, field.value);
        break;
      case Decoder::Step::end:
        return fields;
      case Decoder::Step::error:
        return {{std::string(decoder.error()), "error"}};
    }
  }
}
std::string error_of(Decoder& decoder, std::string_view block) {
  const FieldList fields = decode(decoder, block);
  return fields.size() == 1 && fields[0].second == "error" ? fields[0].first : "none";
}

std::string encode(Encoder& encoder, const FieldList& fields) {
  std::size_t room = Encoder::kBeginRoom;
  for (const auto& [name, value] : fields) room += Encoder::room(name.size(), value.size());
  std::string block(room, '\0');
  char* out = encoder.begin(block.data());
  for (const auto& [name, value] : fields) {
    const NameKind kind = kind_of(name);
    out = kind.pseudo != Pseudo::none ? encoder.pseudo(out, kind.pseudo, value)
                                      : encoder.field(out, {name, value, kind.id});
  }
  block.resize(static_cast<std::size_t>(out - block.data()));
  return block;
}

// --- Huffman

std::string huffman(std::string_view text) {
  std::string out(huffman_size(text), '\0');
  EXPECT_EQ(huffman_encode(out.data(), text), out.data() + out.size());
  return out;
}
std::optional<std::string> unhuffman(std::string_view coded) {
  std::string out(huffman_room(coded.size()), '\0');
  const char* const end = huffman_decode(coded, out.data());
  if (end == nullptr) return std::nullopt;
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

TEST(Huffman, ExamplesOfTheRfc) {
  EXPECT_EQ(huffman("www.example.com"), from_hex("f1e3c2e5f23a6ba0ab90f4ff"));
  EXPECT_EQ(huffman("no-cache"), from_hex("a8eb10649cbf"));
  EXPECT_EQ(huffman("Mon, 21 Oct 2013 20:13:21 GMT"),
            from_hex("d07abe941054d444a8200595040b8166e082a62d1bff"));
  EXPECT_EQ(huffman(""), "");
}

TEST(Huffman, EveryByteAtEveryPlace) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t before = 0; before < 12; ++before) {
      for (const std::size_t behind : {std::size_t{0}, std::size_t{1}, std::size_t{9}}) {
        const std::string text = std::string(before, 'a') + static_cast<char>(c) + std::string(behind, '%');
        EXPECT_EQ(unhuffman(huffman(text)), text) << c << " " << before;
      }
    }
  }
}

TEST(Huffman, AnyText) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text(random() % 60, '\0');
    for (char& c : text) c = static_cast<char>(i % 3 == 0 ? random() : ' ' + random() % 95);
    EXPECT_EQ(unhuffman(huffman(text)), text);
  }
}

TEST(Huffman, BrokenCodes) {
  EXPECT_EQ(unhuffman(from_hex("ffffffff")), std::nullopt) << "EOS";
  EXPECT_EQ(unhuffman(from_hex("fffffffc")), std::nullopt) << "EOS and padding";
  EXPECT_EQ(unhuffman(from_hex("ff")), std::nullopt) << "8 bits of padding";
  EXPECT_EQ(unhuffman(from_hex("1fff")), std::nullopt) << "a, then 11 bits of padding";
  EXPECT_EQ(unhuffman(from_hex("1f")), "a");
  EXPECT_EQ(unhuffman(from_hex("18")), std::nullopt) << "padding with zeros";
  EXPECT_EQ(unhuffman(from_hex("1c")), std::nullopt) << "padding with a zero in it";
  EXPECT_EQ(unhuffman(std::string(40, '\0') + from_hex("ffffffffffff")), std::nullopt) << "EOS in the middle";
}

// --- decoding

TEST(Decoder, ExamplesOfTheRfc) {  // RFC 7541 C.4, C.6
  Decoder requests(4096);
  EXPECT_EQ(decode(requests, from_hex("828684418cf1e3c2e5f23a6ba0ab90f4ff")),
            (FieldList{
                {":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "www.example.com"}}));
  EXPECT_EQ(decode(requests, from_hex("828684be5886a8eb10649cbf")).back(),
            (std::pair<std::string, std::string>{"cache-control", "no-cache"}));
  EXPECT_EQ(decode(requests, from_hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")).back(),
            (std::pair<std::string, std::string>{"custom-key", "custom-value"}));
}

TEST(Decoder, BrokenBlocks) {
  const auto error = [](std::string_view hex) {
    Decoder decoder(4096);
    return error_of(decoder, from_hex(hex));
  };
  EXPECT_EQ(error("80"), "index beyond the header tables") << "index 0";
  EXPECT_EQ(error("be"), "index beyond the header tables") << "an empty dynamic table";
  EXPECT_EQ(error("7f80ffffff0f"), "index beyond the header tables");
  EXPECT_EQ(error("ffffffffffffff7f"), "broken integer in a header block");
  EXPECT_EQ(error("ff"), "broken integer in a header block");
  EXPECT_EQ(error("ff80"), "broken integer in a header block");
  EXPECT_EQ(error("00"), "broken integer in a header block");
  EXPECT_EQ(error("000161"), "broken integer in a header block") << "a name without a value";
  EXPECT_EQ(error("000561"), "text beyond the header block");
  EXPECT_EQ(error("0001610561"), "text beyond the header block");
  EXPECT_EQ(error("0001618118"), "broken Huffman code");
  EXPECT_EQ(error("3fe21f"), "table size update above the limit") << "4097";
  EXPECT_EQ(error("3fe11f82"), "none") << "4096";
  EXPECT_EQ(error("202082"), "none") << "two updates in front";
  EXPECT_EQ(error("8220"), "table size update behind a field");
}

TEST(Decoder, SmallerTableMustBeTold) {
  Decoder decoder(1024);
  EXPECT_EQ(error_of(decoder, from_hex("82")), "none") << "the peer has not heard of it yet";
  decoder.acknowledged();
  EXPECT_EQ(error_of(decoder, from_hex("82")), "header block does not begin with the smaller table size");
  EXPECT_EQ(error_of(decoder, from_hex("3fe11f82")), "table size update above the limit");
  EXPECT_EQ(error_of(decoder, from_hex("3fe10782")), "none") << "1024";
  EXPECT_EQ(error_of(decoder, from_hex("82")), "none");
}

TEST(Decoder, EntryLargerThanTheTableEmptiesIt) {
  Decoder decoder(4096);
  EXPECT_EQ(error_of(decoder, from_hex("3f21"
                                       "400161"
                                       "0162")),
            "none")
      << "64 bytes of table, one entry of 34";
  EXPECT_EQ(decode(decoder, from_hex("be")), (FieldList{{"a", "b"}}));
  EXPECT_EQ(error_of(decoder, from_hex("400161"
                                       "20") +
                                  std::string(32, 'x')),
            "none");
  EXPECT_EQ(error_of(decoder, from_hex("be")), "index beyond the header tables");
}

TEST(Decoder, NamesOfEntriesThatGo) {
  Decoder decoder(4096);
  EXPECT_EQ(error_of(decoder, from_hex("3f21"
                                       "400161"
                                       "0162")),
            "none");
  // The name of the only entry, for one that needs its room.
  EXPECT_EQ(decode(decoder, from_hex("7e"
                                     "0a") +
                                std::string(10, 'y')),
            (FieldList{{"a", std::string(10, 'y')}}));
  EXPECT_EQ(decode(decoder, from_hex("be")), (FieldList{{"a", std::string(10, 'y')}}));
}

TEST(Decoder, WellFormed) {
  const auto well_formed = [](std::string_view name, std::string_view value) {
    Decoder decoder(4096);
    Arena arena;
    std::string block("\x40", 1);
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
    decoder.begin(block);
    DecodedField field;
    EXPECT_EQ(decoder.next(arena, field), Decoder::Step::field);
    const bool literal = field.well_formed;
    decoder.begin("\xbe");
    EXPECT_EQ(decoder.next(arena, field), Decoder::Step::field);
    EXPECT_EQ(field.well_formed, literal) << "the same from the table";
    return literal;
  };
  EXPECT_TRUE(well_formed("a", "b"));
  EXPECT_TRUE(well_formed("x-a_b~1", ""));
  EXPECT_TRUE(well_formed("a", "with\ttab and \xc3\xa9"));
  for (const char* name : {"", "A", "aB", "a b", "a:", "a\n", "\x80", "a\"", "(a)"})
    EXPECT_FALSE(well_formed(name, "v")) << name;
  EXPECT_FALSE(well_formed(std::string_view("a\0", 2), "v"));
  for (const char* value : {" a", "a ", "\ta", "a\t", " ", "a\rb", "a\nb", "\x7f", "longer than eight\x01",
                            "longer than eight "}) {
    EXPECT_FALSE(well_formed("a", value)) << value;
  }
  EXPECT_FALSE(well_formed("a", std::string_view("\0", 1)));
}

TEST(Decoder, HoldsNothingUntilUsed) {
  Decoder decoder(4096);
  EXPECT_EQ(decode(decoder, from_hex("828684")).size(), 3u);
  EXPECT_EQ(decoder.bytes_held(), 0u);
  decode(decoder, from_hex("400161"
                           "0162"));
  EXPECT_GT(decoder.bytes_held(), 0u);
  EXPECT_LT(decoder.bytes_held(), 1024u);
}

// --- encoding

TEST(Encoder, RepeatedFieldsBecomeOneByte) {
  Encoder encoder(4096);
  Decoder decoder(4096);
  const FieldList fields = {{":method", "GET"}, {":path", "/a"}, {"user-agent", "curl/8"}, {"x-own", "1"}};
  const std::string first = encode(encoder, fields);
  const std::string second = encode(encoder, fields);
  EXPECT_EQ(decode(decoder, first), fields);
  EXPECT_EQ(second.size(), 4u);
  EXPECT_EQ(decode(decoder, second), fields);
}

TEST(Encoder, NamesBecomeLowerCase) {
  Encoder encoder(4096);
  Decoder decoder(4096);
  const std::string name = "X-" + std::string(200, 'A');
  EXPECT_EQ(decode(decoder, encode(encoder, {{"Content-Type", "a"}, {"X-Own", "B"}, {name, "C"}})),
            (FieldList{{"content-type", "a"}, {"x-own", "B"}, {"x-" + std::string(200, 'a'), "C"}}));
}

TEST(Encoder, StatusCodes) {
  Encoder encoder(4096);
  Decoder decoder(4096);
  for (unsigned status = 100; status < 600; ++status) {
    std::string block(Encoder::kBeginRoom, '\0');
    block.resize(static_cast<std::size_t>(encoder.status(block.data(), status) - block.data()));
    EXPECT_EQ(decode(decoder, block), (FieldList{{":status", std::to_string(status)}}));
  }
}

TEST(Encoder, SecretsAreNeverIndexed) {
  Encoder encoder(4096);
  Decoder decoder(4096);
  Arena arena;
  std::string block(100, '\0');
  block.resize(static_cast<std::size_t>(encoder.field(block.data(), {"x", "y", FieldId::unknown, true}) -
                                        block.data()));
  for (const std::string& secret :
       {block, encode(encoder, {{"authorization", "Basic eA=="}}), encode(encoder, {{"cookie", "a=b"}})}) {
    decoder.begin(secret);
    DecodedField field;
    EXPECT_EQ(decoder.next(arena, field), Decoder::Step::field);
    EXPECT_TRUE(field.sensitive) << field.name;
  }
  EXPECT_EQ(encoder.bytes_held(), 0u);
}

TEST(Encoder, ValuesThatVaryAreNotKept) {
  Encoder encoder(4096);
  Decoder decoder(4096);
  for (int i = 0; i < 50; ++i) {
    const FieldList fields = {
        {":path", "/item/" + std::to_string(i)}, {"x-unique", std::to_string(i)}, {"server", "ledger"}};
    const std::string block = encode(encoder, fields);
    EXPECT_EQ(decode(decoder, block), fields);
  }
  EXPECT_EQ(encode(encoder, {{"server", "ledger"}}).size(), 1u) << "not driven out by the others";
}

TEST(Encoder, FollowsThePeersTableSize) {
  Encoder encoder(4096);
  Decoder decoder(4096);
  const FieldList fields = {{"a", "b"}, {"c", "d"}};
  EXPECT_EQ(decode(decoder, encode(encoder, fields)), fields);
  encoder.set_peer_limit(0);
  encoder.set_peer_limit(100);
  const std::string block = encode(encoder, fields);
  EXPECT_EQ(block.substr(0, 2), from_hex("203f")) << "the smallest, then the last (RFC 7541 §4.2)";
  EXPECT_EQ(decode(decoder, block), fields);
  EXPECT_EQ(decode(decoder, encode(encoder, fields)), fields);
  encoder.set_peer_limit(1'000'000);
  EXPECT_EQ(decode(decoder, encode(encoder, fields)), fields);
}

TEST(Encoder, AgreesWithTheOracle) {
  std::mt19937 random(11);
  const std::vector<std::string> names = {
      ":path", "accept", "date", "x-a", "x-b", "etag", "x-longer-name-than-that", "content-type"};
  for (int round = 0; round < 20; ++round) {
    Encoder encoder(4096);
    Decoder ours(4096);
    oracle::Inflater theirs;
    for (int block = 0; block < 200; ++block) {
      FieldList fields;
      for (unsigned i = random() % 12; i > 0; --i) {
        fields.emplace_back(
            names[random() % names.size()],
            std::string(random() % (1 + random() % 300), static_cast<char>('a' + random() % 4)));
      }
      if (random() % 20 == 0) encoder.set_peer_limit(static_cast<std::uint32_t>(random() % 5000));
      const std::string bytes = encode(encoder, fields);
      ASSERT_EQ(theirs.inflate(bytes), fields) << round << " " << block;
      ASSERT_EQ(decode(ours, bytes), fields) << round << " " << block;
    }
  }
}

TEST(Decoder, AgreesWithTheOracle) {
  std::mt19937 random(13);
  oracle::Deflater theirs(4096);
  Decoder ours(4096);
  for (int block = 0; block < 4000; ++block) {
    FieldList fields;
    for (unsigned i = random() % 9; i > 0; --i) {
      fields.emplace_back("x-" + std::to_string(random() % 40),
                          std::string(random() % 90, static_cast<char>('a' + random() % 26)));
    }
    if (random() % 50 == 0) theirs.change_table_size(random() % 4097);
    ASSERT_EQ(decode(ours, theirs.deflate(fields)), fields) << block;
  }
}

// --- the corpus hpack

void run_stories(const std::string& folder, std::size_t expected) {
  const auto path = corpus("hpack") / folder;
  TURNPIKE_NEEDS_CORPUS(path);
  std::size_t blocks = 0;
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().extension() != ".json") continue;
    Decoder decoder(4096);
    Encoder encoder(4096);
    oracle::Inflater inflater;
    for (const auto& item : nlohmann::json::parse(read_whole(file.path()))["cases"]) {
      FieldList fields;
      for (const auto& field : item["headers"]) {
        for (const auto& [name, value] : field.items()) fields.emplace_back(name, value.get<std::string>());
      }
      ASSERT_EQ(decode(decoder, from_hex(item["wire"].get<std::string>())), fields)
          << file.path() << " " << item["seqno"];
      ASSERT_EQ(inflater.inflate(encode(encoder, fields)), fields) << file.path() << " " << item["seqno"];
      ++blocks;
    }
  }
  EXPECT_EQ(blocks, expected);
}

TEST(HpackCorpus, Nghttp2) { run_stories("nghttp2", 3384); }
TEST(HpackCorpus, Nghttp2ChangingTheTable) { run_stories("nghttp2-change-table-size", 3267); }
TEST(HpackCorpus, HaskellLinearHuffman) { run_stories("haskell-http2-linear-huffman", 3384); }

}  // namespace
}  // namespace turnpike::http::h2
