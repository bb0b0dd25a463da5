#include "form.hpp"

#include <stdexcept>

namespace libbcda::sandbox {

// A literal text and what comes after it: a value, or a list whose elements are written by `element`.
struct Form::Piece {
  std::string literal, value, list;
  Form element;
  bool follows = false;  // the list stands behind another element, so each of its own begins with a comma
};

struct Form::Scope {
  const Scope* outer;
  const Values& values;
};

// Walks through the JSON of a form and collects its pieces.
class Form::Reader {
 public:
  static Form read(const json::value& value) {
    Reader reader;
    reader.add(value);
    return std::move(reader.form_);
  }

 private:
  static constexpr std::string_view kEach = "@each ";

  Reader() { form_.pieces_.emplace_back(); }

  std::string& literal() { return form_.pieces_.back().literal; }

  void add(const json::value& value) {
    if (value.is_object()) return add_object(value.get_object());
    if (value.is_array()) return add_array(value.get_array());
    if (value.is_string()) return add_string(json::serialize(value));
    if (value.is_double()) throw std::logic_error("a form has a decimal, whose digits would change");
    literal() += json::serialize(value);
  }

  void add_object(const json::object& object) {
    const char* before = "{";
    for (const auto& [name, value] : object) {
      literal() += before + json::serialize(json::string(name)) + ":";
      add(value);
      before = ",";
    }
    literal() += object.empty() ? "{}" : "}";
  }

  void add_array(const json::array& array) {
    literal() += "[";
    bool follows = false;
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string_view text = array[i].is_string() ? std::string_view(array[i].get_string()) : "";
      if (text.starts_with(kEach) && i + 1 < array.size()) {
        if (!follows && i + 2 < array.size()) throw std::logic_error("a list that is not the last one begins an array");
        add_list(text.substr(kEach.size(), text.size() - kEach.size() - 1), array[++i], follows);
        continue;
      }
      if (follows) literal() += ",";
      add(array[i]);
      follows = true;
    }
    literal() += "]";
  }

  void add_list(std::string_view list, const json::value& element, bool follows) {
    Piece& piece = form_.pieces_.back();
    piece.list = list;
    piece.element = read(element);
    piece.follows = follows;
    form_.pieces_.emplace_back();
  }

  // `text` has its quotes.
  void add_string(std::string_view text) {
    const bool is_number = text.starts_with("\"@=");
    if (is_number) return add_value(text.substr(3, text.size() - 5));
    for (std::size_t at; (at = text.find('@')) != std::string_view::npos;) {
      const std::size_t end = text.find('@', at + 1);
      if (end == std::string_view::npos) throw std::logic_error("a form has a single @");
      literal() += text.substr(0, at);
      add_value(text.substr(at + 1, end - at - 1));
      text.remove_prefix(end + 1);
    }
    literal() += text;
  }

  void add_value(std::string_view name) {
    form_.pieces_.back().value = name;
    form_.pieces_.emplace_back();
  }

  Form form_;
};

Form::Form(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) throw std::logic_error("a form is no JSON");
  *this = Reader::read(*value);
}

void Form::fill(const Scope* outer, const Values& values, std::string& out) const {
  const Scope scope{outer, values};
  const auto find = [&](auto member, const std::string& name) -> const auto& {
    for (const Scope* each = &scope; each; each = each->outer)
      if (const auto found = (each->values.*member).find(name); found != (each->values.*member).end())
        return found->second;
    throw std::logic_error("a form has the unknown value " + name);
  };
  for (const Piece& piece : pieces_) {
    out += piece.literal;
    if (!piece.value.empty()) out += find(&Values::texts, piece.value);
    if (piece.list.empty()) continue;
    bool follows = piece.follows;
    for (const Values& element : find(&Values::lists, piece.list)) {
      if (follows) out += ",";
      piece.element.fill(&scope, element, out);
      follows = true;
    }
  }
}

const Form& form(std::string_view name) {
  static const auto forms = [] {
    std::map<std::string, Form, std::less<>> made;
    for (const FormSource& source : form_sources()) made.emplace(source.name, Form(source.json));
    return made;
  }();
  const auto found = forms.find(name);
  if (found == forms.end()) throw std::logic_error("there is no form " + std::string(name));
  return found->second;
}

}  // namespace libbcda::sandbox
