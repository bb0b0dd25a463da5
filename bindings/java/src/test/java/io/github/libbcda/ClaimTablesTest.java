package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.TableSettings.Generation;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Claims as tables: the samples against tables that another program made, and what an export has. */
class ClaimTablesTest {
  @TempDir Path dir;

  static Stream<Arguments> tablesOfAllGenerations() {
    return EnumSet.complementOf(EnumSet.of(Generation.AUTO)).stream()
        .flatMap(generation -> Table.names().stream().map(table -> Arguments.of(generation, table)));
  }

  private static Table samples(Generation generation, String table) {
    return Table.open(Samples.files(generation), table, new TableSettings());
  }

  // ---- The samples ----

  @ParameterizedTest
  @MethodSource("tablesOfAllGenerations")
  void theSamplesMakeTheExpectedRows(Generation generation, String name) {
    List<Map<String, String>> expected = Samples.expected(generation, name);
    Table table = samples(generation, name);
    List<String> names = table.columns().stream().map(Table.Column::name).toList();
    assertEquals(List.copyOf(expected.get(0).keySet()), names);
    List<Row> rows;
    try (Stream<Row> stream = table.rows()) {
      rows = stream.toList(); // they stay valid after their stream
    }
    assertEquals(expected.size(), rows.size());
    for (int i = 0; i < rows.size(); i++) {
      for (Table.Column column : table.columns()) {
        Object wanted = Samples.value(expected.get(i).get(column.name()), column);
        assertSame(wanted, rows.get(i).get(column.name()), "row " + i + ", " + column);
      }
      assertEquals(names, List.copyOf(rows.get(i).toMap().keySet()));
    }
  }

  /** Decimals are compared by value, because the samples have the digits of their source. */
  private static void assertSame(Object wanted, Object found, String where) {
    if (wanted instanceof BigDecimal number && found instanceof BigDecimal other) {
      assertEquals(0, number.compareTo(other), where + ": " + number + " and " + other);
    } else {
      assertEquals(wanted, found, where);
    }
  }

  @ParameterizedTest
  @EnumSource(value = Generation.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void sumsAreExact(Generation generation) {
    int sums = 0;
    for (String name : Table.names()) {
      Table table = samples(generation, name);
      for (Table.Column column : table.columns()) {
        if (column.type() != Table.Type.DECIMAL) {
          continue;
        }
        BigDecimal expected =
            Samples.expected(generation, name).stream()
                .map(row -> row.get(column.name()))
                .filter(text -> !text.isEmpty())
                .map(BigDecimal::new)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        try (Stream<Row> rows = table.rows()) {
          BigDecimal sum =
              rows.map(row -> row.getDecimal(column.name()))
                  .filter(Objects::nonNull)
                  .peek(number -> assertEquals(column.scale(), number.scale()))
                  .reduce(BigDecimal.ZERO, BigDecimal::add);
          assertEquals(0, expected.compareTo(sum), name + ": " + column + " " + expected + " and " + sum);
          sums += sum.signum() == 0 ? 0 : 1;
        }
      }
    }
    assertTrue(sums > 20, sums + " sums that are not 0");
  }

  // ---- What a table has ----

  @Test
  void theDictionaryHasTheColumnsThatRowsHave() {
    assertTrue(Table.names().contains("claim_line"));
    Map<String, Table.Type> types =
        Map.of(
            "string", Table.Type.TEXT,
            "integer", Table.Type.INTEGER,
            "boolean", Table.Type.BOOLEAN,
            "instant", Table.Type.INSTANT,
            "DATE", Table.Type.DATE,
            "DECIMAL(18,2)", Table.Type.DECIMAL,
            "DECIMAL(18,4)", Table.Type.DECIMAL);
    Set<String> lists = new TreeSet<>();
    for (String name : Table.names()) {
      TableDescription described = Table.describe(name);
      assertEquals(name, described.name());
      assertFalse(described.description().isEmpty());
      assertTrue(Set.of("ExplanationOfBenefit", "Patient", "Coverage").contains(described.resource()));
      assertEquals(described.columns(), Table.columns(name));
      List<Table.Column> columns = samples(Generation.V3, name).columns();
      assertEquals(columns.size(), described.columns().size());
      for (int i = 0; i < columns.size(); i++) {
        TableColumn known = described.columns().get(i);
        assertEquals(columns.get(i).name(), known.name());
        assertEquals(columns.get(i).type(), types.get(known.type()), known.name());
        assertEquals(columns.get(i).list(), known.list());
        boolean isDecimal = known.type().startsWith("DECIMAL");
        assertEquals(isDecimal ? known.type() : "DECIMAL(0,0)", decimal(columns.get(i)));
        assertFalse(known.description().isEmpty());
        assertFalse(known.generations().contains(Generation.AUTO));
        if (known.list()) {
          lists.add(known.name());
        }
      }
    }
    assertTrue(lists.contains("diagnosis_sequences"), lists::toString);
    TableColumn paid = column("claim_line", "paid_amount");
    assertEquals(EnumSet.of(Generation.STU3, Generation.V2, Generation.V3), paid.generations());
    assertEquals(EnumSet.of(Generation.V3), column("beneficiary", "language").generations());
    assertEquals("CCLF8.BENE_MBI_ID", column("beneficiary", "mbi").cclf());
  }

  private static String decimal(Table.Column column) {
    return "DECIMAL(" + column.precision() + "," + column.scale() + ")";
  }

  private static TableColumn column(String table, String name) {
    return Table.columns(table).stream().filter(column -> column.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void aViewCanBeTakenAndOpenedAsATableOfOnesOwn() {
    for (Generation generation : EnumSet.complementOf(EnumSet.of(Generation.AUTO))) {
      String view = Table.view("claim_line", generation);
      Table own = samples(generation, view);
      assertEquals(values(samples(generation, "claim_line")), values(own));
      assertEquals(samples(generation, "claim_line").columns(), own.columns());
      assertEquals("Table[of a view, " + own.columns().size() + " columns]", own.toString());
    }
    assertNotEquals(Table.view("claim_line", Generation.STU3), Table.view("claim_line", Generation.V3));
  }

  private static List<Map<String, Object>> values(Table table) {
    try (Stream<Row> rows = table.rows()) {
      return rows.map(Row::toMap).toList();
    }
  }

  @Test
  void aTableWithoutRowsHasItsColumns() throws Exception {
    Table table = Table.open(Files.createFile(dir.resolve("none.ndjson")), "claim_line");
    assertEquals(samples(Generation.V3, "claim_line").columns(), table.columns());
    assertEquals(List.of(), values(table));
    try (TableReader reader = table.reader()) {
      assertNull(reader.next());
      assertNull(reader.next());
      assertThrows(IllegalStateException.class, reader::table);
    }
  }

  @Test
  void settingsAreThoseOfTheTimeOfOpening() {
    TableSettings settings = new TableSettings().columns("paid_amount", "claim_key");
    Table table = Table.open(Samples.files(Generation.V3), "claim_line", settings);
    settings.columns("line_number");
    assertEquals(List.of("paid_amount", "claim_key"), table.columns().stream().map(Table.Column::name).toList());
    assertEquals("Table[claim_line, 2 columns]", table.toString());
    try (Stream<Row> rows = table.rows()) {
      assertEquals("Row[2 columns]", rows.findFirst().orElseThrow().toString());
    }
  }

  @Test
  void asTextEachValueHasTheDigitsOfItsSource() {
    TableSettings settings = new TableSettings().values(TableSettings.Values.TEXT);
    Table table = Table.open(Samples.files(Generation.V3), "claim_line", settings);
    assertTrue(table.columns().stream().allMatch(column -> column.type() == Table.Type.TEXT));
    List<String> expected =
        Samples.expected(Generation.V3, "claim_line").stream().map(row -> row.get("paid_amount")).toList();
    try (Stream<Row> rows = table.rows()) {
      assertEquals(expected, rows.map(row -> Objects.requireNonNullElse(row.getText("paid_amount"), "")).toList());
    }
  }

  // ---- Several tables in one pass ----

  @ParameterizedTest
  @EnumSource(value = Generation.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
  void allTablesInOnePassHaveTheirRows(Generation generation) {
    List<String> names = Table.names();
    List<List<Map<String, Object>>> read = new ArrayList<>();
    names.forEach(name -> read.add(new ArrayList<>()));
    TableSettings settings = new TableSettings().batchRows(7);
    try (TableReader reader = TableReader.open(Samples.files(generation), names, settings)) {
      for (int i = 0; i < names.size(); i++) {
        assertEquals(samples(generation, names.get(i)).columns(), reader.columns(i));
      }
      assertThrows(IndexOutOfBoundsException.class, () -> reader.columns(names.size()));
      for (Row row; (row = reader.next()) != null; ) {
        assertEquals(reader.columns(reader.table()), row.columns());
        read.get(reader.table()).add(row.toMap());
      }
      assertEquals(0, reader.nulled());
    }
    for (int i = 0; i < names.size(); i++) {
      assertEquals(values(samples(generation, names.get(i))), read.get(i), names.get(i));
    }
  }

  @Test
  void columnsAreForOneTable() {
    TableSettings settings = new TableSettings().columns("claim_key");
    List<String> tables = List.of("claim", "claim_line");
    BcdaException error =
        assertThrows(
            BcdaException.InvalidArgument.class,
            () -> TableReader.open(Samples.files(Generation.V3), tables, settings));
    assertTrue(error.getMessage().contains("columns"), error.getMessage());
    assertThrows(
        BcdaException.InvalidArgument.class,
        () -> TableReader.open(Samples.files(Generation.V3), List.of(), new TableSettings()));
  }

  // ---- Exports ----

  @Test
  void anExportHasTables() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request =
          Trials.patients(dir.resolve("claims")).types("Patient", "ExplanationOfBenefit").build();
      ExportResult result = client.export(request);
      try (Stream<String> patients = result.records("Patient");
          Stream<Row> rows = result.table("beneficiary").rows()) {
        assertEquals(patients.count(), rows.count());
      }
      TableSettings settings = new TableSettings().columns("claim_key", "line_index");
      Set<Object> claims;
      try (Stream<Row> rows = result.table("claim").rows()) {
        claims = rows.map(row -> row.get("claim_key")).collect(Collectors.toSet());
      }
      assertFalse(claims.isEmpty());
      try (Stream<Row> rows = result.table("claim_line", settings).rows()) {
        assertEquals(claims, rows.map(row -> row.get("claim_key")).collect(Collectors.toSet()));
      }
      assertEquals(values(result.table("claim")), values(ExportResult.open(dir.resolve("claims")).table("claim")));

      ExportResult toSink =
          client.export(ExportRequest.builder().types("Patient").sink((name, type) -> new Ignored()).build());
      String said = assertThrows(IllegalStateException.class, () -> toSink.table("beneficiary")).getMessage();
      assertTrue(said.contains("sink"), said);
    }
  }

  private static final class Ignored implements ExportSink.File {
    @Override
    public void write(byte[] bytes) {}

    @Override
    public void commit(long size, String sha256) {}

    @Override
    public void abort() {}
  }

  @Test
  void theTableOfASeriesIsItsCurrentState() throws Exception {
    run("2026-01-01T00-00-00Z", "1", "2", "3");
    run("2026-02-01T00-00-00Z", "2");
    assertEquals(List.of("1", "3", "2"), keys(new TableSettings()));
    assertEquals(List.of("1", "2", "3", "2"), keys(new TableSettings().current(false)));
    Table two = Table.open(List.of(dir, Samples.files(Generation.V3).get(2)), "beneficiary", new TableSettings());
    assertEquals(3 + Samples.expected(Generation.V3, "beneficiary").size(), values(two).size());
  }

  private List<Object> keys(TableSettings settings) {
    return values(Table.open(List.of(dir), "beneficiary", settings)).stream()
        .map(row -> row.get("beneficiary_key"))
        .toList();
  }

  private static String sha256(String text) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest);
  }

  /** A finished export in the series {@link #dir}. */
  private void run(String name, String... ids) throws Exception {
    Path run = Files.createDirectory(dir.resolve(name));
    String patients =
        Stream.of(ids).map(id -> "{\"resourceType\":\"Patient\",\"id\":\"" + id + "\"}\n").collect(Collectors.joining());
    Files.writeString(run.resolve("p.ndjson"), patients);
    Files.writeString(
        run.resolve("export.json"),
        """
        {"transactionTime":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z",
        "request":{"profile":"bcda-v3","base":"https://h/api/v3"},"errors":[],"deleted":[],"files":[{"type":"Patient",
        "path":"p.ndjson","bytes":%d,"records":%d,"sha256":"%s","decrypted":false,"url":"https://h/p"}]}"""
            .formatted(patients.length(), ids.length, sha256(patients)));
  }
}
