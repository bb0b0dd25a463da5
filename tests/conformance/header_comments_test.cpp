// Checks the comments of the C headers, because they are the only reference of the C interface.
#include <bcda/bcda.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace libbcda {
namespace {

std::string read(const char* path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

const char* const kHeaders[] = {BCDA_HEADER, BCDA_SANDBOX_HEADER};

struct Declared {
  std::string name, prototype, comment;  // the comment ends on the line before the prototype
};

std::vector<Declared> declared_in(const std::string& header) {
  std::vector<Declared> all;
  std::string comment, prototype, line;
  bool commenting = false;
  for (std::istringstream lines(header); std::getline(lines, line);) {
    if (line.empty()) {
      if (!commenting) comment.clear();
    } else if (commenting || line.starts_with("/*")) {
      comment = (commenting ? comment : "") + line + "\n";
      commenting = line.find("*/") == line.npos;
    } else if (!prototype.empty() || line.starts_with("BCDA_API")) {
      prototype += line + "\n";
      if (line.find(';') == line.npos) continue;
      std::smatch name;
      EXPECT_TRUE(std::regex_search(prototype, name, std::regex(R"((bcda_\w+)\s*\()"))) << prototype;
      all.push_back({name[1], prototype, comment});
      prototype.clear();
      comment.clear();
    } else {
      comment.clear();
    }
  }
  return all;
}

TEST(Headers, EachStatusCodeHasItsMeaning) {
  const std::string header = read(BCDA_HEADER);
  const std::regex row(R"(BCDA_(\w+) = (\d+),? +/\* (.*) \*/)");
  std::string statuses = header.substr(header.find("typedef enum bcda_status {"));
  statuses.resize(statuses.find('}'));
  int count = 0;
  for (std::sregex_iterator found(statuses.begin(), statuses.end(), row), end; found != end; ++found, ++count) {
    const auto status = static_cast<bcda_status>(std::stoi((*found)[2]));
    EXPECT_EQ((*found)[1], bcda_status_name(status));
    EXPECT_EQ((*found)[3], bcda_status_description(status));
  }
  EXPECT_EQ(count, bcda_status_count());
}

TEST(Headers, EachFunctionThatCanFailSaysItsErrors) {
  std::size_t count = 0, failing = 0;
  for (const char* path : kHeaders) {
    for (const Declared& function : declared_in(read(path))) {
      ++count;
      EXPECT_EQ(function.prototype.find("/*"), std::string::npos) << function.name << ": comments stand above";
      if (function.prototype.find("bcda_error**") == std::string::npos) continue;
      ++failing;
      EXPECT_NE(function.comment.find("Errors: "), std::string::npos) << function.name;
    }
  }
  EXPECT_GT(count, 100u);
  EXPECT_GT(failing, 20u);
}

TEST(Headers, TheErrorsAreStatusCodes) {
  const std::regex word(R"(\b[A-Z][A-Z_]{3,}\b)"), errors(R"(Errors: ([^]*?)(\*/|\.\s))");
  for (const char* path : kHeaders) {
    for (const Declared& function : declared_in(read(path))) {
      std::smatch said;
      if (!std::regex_search(function.comment, said, errors)) continue;
      const std::string codes = said[1];
      for (std::sregex_iterator found(codes.begin(), codes.end(), word), end; found != end; ++found) {
        bool known = found->str() == "NULL" || found->str() == "JSON";
        for (int32_t i = 0; i < bcda_status_count(); ++i)
          known = known || found->str() == bcda_status_name(bcda_status_at(i));
        EXPECT_TRUE(known) << function.name << ": " << found->str();
      }
    }
  }
}

TEST(Headers, NoLineIsTooLong) {
  for (const char* path : kHeaders) {
    std::istringstream lines(read(path));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 120u) << line;
  }
}

}  // namespace
}  // namespace libbcda
