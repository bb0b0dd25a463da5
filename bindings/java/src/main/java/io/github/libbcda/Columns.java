package io.github.libbcda;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The columns of an open table, by place and by name. Immutable. */
final class Columns {
  private static final int LONGEST = 100; // longer text is not a misspelled name

  final List<Table.Column> all;
  private final Map<String, Integer> places = new HashMap<>();

  private Columns(List<Table.Column> all) {
    this.all = all;
    for (int i = 0; i < all.size(); i++) {
      places.put(all.get(i).name(), i);
    }
  }

  /** The columns of the table with the number {@code table} of the native {@code tables}. */
  static Columns of(long tables, int table) {
    int count = Native.tables_column_count(tables, table);
    return new Columns(IntStream.range(0, count).mapToObj(column -> column(tables, table, column)).toList());
  }

  private static Table.Column column(long tables, int table, int column) {
    return Table.Column.of(
        Native.tables_column_name(tables, table, column),
        Native.tables_column_format(tables, table, column),
        Native.tables_column_is_list(tables, table, column) != 0);
  }

  int find(String name) {
    Integer place = places.get(name);
    if (place == null) {
      throw BcdaException.invalid("there is no column \"" + name + "\"; " + remedy(name));
    }
    return place;
  }

  /** As the library says it for the setting {@code columns}. */
  private String remedy(String name) {
    String nearest = null;
    int least = name.length() / 2 + 1;
    for (Table.Column column : name.length() > LONGEST ? List.<Table.Column>of() : all) {
      int distance = distance(name.toLowerCase(Locale.ROOT), column.name().toLowerCase(Locale.ROOT));
      if (distance < least) {
        least = distance;
        nearest = column.name();
      }
    }
    return nearest != null
        ? "did you mean \"" + nearest + "\"?"
        : "the table has " + all.stream().map(Table.Column::name).collect(Collectors.joining(", "));
  }

  /** How many letters must be changed, added or left out (Levenshtein). */
  private static int distance(String a, String b) {
    int[] row = IntStream.rangeClosed(0, b.length()).toArray();
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(changed, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
