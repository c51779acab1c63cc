#include "common/text.h"

#include <gtest/gtest.h>

namespace sutra {
namespace {

TEST(Printable, KeepsTextAndShowsControlCharactersAndBytesThatAreNotUtf8AsHex) {
  EXPECT_EQ(printable("a \"b\" \\ ü ☃ 🚀"), "a \"b\" \\ ü ☃ 🚀");
  EXPECT_EQ(printable("a\n\t\x1b[0m\x7f"), "a\\x0a\\x09\\x1b[0m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b|\xe2\x80\xa8"), "\\xc2\\x9b|\\xe2\\x80\\xa8") << "CSI, line separator";
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Printable, TruncatesBetweenCharacters) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd...");
  EXPECT_EQ(printable("abcü", 4), "abc...");
  EXPECT_EQ(printable("abcü", 5), "abcü");
  EXPECT_EQ(printable("abc\xff\xff", 4), "abc\\xff...");
  EXPECT_EQ(printable("🚀", 3), "...");
}

TEST(FrontOf, EndsWithAWholeCharacter) {
  EXPECT_EQ(front_of("abcü", 100), "abcü");
  EXPECT_EQ(front_of("abcü", 4), "abc");
  EXPECT_EQ(front_of("\xff\xff\xff", 2), "\xff\xff");
  EXPECT_EQ(front_of("abc", 0), "");
}

TEST(OneLine, EscapesCommonControlCharactersByNameAndTruncatesNothing) {
  EXPECT_EQ(one_line("a\n\r\t\x1b\xff\xc2\x9b\xe2\x80\xa8"), "a\\n\\r\\t\\x1b\\xff\\u009b\\u2028");
  EXPECT_EQ(one_line(std::string(5000, 'x')), std::string(5000, 'x'));
  EXPECT_EQ(one_line("ü \"x\" \\"), "ü \"x\" \\");
}

TEST(JsonString, EscapesWhatJsonDemands) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01\x7f"), R"("a\"b\\c\n\u0001\u007f")");
  EXPECT_EQ(json_string("\xff\xe2\x82"), R"("\\xff\\xe2\\x82")");
  EXPECT_EQ(json_string("☃"), "\"☃\"");
  EXPECT_EQ(json_string("\xe2\x80\xa8"), R"("\u2028")");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(TomlString, EscapesWhatTomlDemands) {
  EXPECT_EQ(toml_string("a\"b\\c\n\x01\x7f ü"), R"("a\"b\\c\u000a\u0001\u007f ü")");
  EXPECT_EQ(toml_string(""), "\"\"");
  EXPECT_EQ(toml_string("a\xff"), "\"a\xef\xbf\xbd\"") << "TOML has no bytes";
}

}  // namespace
}  // namespace sutra
