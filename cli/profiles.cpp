// bcda profiles: what is known about each kind of server.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <bcda/bcda.hpp>
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "streams.hpp"
#include "suggest.hpp"
#include "text.hpp"

namespace cli {
namespace {

namespace json = boost::json;

struct Wanted {
  std::string name;
  bool json = false, markdown = false;
};

std::string text_of(const json::value& row, const char* name) { return std::string(row.at(name).as_string()); }

std::string joined(const json::array& items) {
  std::string text;
  for (const json::value& item : items) text += (text.empty() ? "" : ", ") + std::string(item.as_string());
  return text;
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

// What a row exports by default: "Group/all", "group", or "to choose".
std::string default_of(const json::value& row) {
  const std::string level = text_of(row, "default_level"), group = text_of(row, "default_group");
  if (level.empty()) return "to choose";
  return group.empty() ? level : level + " " + group;
}

const json::value& named(const json::array& rows, const std::string& name) {
  std::vector<std::string> names;
  for (const json::value& row : rows) {
    if (text_of(row, "name") == name) return row;
    names.push_back(text_of(row, "name"));
  }
  const std::string near = nearest(name, names);
  throw Failure(BCDA_INVALID_ARGUMENT,
                "there is no profile " + printable(name) +
                    (near.empty() ? "; `bcda profiles` lists them" : "; did you mean " + near + "?"));
}

std::string as_text(const json::array& rows) {
  std::ostringstream out;
  for (const json::value& row : rows) {
    std::string name = text_of(row, "name");
    name.resize(std::max<std::size_t>(name.size(), 12), ' ');
    out << name << text_of(row, "title") << '\n';
  }
  return out.str();
}

std::string as_markdown(const json::array& rows) {
  std::ostringstream out;
  out << "| profile | server | hosts | FHIR base | exports by default | types | authentication |\n"
         "| --- | --- | --- | --- | --- | --- | --- |\n";
  for (const json::value& row : rows) {
    const std::string types = joined(row.at("types").as_array()), auth = text_of(row, "auth");
    out << "| `" << text_of(row, "name") << "` | " << text_of(row, "title") << " | "
        << joined(row.at("hosts").as_array()) << " | " << code(text_of(row, "base_path")) << " | " << default_of(row)
        << " | " << (types.empty() ? "not known" : types) << " | " << (auth.empty() ? "by the credentials" : auth)
        << " |\n";
  }
  return out.str();
}

int print_profiles(const Wanted& wanted) {
  const json::value all = json::parse(std::string(bcda::profiles()));
  const json::array& rows = all.as_array();
  if (!wanted.name.empty()) {
    print(indent_json(json::serialize(named(rows, wanted.name))) + '\n');
  } else if (wanted.json) {
    for (const json::value& row : rows) print(json::serialize(row) + '\n');
  } else {
    print(wanted.markdown ? as_markdown(rows) : as_text(rows));
  }
  return 0;
}

}  // namespace

void add_profiles(CLI::App& app, Command& chosen) {
  auto wanted = std::make_shared<Wanted>();
  CLI::App& command = *app.add_subcommand("profiles");
  command.description(R"(List the kinds of servers that are known

Prints the values of --profile. With a name, prints what is known about that kind of server, as JSON.
A file with that JSON, or with some of its fields, can be given as --profile-file.

  bcda profiles
  bcda profiles bcda-v3)");
  command.add_option("NAME", wanted->name, "One profile")->option_text("PROFILE");
  CLI::Option* const json_flag = command.add_flag("--json", wanted->json, "Print each profile as a line of JSON");
  command.add_flag("--markdown", wanted->markdown, "Print the table of docs/servers.md")->excludes(json_flag);
  command.callback([wanted, &chosen] { chosen = [wanted] { return print_profiles(*wanted); }; });
}

}  // namespace cli
