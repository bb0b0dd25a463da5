package io.github.libbcda;

import java.util.List;
import java.util.Map;

/**
 * The dictionary of a table that the library brings along.
 *
 * @param name the name of the table
 * @param description what it has
 * @param resource the FHIR resource type from which its rows come, for example {@code "ExplanationOfBenefit"}
 * @param columns its columns, in their order
 */
public record TableDescription(String name, String description, String resource, List<TableColumn> columns) {
  static TableDescription of(String json) {
    Map<String, Object> table = Json.object(json);
    return new TableDescription(
        (String) table.get("name"),
        (String) table.get("description"),
        (String) table.get("resource"),
        ((List<?>) table.get("columns")).stream().map(TableColumn::of).toList());
  }
}
