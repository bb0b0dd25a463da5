// Turns a column of a batch, which has the layout of Arrow, into a vector of R.
#pragma once
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "r.hpp"

namespace bcda_r {

__extension__ typedef __int128 Int128;

enum class Value { text, boolean, integer, integer64, decimal, real, date, instant, time, binary };

// The values of a column, or the items of a list column. It owns no memory, so it may be in a frame that calls R.
struct Values {
  Value kind = Value::text;
  int scale = 0;           // of decimals
  SEXPTYPE type = NILSXP;  // of the vector that they become
  std::int64_t length = 0;
  const char *validity = nullptr, *data = nullptr, *texts = nullptr;

  static bool bit(const char* bits, std::int64_t at) {
    return static_cast<unsigned char>(bits[at / 8]) >> (at % 8) & 1;
  }
  bool is_null(std::int64_t at) const { return validity && !bit(validity, at); }

  template <class T>
  T number(std::int64_t at) const {
    T value;
    std::memcpy(&value, data + at * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    return value;
  }
  std::string_view text(std::int64_t at) const {
    const auto begin = number<std::int32_t>(at), end = number<std::int32_t>(at + 1);
    return {texts + begin, static_cast<std::size_t>(end - begin)};
  }
  template <class T, class Test>
  bool any(Test test) const {
    for (std::int64_t at = 0; at < length; ++at) {
      if (!is_null(at) && test(number<T>(at))) return true;
    }
    return false;
  }
};

// ---- What the column has; nothing here calls R ----------------------------------------------------------------------

// From the format of Arrow. Sets the kind and the scale.
inline void read_format(const std::string& format, Values& to) {
  constexpr std::pair<std::string_view, Value> kinds[] = {
      {"u", Value::text},     {"b", Value::boolean},    {"i", Value::integer}, {"l", Value::integer64},
      {"g", Value::real},     {"tsu:", Value::instant}, {"tdD", Value::date},  {"ttu", Value::time},
      {"d:", Value::decimal}, {"z", Value::binary}};
  for (const auto& [name, kind] : kinds) {
    if (!format.starts_with(name)) continue;
    to.kind = kind;
    if (kind == Value::decimal) to.scale = std::stoi(format.substr(format.find(',') + 1));  // "d:18,2"
    return;
  }
  throw std::logic_error("R has no vector for the format " + format);
}

inline bool is_beyond(std::int64_t value) { return value > std::int64_t{1} << 53 || value < -(std::int64_t{1} << 53); }

// No value is changed to fit a type of R. So one that R's usual type cannot hold decides the type for all.
inline SEXPTYPE type_of(const Values& values, bool decimals_are_text) {
  switch (values.kind) {
    case Value::text:
      return STRSXP;
    case Value::boolean:
      return LGLSXP;
    case Value::integer:
      return values.any<std::int32_t>([](std::int32_t value) { return value == NA_INTEGER; }) ? REALSXP : INTSXP;
    case Value::integer64:
      return values.any<std::int64_t>(is_beyond) ? STRSXP : REALSXP;
    case Value::decimal:
      return decimals_are_text ? STRSXP : REALSXP;
    case Value::binary:
      return VECSXP;
    default:
      return REALSXP;
  }
}

// R's texts end at a NUL. R's own message would show the text.
inline void check_texts(const Values& values, const bcda_flat::Text& column) {
  if (values.kind != Value::text) return;
  const auto end = static_cast<std::size_t>(values.number<std::int32_t>(values.length));
  if (end > 0 && std::memchr(values.texts, 0, end)) {
    keep(BCDA_RECORD,
         {"the column ", column, " has a text with a NUL, which R's texts cannot hold; bcda_records() tells its line"});
  }
}

inline Values values_of(const bcda_flat::Tables& tables, std::int32_t table, std::int32_t column, bool are_items,
                        bool decimals_are_text) {
  Values values;
  read_format(tables_column_format(tables, table, column), values);
  values.length = batch_length(tables, column, are_items);
  values.validity = batch_validity(tables, column, are_items).data;
  values.data = batch_values(tables, column, are_items).data;
  values.texts = batch_texts(tables, column, are_items).data;
  values.type = type_of(values, decimals_are_text);
  check_texts(values, tables_column_name(tables, table, column));
  return values;
}

// ---- One value ------------------------------------------------------------------------------------------------------

struct DecimalText {
  DecimalText(Int128 value, int scale) {
    const bool is_negative = value < 0;
    for (int place = 0; value != 0 || place <= scale; ++place, value /= 10) {
      if (place == scale && scale > 0) *--begin = '.';
      *--begin = static_cast<char>('0' + (value < 0 ? -static_cast<int>(value % 10) : static_cast<int>(value % 10)));
    }
    if (is_negative) *--begin = '-';
  }
  DecimalText(const DecimalText&) = delete;
  DecimalText& operator=(const DecimalText&) = delete;
  std::string_view view() const { return {begin, static_cast<std::size_t>(text.data() + text.size() - begin)}; }

  std::array<char, 48> text;  // at most 39 digits, a sign and a point
  char* begin = text.data() + text.size();
};

// The double that is nearest to the decimal.
inline double nearest(Int128 digits, int scale) {
  constexpr Int128 exact_digits = Int128{1} << 53;
  constexpr std::array<double, 23> powers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (digits <= exact_digits && digits >= -exact_digits && scale < static_cast<int>(powers.size())) {
    return static_cast<double>(digits) / powers[static_cast<std::size_t>(scale)];  // the quotient of two exact doubles
  }
  double value = NA_REAL;
  const DecimalText text(digits, scale);
  std::from_chars(text.view().data(), text.view().data() + text.view().size(), value);
  return value;
}

inline double real_of(const Values& values, std::int64_t at) {
  constexpr std::int64_t second = 1'000'000;
  switch (values.kind) {
    case Value::integer:
    case Value::date:
      return values.number<std::int32_t>(at);
    case Value::integer64:
      return static_cast<double>(values.number<std::int64_t>(at));
    case Value::decimal:
      return nearest(values.number<Int128>(at), values.scale);
    case Value::instant:
    case Value::time: {
      const auto microseconds = values.number<std::int64_t>(at);  // whole seconds stay exact at any time
      return static_cast<double>(microseconds / second) + static_cast<double>(microseconds % second) / second;
    }
    default:
      return values.number<double>(at);
  }
}

inline SEXP text_of(const Values& values, std::int64_t at) {
  const auto made = [](std::string_view text) {
    return Rf_mkCharLenCE(text.data(), static_cast<int>(text.size()), CE_UTF8);
  };
  switch (values.kind) {
    case Value::decimal:
      return made(DecimalText(values.number<Int128>(at), values.scale).view());
    case Value::integer64:
      return made(DecimalText(values.number<std::int64_t>(at), 0).view());
    default:
      return made(values.text(at));
  }
}

inline SEXP raw_of(std::string_view bytes) {
  const SEXP made = Rf_allocVector(RAWSXP, static_cast<R_xlen_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(RAW(made), bytes.data(), bytes.size());
  return made;
}

// ---- Vectors --------------------------------------------------------------------------------------------------------

// The keys of claims come several times in a row, and to look up R's text for one is slow.
inline bool is_repeated(const Values& values, std::int64_t begin, std::int64_t at) {
  return values.kind == Value::text && at > begin && !values.is_null(at - 1) && values.text(at) == values.text(at - 1);
}

// The values from `begin` to `end`, without a class.
inline SEXP vector_of(const Values& values, std::int64_t begin, std::int64_t end) {
  const SEXP made = PROTECT(Rf_allocVector(values.type, static_cast<R_xlen_t>(end - begin)));
  for (std::int64_t at = begin; at < end; ++at) {
    const auto i = static_cast<R_xlen_t>(at - begin);
    const bool is_null = values.is_null(at);
    switch (values.type) {
      case LGLSXP:
        LOGICAL(made)[i] = is_null ? NA_LOGICAL : Values::bit(values.data, at);
        break;
      case INTSXP:
        INTEGER(made)[i] = is_null ? NA_INTEGER : values.number<std::int32_t>(at);
        break;
      case REALSXP:
        REAL(made)[i] = is_null ? NA_REAL : real_of(values, at);
        break;
      case STRSXP:
        SET_STRING_ELT(made, i,
                       is_null                          ? NA_STRING
                       : is_repeated(values, begin, at) ? STRING_ELT(made, i - 1)
                                                        : text_of(values, at));
        break;
      default:
        if (!is_null) SET_VECTOR_ELT(made, i, raw_of(values.text(at)));
    }
  }
  UNPROTECT(1);
  return made;
}

// Gives a protected vector the class of its values.
inline void set_class(SEXP vector, Value kind) {
  if (kind == Value::date) {
    Rf_setAttrib(vector, R_ClassSymbol, PROTECT(Rf_mkString("Date")));
  } else if (kind == Value::instant) {
    const SEXP classes = PROTECT(Rf_allocVector(STRSXP, 2));
    SET_STRING_ELT(classes, 0, Rf_mkChar("POSIXct"));
    SET_STRING_ELT(classes, 1, Rf_mkChar("POSIXt"));
    Rf_setAttrib(vector, R_ClassSymbol, classes);
    Rf_setAttrib(vector, Rf_install("tzone"), PROTECT(Rf_mkString("UTC")));
    UNPROTECT(1);
  } else if (kind == Value::time) {
    Rf_setAttrib(vector, R_ClassSymbol, PROTECT(Rf_mkString("difftime")));
    Rf_setAttrib(vector, Rf_install("units"), PROTECT(Rf_mkString("secs")));
    UNPROTECT(1);
  } else {
    return;
  }
  UNPROTECT(1);
}

// A null list is NULL. All empty lists are one vector.
inline SEXP list_of(const Values& lists, const Values& items) {
  const SEXP made = PROTECT(Rf_allocVector(VECSXP, static_cast<R_xlen_t>(lists.length)));
  const SEXP empty = PROTECT(vector_of(items, 0, 0));
  set_class(empty, items.kind);
  for (std::int64_t at = 0; at < lists.length; ++at) {
    if (lists.is_null(at)) continue;
    const auto begin = lists.number<std::int32_t>(at), end = lists.number<std::int32_t>(at + 1);
    const SEXP row = PROTECT(begin == end ? empty : vector_of(items, begin, end));
    if (begin != end) set_class(row, items.kind);
    SET_VECTOR_ELT(made, static_cast<R_xlen_t>(at), row);
    UNPROTECT(1);
  }
  UNPROTECT(2);
  return made;
}

// A column of the batch of the first table. The values of a list column have their class; other vectors have none yet,
// because R code joins those of all batches.
inline SEXP batch_column(bcda_flat::Tables& tables, std::int32_t column, std::int32_t decimals_are_text) {
  const bool is_list = tables_column_is_list(tables, 0, column);
  Values lists;
  if (is_list) {
    lists.validity = batch_validity(tables, column, 0).data;
    lists.data = batch_values(tables, column, 0).data;
    lists.length = batch_length(tables, column, 0);
  }
  const Values values = values_of(tables, 0, column, is_list, decimals_are_text);
  if (failed()) return R_NilValue;
  return is_list ? list_of(lists, values) : vector_of(values, 0, values.length);
}

}  // namespace bcda_r
