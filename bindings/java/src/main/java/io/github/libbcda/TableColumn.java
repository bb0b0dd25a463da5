package io.github.libbcda;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One column of a table that the library brings along: an entry of its dictionary.
 *
 * @param name the name of the column
 * @param type {@code "string"}, {@code "integer"}, {@code "boolean"}, {@code "instant"}, {@code "DATE"} or
 *     {@code "DECIMAL(18,2)"}
 * @param list whether a row has a list of such values
 * @param description what the column means
 * @param cclf the name of the same column in CMS's Claim and Claim Line Feed; "" if it has none
 * @param generations the generations that have the column. In the others it is null
 */
public record TableColumn(
    String name, String type, boolean list, String description, String cclf, Set<TableSettings.Generation> generations) {

  static TableColumn of(Object entry) {
    Map<?, ?> column = (Map<?, ?>) entry;
    Set<TableSettings.Generation> generations = EnumSet.noneOf(TableSettings.Generation.class);
    for (Object name : (List<?>) column.get("generations")) {
      generations.add(generation((String) name));
    }
    return new TableColumn(
        (String) column.get("name"),
        (String) column.get("type"),
        (Boolean) column.get("list"),
        (String) column.get("description"),
        (String) column.get("cclf"),
        Collections.unmodifiableSet(generations));
  }

  private static TableSettings.Generation generation(String name) {
    for (TableSettings.Generation each : TableSettings.Generation.values()) {
      if (each.toString().equals(name)) {
        return each;
      }
    }
    throw BcdaException.of(Status.INTERNAL, "the library knows a generation that its classes do not know: " + name, "");
  }
}
