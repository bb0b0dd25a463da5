package io.github.libbcda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The sample claims of the repository, and the tables that another program made of them. */
final class Samples {
  private static final Path DIRECTORY = Trials.REPOSITORY.resolve("tests/tables/samples");

  private Samples() {}

  /** The NDJSON files of a generation, by name. */
  static List<Path> files(TableSettings.Generation generation) {
    try (Stream<Path> files = Files.list(DIRECTORY.resolve(generation.toString()))) {
      return files.filter(file -> file.toString().endsWith(".ndjson")).sorted().toList();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** The expected rows: text by the name of the column, in the order of the columns. */
  static List<Map<String, String>> expected(TableSettings.Generation generation, String table) {
    return csvRows(DIRECTORY.resolve("expected/" + generation + "/" + table + ".csv"));
  }

  /** The rows of a CSV file with a head line. */
  static List<Map<String, String>> csvRows(Path file) {
    List<List<String>> lines = csv(file);
    List<String> names = lines.get(0);
    List<Map<String, String>> rows = new ArrayList<>();
    for (List<String> line : lines.subList(1, lines.size())) {
      Map<String, String> row = new LinkedHashMap<>();
      for (int i = 0; i < names.size(); i++) {
        row.put(names.get(i), line.get(i));
      }
      rows.add(row);
    }
    return rows;
  }

  /** The value that a column must have where the CSV file has {@code text}. */
  static Object value(String text, Table.Column column) {
    if (text.isEmpty()) {
      return null;
    }
    if (column.list()) {
      List<Object> items = new ArrayList<>();
      ((List<?>) Json.value(text)).forEach(item -> items.add(value(item.toString(), column.type())));
      return items;
    }
    return value(text, column.type());
  }

  private static Object value(String text, Table.Type type) {
    return switch (type) {
      case TEXT -> text;
      case BOOLEAN -> Boolean.valueOf(text);
      case INTEGER -> Integer.valueOf(text);
      case LONG -> Long.valueOf(text);
      case DECIMAL -> new BigDecimal(text);
      case DOUBLE -> Double.valueOf(text);
      case DATE -> LocalDate.parse(text);
      case INSTANT -> OffsetDateTime.parse(text).toInstant();
      case TIME -> LocalTime.parse(text);
      case BYTES -> throw new AssertionError("no table has bytes");
    };
  }

  /** Fields may be quoted, and hold commas, doubled quotes and line ends then. */
  private static List<List<String>> csv(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    List<List<String>> lines = new ArrayList<>();
    List<String> line = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
        field.append(c);
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (quoted || (c != ',' && c != '\n' && c != '\r')) {
        field.append(c);
      } else if (c != '\r') {
        line.add(field.toString());
        field.setLength(0);
        if (c == '\n') {
          lines.add(line);
          line = new ArrayList<>();
        }
      }
    }
    return lines;
  }
}
