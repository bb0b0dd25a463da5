package io.github.libbcda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The values of rows, of every type that a column can have. */
class RowTest {
  private static final String VIEW =
      """
      {"resource":"Patient","select":[{"column":[
      {"name":"text","path":"text","type":"string"},
      {"name":"flag","path":"flag","type":"boolean"},
      {"name":"number","path":"number","type":"integer"},
      {"name":"large","path":"large","tag":[{"name":"ansi/type","value":"BIGINT"}]},
      {"name":"amount","path":"amount","tag":[{"name":"ansi/type","value":"DECIMAL(18,2)"}]},
      {"name":"widest","path":"widest","tag":[{"name":"ansi/type","value":"DECIMAL(38,10)"}]},
      {"name":"real","path":"real","tag":[{"name":"ansi/type","value":"DOUBLE"}]},
      {"name":"day","path":"day","tag":[{"name":"ansi/type","value":"DATE"}]},
      {"name":"moment","path":"moment","type":"instant"},
      {"name":"clock","path":"clock","tag":[{"name":"ansi/type","value":"TIME"}]},
      {"name":"bytes","path":"bytes","type":"base64Binary"},
      {"name":"texts","path":"texts","type":"string","collection":true},
      {"name":"numbers","path":"numbers","type":"integer","collection":true},
      {"name":"flags","path":"flags","type":"boolean","collection":true},
      {"name":"amounts","path":"amounts","collection":true,"tag":[{"name":"ansi/type","value":"DECIMAL(38,1)"}]},
      {"name":"days","path":"days","collection":true,"tag":[{"name":"ansi/type","value":"DATE"}]}]}]}""";

  private static final String FIRST =
      """
      {"resourceType":"Patient","text":"a \uD83D\uDE80 \\u00e9 \\ud83d\\ude80","flag":true,"number":-2147483648,
      "large":-9223372036854775808,"amount":-0.01,"widest":-9999999999999999999999999999.0123456789,"real":0.1,
      "day":"1899-12-31","moment":"1969-12-31T23:59:59.999999-05:00","clock":"23:59:59.999999","bytes":"AP8=",
      "texts":["","b","\uD83D\uDE80"],"numbers":[3,1,2],"flags":[true,false,true],
      "amounts":[12345678901234567890123456789012345.6,-0.1],"days":["2024-02-29"]}"""
          .replace("\n", "");
  private static final String SECOND =
      """
      {"resourceType":"Patient","text":"","flag":false,"number":2147483647,"large":9223372036854775807,
      "amount":9999999999999999.99,"widest":92233720368.54775808,"real":-1e300,"day":"9999-12-31",
      "moment":"9999-12-31T23:59:59.999999Z","clock":"00:00:00","bytes":""}"""
          .replace("\n", "");
  private static final String NOTHING = "{\"resourceType\":\"Patient\"}";

  @TempDir Path dir;
  private List<Row> rows;

  @BeforeEach
  void read() throws Exception {
    rows = rows(String.join("\n", FIRST, SECOND, NOTHING));
  }

  private List<Row> rows(String lines) throws Exception {
    Path file = Files.writeString(dir.resolve("a.ndjson"), lines);
    try (Stream<Row> stream = Table.open(file, VIEW).rows()) {
      return stream.toList();
    }
  }

  @Test
  void valuesAtTheEndsOfTheirTypes() {
    Row first = rows.get(0);
    assertEquals("a \uD83D\uDE80 \u00e9 \uD83D\uDE80", first.getText("text"));
    assertEquals(true, first.getBoolean("flag"));
    assertEquals(Integer.MIN_VALUE, first.getInteger("number"));
    assertEquals(Long.MIN_VALUE, first.getLong("large"));
    assertEquals(new BigDecimal("-0.01"), first.getDecimal("amount"));
    assertEquals(new BigDecimal("-9999999999999999999999999999.0123456789"), first.getDecimal("widest"));
    assertEquals(0.1, first.getDouble("real"));
    assertEquals(LocalDate.of(1899, 12, 31), first.getDate("day"));
    assertEquals(Instant.parse("1970-01-01T04:59:59.999999Z"), first.getInstant("moment"));
    assertEquals(LocalTime.of(23, 59, 59, 999_999_000), first.getTime("clock"));
    assertArrayEquals(new byte[] {0, -1}, first.getBytes("bytes"));
    assertEquals(List.of("", "b", "\uD83D\uDE80"), first.getList("texts", String.class));
    assertEquals(List.of(3, 1, 2), first.getList("numbers", Integer.class));
    assertEquals(List.of(true, false, true), first.getList("flags", Boolean.class));
    assertEquals(
        List.of(new BigDecimal("12345678901234567890123456789012345.6"), new BigDecimal("-0.1")),
        first.getList("amounts", BigDecimal.class));
    assertEquals(List.of(LocalDate.of(2024, 2, 29)), first.getList("days", LocalDate.class));

    Row second = rows.get(1);
    assertEquals("", second.getText("text"));
    assertEquals(false, second.getBoolean("flag"));
    assertEquals(Integer.MAX_VALUE, second.getInteger("number"));
    assertEquals(Long.MAX_VALUE, second.getLong("large"));
    assertEquals(new BigDecimal("9999999999999999.99"), second.getDecimal("amount"));
    assertEquals(new BigDecimal("92233720368.5477580800"), second.getDecimal("widest")); // 2^63 at this scale
    assertEquals(-1e300, second.getDouble("real"));
    assertEquals(LocalDate.of(9999, 12, 31), second.getDate("day"));
    assertEquals(Instant.parse("9999-12-31T23:59:59.999999Z"), second.getInstant("moment"));
    assertEquals(LocalTime.MIDNIGHT, second.getTime("clock"));
    assertArrayEquals(new byte[0], second.getBytes("bytes"));
  }

  @Test
  void theClassOfAValueIsThatOfItsColumn() {
    Row row = rows.get(0);
    assertEquals(16, row.columns().size());
    for (int i = 0; i < row.columns().size(); i++) {
      Table.Column column = row.columns().get(i);
      Object value = row.get(i);
      assertEquals(value.getClass() == byte[].class, column.type() == Table.Type.BYTES);
      for (Object each : column.list() ? (List<?>) value : List.of(value)) {
        assertEquals(column.type().javaClass(), each.getClass(), column.name());
      }
    }
    assertEquals(
        List.of(
            Table.Type.TEXT, Table.Type.BOOLEAN, Table.Type.INTEGER, Table.Type.LONG, Table.Type.DECIMAL, Table.Type.DECIMAL,
            Table.Type.DOUBLE, Table.Type.DATE, Table.Type.INSTANT, Table.Type.TIME, Table.Type.BYTES),
        row.columns().stream().filter(column -> !column.list()).map(Table.Column::type).toList());
    assertEquals(new Table.Column("widest", Table.Type.DECIMAL, 38, 10, false), row.columns().get(5));
  }

  @Test
  void whatIsMissingIsNullAndAListIsEmpty() {
    Row row = rows.get(2);
    List<Function<Row, Object>> getters =
        List.of(
            each -> each.getText("text"),
            each -> each.getBoolean("flag"),
            each -> each.getInteger("number"),
            each -> each.getLong("number"),
            each -> each.getDecimal("number"),
            each -> each.getLong("large"),
            each -> each.getDecimal("large"),
            each -> each.getDecimal("amount"),
            each -> each.getDecimal("widest"),
            each -> each.getDouble("real"),
            each -> each.getDate("day"),
            each -> each.getInstant("moment"),
            each -> each.getTime("clock"),
            each -> each.getBytes("bytes"));
    getters.forEach(getter -> assertNull(getter.apply(row)));
    for (Table.Column column : row.columns()) {
      assertEquals(column.list() ? List.of() : null, row.get(column.name()));
      assertEquals(!column.list(), row.isNull(column.name()));
      assertFalse(rows.get(0).isNull(column.name()));
    }
    assertEquals(row.columns().stream().map(Table.Column::name).toList(), List.copyOf(row.toMap().keySet()));
  }

  @Test
  void wholeNumbersAreLongsAndDecimalsToo() {
    assertEquals(-2147483648L, rows.get(0).getLong("number"));
    assertEquals(new BigDecimal("-2147483648"), rows.get(0).getDecimal("number"));
    assertEquals(new BigDecimal("-9223372036854775808"), rows.get(0).getDecimal("large"));
  }

  @Test
  void nothingOfARowCanBeChanged() {
    Row row = rows.get(0);
    row.getBytes("bytes")[0] = 7;
    assertArrayEquals(new byte[] {0, -1}, row.getBytes("bytes"));
    assertThrows(UnsupportedOperationException.class, () -> row.getList("numbers", Integer.class).set(0, 9));
    assertThrows(UnsupportedOperationException.class, () -> row.toMap().put("text", "x"));
    assertThrows(UnsupportedOperationException.class, () -> row.columns().remove(0));
  }

  @Test
  void aColumnOfAnotherTypeIsRefusedAlsoWithoutAValue() {
    for (Row row : rows) {
      expectRefused(() -> row.getText("amount"), "amount is BigDecimal, not String");
      expectRefused(() -> row.getInteger("large"), "large is Long, not Integer");
      expectRefused(() -> row.getLong("amount"), "amount is BigDecimal, not Long");
      expectRefused(() -> row.getDecimal("real"), "real is Double, not BigDecimal");
      expectRefused(() -> row.getDate("moment"), "moment is Instant, not LocalDate");
      expectRefused(() -> row.getInteger("numbers"), "numbers is a list of Integer, not Integer");
      expectRefused(() -> row.getLong("numbers"), "numbers is a list of Integer, not Long");
      expectRefused(() -> row.getList("numbers", Long.class), "numbers is a list of Integer, not a list of Long");
      expectRefused(() -> row.getList("number", Integer.class), "number is Integer, not a list of Integer");
    }
  }

  @Test
  void aNameThatIsNoColumnIsRefusedWithARemedy() {
    Row row = rows.get(0);
    expectRefused(() -> row.get("Amount_"), "there is no column \"Amount_\"; did you mean \"amount\"?");
    expectRefused(() -> row.getLong("lrage"), "did you mean \"large\"?");
    expectRefused(() -> row.isNull("something else"), "the table has text, flag, number");
    expectRefused(() -> row.getText("x".repeat(100_000)), "the table has text, flag, number");
    assertThrows(IndexOutOfBoundsException.class, () -> row.get(16));
    assertThrows(IndexOutOfBoundsException.class, () -> row.get(-1));
  }

  private static void expectRefused(org.junit.jupiter.api.function.Executable call, String says) {
    String message = assertThrows(BcdaException.InvalidArgument.class, call).getMessage();
    assertTrue(message.contains(says), message);
  }

  /** Bits are packed, so each value of several bytes is looked at, and what is null is spread over them. */
  @Test
  void nullsAmongManyRowsAreWhereTheyBelong() throws Exception {
    List<Integer> numbers = IntStream.range(0, 1000).mapToObj(i -> i % 3 == 0 || i % 7 == 0 ? null : i).toList();
    String lines =
        numbers.stream()
            .map(
                i ->
                    i == null
                        ? NOTHING
                        : ("{\"resourceType\":\"Patient\",\"number\":%d,\"flag\":%s,\"text\":\"t%d\",\"texts\":%s}")
                            .formatted(i, i % 2 == 0, i, IntStream.range(0, i % 5).mapToObj(n -> "\"" + n + "\"").toList()))
            .collect(Collectors.joining("\n"));
    List<Row> many = rows(lines);
    assertEquals(1000, many.size());
    for (int i = 0; i < 1000; i++) {
      Integer number = numbers.get(i);
      Row row = many.get(i);
      assertEquals(number, row.getInteger("number"));
      assertEquals(number == null ? null : number % 2 == 0, row.getBoolean("flag"));
      assertEquals(number == null ? null : "t" + number, row.getText("text"));
      int items = number == null ? 0 : number % 5;
      assertEquals(IntStream.range(0, items).mapToObj(Integer::toString).toList(), row.getList("texts", String.class));
    }
  }

  @Test
  void aViewMayBeInAFile() throws Exception {
    Path file = Files.writeString(dir.resolve("a-view.ndjson"), SECOND);
    Path view = Files.writeString(dir.resolve("view.json"), VIEW);
    try (Stream<Row> found = Table.open(List.of(file), view, new TableSettings()).rows()) {
      assertEquals(List.of(Integer.MAX_VALUE), found.map(row -> row.getInteger("number")).toList());
    }
    Path none = dir.resolve("none.json");
    BcdaException.Filesystem error =
        assertThrows(BcdaException.Filesystem.class, () -> Table.open(List.of(file), none, new TableSettings()));
    assertTrue(error.getMessage().contains(none.toString()));
  }

  @Test
  void whatDoesNotFitIsNullAndCountedWhereThatIsAskedFor() throws Exception {
    String line =
        "{\"resourceType\":\"Patient\",\"numbers\":[1,\"x\",3],\"number\":\"y\",\"text\":\"z\",\"texts\":[\"a\",null,\"b\"]}";
    Path file = Files.writeString(dir.resolve("b.ndjson"), line);
    Table table = Table.open(List.of(file), VIEW, new TableSettings().onError(TableSettings.OnError.NULL));
    try (TableReader reader = table.reader()) {
      Row row = reader.next();
      assertNull(row.getList("numbers", Integer.class));
      assertEquals(List.of("a", "b"), row.getList("texts", String.class));
      assertNull(row.getInteger("number"));
      assertEquals("z", row.getText("text"));
      assertNull(reader.next());
      assertEquals(2, reader.nulled());
      assertTrue(row.toMap().containsKey("numbers"));
    }
  }

  @Test
  void aLongText() throws Exception {
    String text = "\u00fc".repeat(5_000_000);
    Path file = dir.resolve("long.ndjson");
    Files.write(file, ("{\"resourceType\":\"Patient\",\"text\":\"" + text + "\"}\n").repeat(3).getBytes(UTF_8));
    try (Stream<Row> stream = Table.open(file, VIEW).rows()) {
      assertEquals(Map.of(true, 3L), stream.collect(Collectors.groupingBy(row -> row.getText("text").equals(text), Collectors.counting())));
    }
  }
}
