// bcda tables: claims as rows and columns.
#include <sys/stat.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <bcda/bcda.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "flags.hpp"
#include "interrupts.hpp"
#include "private_file.hpp"
#include "streams.hpp"
#include "text.hpp"

namespace cli {
namespace {

namespace json = boost::json;

struct Wanted {
  std::vector<std::string> paths, tables, views;
  bool all = false, list = false, quiet = false;
  std::string describe, show, format, out;
  Flags flags;
};

const std::vector<std::string> formats = {"csv", "ndjson", "arrow", "parquet"};

struct NamedTable {
  std::string name, definition;  // what the library opens: a name or a ViewDefinition
};

std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

// A file of something else is not taken for the name of a table, and nothing of it is shown.
std::string read_view(const std::string& path) {
  std::string text = read_text(path);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text[begin] != '{')
    throw Failure(BCDA_INVALID_ARGUMENT, path +
                                             " is no ViewDefinition, which is a JSON object; bcda tables --show "
                                             "claim_line prints one");
  return text;
}

std::vector<NamedTable> tables_of(const Wanted& wanted) {
  if (wanted.all && !(wanted.tables.empty() && wanted.views.empty()))
    throw Failure(BCDA_INVALID_ARGUMENT,
                  "--all writes every table that bcda brings along; leave out --table and --view");
  std::vector<NamedTable> tables;
  for (const std::string& name : wanted.all ? bcda::table_names() : wanted.tables) tables.push_back({name, name});
  for (const std::string& path : wanted.views) tables.push_back({stem_of(path), read_view(path)});
  for (std::size_t i = 0; i < tables.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (tables[i].name == tables[k].name)
        throw Failure(BCDA_INVALID_ARGUMENT, "the table " + tables[i].name + " is asked for twice");
  if (tables.empty())
    throw Failure(BCDA_INVALID_ARGUMENT,
                  "choose a table: --table NAME, --view FILE or --all; bcda tables --list shows the names");
  return tables;
}

// ---- Where the rows go -----------------------------------------------------------------------------------------------

class Target {
 public:
  // `path` "": standard output.
  explicit Target(const std::string& path) {
    if (!path.empty()) file_ = std::make_unique<PrivateFile>(path);
  }

  void add(std::string_view piece) { file_ ? file_->write(piece) : print(piece); }
  void finish() {
    if (file_) file_->publish();
  }
  std::string path() const { return file_ ? file_->path() : ""; }

 private:
  std::unique_ptr<PrivateFile> file_;
};

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    throw Failure(BCDA_FILESYSTEM, "cannot create " + path + ": " + std::strerror(errno));
}

std::string path_of(const Wanted& wanted, const std::string& table, bool is_directory) {
  if (!is_directory) return wanted.out;
  return wanted.out + (wanted.out.back() == '/' ? "" : "/") + table + "." + wanted.format;
}

// The format is that of --format, else that of the name of the file. A name without an ending is csv.
void choose_format(Wanted& wanted, bool is_directory) {
  std::string ending = is_directory ? "" : std::filesystem::path(wanted.out).extension().string();
  if (!ending.empty()) ending.erase(0, 1);  // the point
  const bool is_known = std::find(formats.begin(), formats.end(), ending) != formats.end();
  if (wanted.format.empty() && !ending.empty() && !is_known)
    throw Failure(BCDA_INVALID_ARGUMENT,
                  "the name " + wanted.out + " ends with no format (csv, ndjson, arrow); choose one with --format");
  if (!is_known) ending.clear();
  if (!wanted.format.empty() && !ending.empty() && wanted.format != ending)
    throw Failure(BCDA_INVALID_ARGUMENT, "--format " + wanted.format + " does not fit the name " + wanted.out);
  if (wanted.format.empty()) wanted.format = ending.empty() ? "csv" : ending;
}

int write_tables(Wanted wanted) {
  const std::vector<NamedTable> tables = tables_of(wanted);
  const bool is_directory = wanted.all || tables.size() > 1;
  if (wanted.out == "-") wanted.out.clear();
  choose_format(wanted, is_directory);
  if (wanted.format == "parquet")
    throw Failure(BCDA_INVALID_ARGUMENT,
                  "Parquet files come from the Python package: result.table(\"claim_line\").to_parquet(path)");
  if (is_directory && wanted.out.empty())
    throw Failure(BCDA_INVALID_ARGUMENT, "several tables need a directory: --out DIR");
  bcda::Config config;
  wanted.flags.apply_to(config);
  std::vector<std::string> definitions;
  for (const NamedTable& table : tables) definitions.push_back(table.definition);
  bcda::Tables opened(wanted.paths, definitions, config);
  if (is_directory) make_directory(wanted.out);
  std::vector<std::unique_ptr<Target>> targets;
  for (const NamedTable& table : tables)
    targets.push_back(std::make_unique<Target>(wanted.out.empty() ? "" : path_of(wanted, table.name, is_directory)));
  const Interrupts interrupts;
  std::string_view piece;
  for (std::int32_t table = 0; opened.encode(wanted.format, table, piece);) {
    targets[static_cast<std::size_t>(table)]->add(piece);
    if (Interrupts::asked()) throw Failure(BCDA_CANCELED, "interrupted; nothing was published");
  }
  for (const auto& target : targets) target->finish();
  if (wanted.quiet) return 0;
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (!wanted.out.empty())
      report(tables[i].name + ": " + plural(opened.rows(static_cast<std::int32_t>(i)), "row") + " in " +
             targets[i]->path() + "\n");
  if (const std::int64_t nulled = opened.nulled(); nulled > 0)
    say("bcda: " + plural(nulled, "value") + " did not fit the column and became null (on_error)\n");
  return 0;
}

// ---- What tables there are -------------------------------------------------------------------------------------------

std::string text_of(const json::value& row, const char* name) { return std::string(row.at(name).as_string()); }

int list_tables() {
  std::ostringstream out;
  for (const std::string& name : bcda::table_names()) {
    std::string padded = name;
    padded.resize(std::max<std::size_t>(name.size() + 1, 24), ' ');
    out << padded << text_of(json::parse(bcda::table_columns(name)), "description") << '\n';
  }
  print(out.str());
  return 0;
}

int describe_table(const std::string& name) {
  const json::value table = json::parse(bcda::table_columns(name));
  std::ostringstream out;
  out << text_of(table, "name") << ": " << text_of(table, "description") << "\n\n";
  for (const json::value& column : table.at("columns").as_array()) {
    out << text_of(column, "name") << "  (" << text_of(column, "type") << (column.at("list").as_bool() ? ", list" : "")
        << ";";
    for (const json::value& generation : column.at("generations").as_array())
      out << ' ' << std::string(generation.as_string());
    out << ")\n    " << text_of(column, "description");
    if (const std::string cclf = text_of(column, "cclf"); !cclf.empty()) out << " CCLF: " << cclf << ".";
    out << '\n';
  }
  print(out.str());
  return 0;
}

int show_view(const Wanted& wanted) {
  bcda::Config config;
  wanted.flags.apply_to(config);
  const std::string generation = config.value("generation");
  const bool is_chosen = generation != "auto";
  print(bcda::table_view(wanted.show, is_chosen ? generation : "v3"));
  if (!is_chosen && !wanted.quiet)
    say("bcda: this view is for data of BCDA v3; --generation v2 or stu3 prints that for the others\n");
  return 0;
}

int run_tables(const Wanted& wanted) {
  if (wanted.list) return list_tables();
  if (!wanted.describe.empty()) return describe_table(wanted.describe);
  if (!wanted.show.empty()) return show_view(wanted);
  if (wanted.paths.empty())
    throw Failure(BCDA_INVALID_ARGUMENT,
                  "name the directory of an export, or NDJSON files; bcda tables --help shows examples");
  return write_tables(wanted);
}

}  // namespace

void add_tables(CLI::App& app, Command& chosen) {
  auto wanted = std::make_shared<Wanted>();
  CLI::App& command = *app.add_subcommand("tables");
  command.description(R"(Make tables of exported claims

Reads finished exports, series of exports or NDJSON files, and writes tables: those that bcda brings along, or views of
your own (ViewDefinitions of SQL on FHIR v2). Parquet files come from the Python package.

  bcda tables claims --table claim_line --out claim_line.csv
  bcda tables claims --all --out tables
  bcda tables claims --table claim_line --columns claim_key,paid_amount --out paid.ndjson
  bcda tables --list
  bcda tables --describe claim_line
  bcda tables --show claim_line > my_view.json)");
  command.add_option("PATH", wanted->paths, "Directory of an export or of a series, or an NDJSON file")
      ->option_text("PATH...");
  command.add_option("--table", wanted->tables, "Table to write; may be repeated, or several with commas")
      ->option_text("TABLE")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--view", wanted->views, "File with a ViewDefinition; may be repeated")
      ->option_text("FILE")
      ->allow_extra_args(false);
  command.add_flag("--all", wanted->all, "Write every table that bcda brings along, each to DIR/TABLE.FORMAT");
  command
      .add_option("--format", wanted->format,
                  "Format of the rows; arrow is Arrow's IPC file; by default as PATH ends, or csv if it has no ending")
      ->option_text("csv|ndjson|arrow")
      ->check(CLI::IsMember(formats));
  command
      .add_option("--out", wanted->out,
                  "File, or directory if there are several tables; without it, or -, standard output")
      ->option_text("PATH")
      ->check(not_empty);
  command.add_flag("--list", wanted->list, "Print the tables that bcda brings along");
  command.add_option("--describe", wanted->describe, "Print the columns of a table")
      ->option_text("TABLE")
      ->check(not_empty);
  command.add_option("--show", wanted->show, "Print the ViewDefinition of a table; see --generation")
      ->option_text("TABLE")
      ->check(not_empty);
  command.add_flag("-q,--quiet", wanted->quiet, "Print only errors and warnings");
  wanted->flags.add_for_tables(command);
  command.footer(exit_codes);
  command.callback([wanted, &chosen] { chosen = [wanted] { return run_tables(*wanted); }; });
}

}  // namespace cli
