package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.TableSettings.Generation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.Spliterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams and readers of rows: order, parts, threads, closing, and failures. */
class RowStreamTest {
  private static final String GOOD = "{\"resourceType\":\"Patient\",\"id\":\"%s\"}";
  private static final String BAD = "{\"resourceType\":\"Patient\",\"id\":\"John-Doe\",\"birthDate\":\"Smith\"}";
  private static final int FILES = 5;
  private static final int ROWS = 1000; // of each file

  @TempDir Path dir;
  private List<Path> files;

  @BeforeEach
  void write() throws Exception {
    files = new ArrayList<>();
    for (int i = 0; i < FILES; i++) {
      files.add(file(i, patients(i, ROWS)));
    }
  }

  private Path file(int number, String content) throws Exception {
    return Files.writeString(dir.resolve(number + ".ndjson"), content);
  }

  private static String patients(int file, int count) {
    return IntStream.range(0, count).mapToObj(i -> GOOD.formatted(file + "-" + i) + "\n").collect(Collectors.joining());
  }

  private Table table(Path... from) {
    return Table.open(from.length == 0 ? files : List.of(from), "beneficiary", small());
  }

  /** Batches of 10 rows. */
  private static TableSettings small() {
    return new TableSettings().batchRows(10);
  }

  private static String key(Row row) {
    return row.getText("beneficiary_key");
  }

  private static List<String> expected(int... numbers) {
    return IntStream.of(numbers).boxed().flatMap(file -> IntStream.range(0, ROWS).mapToObj(i -> file + "-" + i)).toList();
  }

  // ---- Parts ----

  @Test
  void aStreamHasTheOrderOfTheFilesAlsoInParallel() {
    for (Table table : List.of(table(), table(files.get(3)), table(files.get(4), files.get(1)))) {
      try (Stream<Row> one = table.rows();
          Stream<Row> many = table.rows().parallel()) {
        List<String> keys = one.map(RowStreamTest::key).toList();
        assertTrue(keys.size() % ROWS == 0 && !keys.isEmpty());
        assertEquals(keys, many.map(RowStreamTest::key).toList());
      }
    }
    try (Stream<Row> rows = table(files.get(4), files.get(1)).rows()) {
      assertEquals(expected(4, 1), rows.map(RowStreamTest::key).toList());
    }
  }

  @Test
  void severalThreadsTakeTheBatchesOfOneFile() {
    CountDownLatch two = new CountDownLatch(2);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    try (Stream<Row> rows = table(files.get(0)).rows().parallel()) {
      rows.forEach(
          row -> {
            if (threads.add(Thread.currentThread())) {
              two.countDown();
              awaitAtMost(two);
            }
          });
    }
    assertEquals(0, two.getCount(), "threads that took part");
  }

  private static void awaitAtMost(CountDownLatch latch) {
    try {
      latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void splitAll(List<Spliterator<Row>> parts) {
    for (int i = 0; i < parts.size(); i++) {
      for (Spliterator<Row> part; (part = parts.get(i).trySplit()) != null; ) {
        parts.add(part);
      }
    }
  }

  /** Parts that wait hold their batch, so there may only be some at a time. */
  @Test
  void isSplitBetweenFilesAndThenIntoSomeBatches() {
    try (Stream<Row> stream = table().rows()) {
      List<Spliterator<Row>> parts = new ArrayList<>(List.of(stream.spliterator()));
      splitAll(parts);
      List<Spliterator<Row>> batches = parts.stream().filter(part -> part.hasCharacteristics(Spliterator.SIZED)).toList();
      assertEquals(FILES, parts.size() - batches.size());
      assertTrue(batches.stream().allMatch(part -> part.estimateSize() == 10));
      int most = 2 * Runtime.getRuntime().availableProcessors() + 2;
      assertEquals(most, batches.size());

      assertTrue(batches.get(0).tryAdvance(row -> {}));
      assertEquals(9, batches.get(0).estimateSize());
      List<String> keys = new ArrayList<>();
      batches.get(0).forEachRemaining(row -> keys.add(key(row)));
      assertEquals(9, keys.size());
      assertEquals(0, batches.get(0).estimateSize());
      int before = parts.size();
      splitAll(parts);
      assertEquals(before + 1, parts.size(), "a part that is read makes room for one");

      Set<String> all = ConcurrentHashMap.newKeySet();
      parts.forEach(part -> part.forEachRemaining(row -> assertTrue(all.add(key(row)))));
      assertEquals(FILES * ROWS - 10, all.size());
    }
  }

  @Test
  void whatIsLeftOfABatchIsAPartToo() {
    try (Stream<Row> stream = table(files.get(0)).rows()) {
      Spliterator<Row> rest = stream.spliterator();
      List<String> keys = new ArrayList<>();
      assertTrue(rest.tryAdvance(row -> keys.add(key(row))));
      Spliterator<Row> part = rest.trySplit();
      assertEquals(9, part.estimateSize());
      part.forEachRemaining(row -> keys.add(key(row)));
      rest.forEachRemaining(row -> keys.add(key(row)));
      assertEquals(expected(0), keys);
      assertNull(rest.trySplit());
    }
  }

  /** One current state for all of them, so they are not read apart from each other. */
  @Test
  void pathsWithACurrentStateAreOneSource() throws Exception {
    Path twice = file(7, GOOD.formatted("1-0") + "\n");
    TableSettings settings = small().current(true);
    try (Stream<Row> rows = Table.open(List.of(files.get(1), twice), "beneficiary", settings).rows().parallel()) {
      assertEquals(ROWS, rows.map(RowStreamTest::key).distinct().count());
    }
    try (Stream<Row> rows = Table.open(List.of(files.get(1), twice), "beneficiary", settings).rows().parallel()) {
      assertEquals(ROWS, rows.count());
    }
    try (Stream<Row> rows = Table.open(List.of(files.get(1), twice), "beneficiary", small().current(false)).rows()) {
      assertEquals(ROWS + 1, rows.count());
    }
  }

  @Test
  void rowsAreReadWhenTheyAreAskedFor() throws Exception {
    Path file = file(8, patients(8, ROWS));
    Table table = table(file);
    try (Stream<Row> rows = table.rows()) {
      Files.delete(file);
      assertThrows(BcdaException.Filesystem.class, rows::count);
    }
    file(8, patients(8, 15) + BAD + "\n");
    try (Stream<Row> rows = table.rows()) {
      assertEquals(10, rows.limit(10).count(), "the bad record is in the batch after");
    }
  }

  // ---- Closing ----

  @Test
  void afterClosingNothingPassesForTheEnd() {
    for (int read : new int[] {0, 1, 10, ROWS}) {
      Stream<Row> stream = table(files.get(0)).rows();
      Iterator<Row> rows = stream.iterator();
      for (int i = 0; i < read; i++) {
        rows.next();
      }
      stream.close();
      stream.close();
      assertEquals(0, Native.live_handles());
      String said = assertThrows(IllegalStateException.class, () -> rows.forEachRemaining(row -> {})).getMessage();
      assertEquals("the stream is closed", said);
    }
  }

  @Test
  void closingAStreamClosesItsParts() {
    Stream<Row> stream = table().rows();
    List<Spliterator<Row>> parts = new ArrayList<>(List.of(stream.spliterator()));
    splitAll(parts);
    Row[] kept = {null};
    assertTrue(parts.get(parts.size() - 1).tryAdvance(row -> kept[0] = row));
    stream.close();
    assertEquals(0, Native.live_handles());
    for (Spliterator<Row> part : parts) {
      assertThrows(IllegalStateException.class, () -> part.tryAdvance(row -> {}));
      assertNull(part.trySplit());
    }
    assertNotNull(key(kept[0]), "a row stays valid");
  }

  @Test
  void aReaderThatIsClosedSaysSoAndItsRowsStay() {
    TableReader reader = table().reader();
    Row row = reader.next();
    reader.close();
    reader.close();
    assertEquals(0, Native.live_handles());
    assertEquals("the table is closed", assertThrows(IllegalStateException.class, reader::next).getMessage());
    assertThrows(IllegalStateException.class, reader::nulled);
    assertEquals("0-0", key(row));
    assertEquals(row.columns(), reader.columns(0));
  }

  @Test
  void closingWaitsForNoConsumer() {
    Stream<Row> rows = table().rows();
    List<Boolean> closed = new ArrayList<>();
    assertThrows(
        IllegalStateException.class,
        () ->
            rows.forEach(
                row -> {
                  CompletableFuture<Void> elsewhere = CompletableFuture.runAsync(rows::close);
                  closed.add(elsewhere.completeOnTimeout(null, 60, TimeUnit.SECONDS).thenApply(done -> Native.live_handles() == 0).join());
                }));
    assertEquals(List.of(true), closed);
  }

  @Test
  void closingUnderAnotherThreadsHands() throws Exception {
    for (int round = 0; round < 20; round++) {
      TableReader reader = table().reader();
      CountDownLatch reading = new CountDownLatch(1);
      CompletableFuture<String> said =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  while (true) { // on, past the end
                    reader.next();
                    reading.countDown();
                  }
                } catch (IllegalStateException closed) {
                  return closed.getMessage();
                }
              });
      reading.await();
      reader.close();
      assertEquals("the table is closed", said.join());
    }
  }

  // ---- Failures ----

  @Test
  void aBadRecordNamesItsFileAndLineAndNoValue() throws Exception {
    Path bad = file(9, patients(9, 25) + "\n" + BAD + "\n" + patients(10, 5));
    try (Stream<Row> rows = table(files.get(0), bad).rows()) {
      List<String> read = new ArrayList<>();
      BcdaException error =
          assertThrows(BcdaException.Record.class, () -> rows.forEach(row -> read.add(key(row))));
      assertEquals(Status.RECORD, error.code());
      assertEquals(bad.toString(), error.file().orElseThrow());
      for (String part : List.of(bad.toString(), "line 27", "birth_date")) {
        assertTrue(error.getMessage().contains(part), error.getMessage());
      }
      assertFalse(error.getMessage().contains("Smith") || error.getMessage().contains("Doe"), error.getMessage());
      assertEquals(ROWS + 20, read.size(), "the rows of whole batches before it");
    }
    Path malformed = file(10, "\n\n{\"resourceType\":");
    try (Stream<Row> rows = table(malformed).rows()) {
      BcdaException error = assertThrows(BcdaException.Record.class, rows::toList);
      assertTrue(error.getMessage().contains("line 3"), error.getMessage());
      assertEquals(malformed.toString(), error.file().orElseThrow());
    }
  }

  @Test
  void afterAFailureEachAttemptFails() throws Exception {
    Path bad = file(9, patients(9, 10) + BAD + "\n" + patients(10, 50));
    try (TableReader reader = table(bad, files.get(0)).reader();
        Stream<Row> stream = table(bad, files.get(0)).rows()) {
      Iterator<Row> rows = stream.iterator();
      for (int i = 0; i < 10; i++) {
        assertEquals("9-" + i, key(reader.next()));
        assertEquals("9-" + i, key(rows.next()));
      }
      BcdaException first = assertThrows(BcdaException.Record.class, reader::next);
      for (int i = 0; i < 3; i++) {
        BcdaException again = assertThrows(BcdaException.Record.class, reader::next);
        assertSame(first, again.getCause());
        assertEquals(first.getMessage(), again.getMessage());
        assertThrows(BcdaException.Record.class, rows::hasNext);
      }
      assertEquals(0, reader.table());
    }
  }

  @Test
  void aParallelStreamFailsToo() throws Exception {
    Path bad = file(9, patients(9, 500) + BAD + "\n" + patients(10, 500));
    try (Stream<Row> rows = table(files.get(0), bad, files.get(1)).rows().parallel()) {
      BcdaException error = assertThrows(BcdaException.Record.class, () -> rows.forEach(row -> {}));
      assertTrue(error.getMessage().contains("line 501"), error.getMessage());
    }
  }

  @Test
  void aSourceThatIsGoneFailsAgainAndAgain() throws Exception {
    Table table = table(files.get(0), files.get(1));
    Files.delete(files.get(1));
    try (Stream<Row> stream = table.rows()) {
      Iterator<Row> rows = stream.iterator();
      for (int i = 0; i < ROWS; i++) {
        rows.next();
      }
      assertThrows(BcdaException.Filesystem.class, rows::hasNext);
      assertThrows(BcdaException.Filesystem.class, rows::hasNext);
    }
    BcdaException error = assertThrows(BcdaException.Filesystem.class, table::reader);
    assertEquals(files.get(1).toString(), error.file().orElseThrow());
  }

  @Test
  void aFileThatWasChangedAfterItsExportIsRefused() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportResult result = client.export(Trials.patients(dir.resolve("claims")).build());
      Table table = result.table("beneficiary");
      Path changed = result.files().get(0).path();
      Files.writeString(changed, Files.readString(changed) + "\n");
      try (Stream<Row> rows = table.rows()) {
        BcdaException error = assertThrows(BcdaException.Verification.class, rows::count);
        assertEquals(changed.toString(), error.file().orElseThrow());
      }
    }
  }

  // ---- Wrong arguments ----

  private static String refused(Path path, String table, TableSettings settings) {
    return assertThrows(BcdaException.InvalidArgument.class, () -> Table.open(List.of(path), table, settings)).getMessage();
  }

  @Test
  void aWrongNameSuggestsTheRightOne() {
    Path file = files.get(0);
    expect(refused(file, "claim_lines", new TableSettings()), "claim_lines", "did you mean \"claim_line\"?");
    expect(refused(file, "beneficiary", new TableSettings().columns("birth_dat")), "did you mean \"birth_date\"?");
    expect(refused(file, "beneficiary", new TableSettings().set("batch_row", "5")), "batch_rows");
    expect(
        assertThrows(BcdaException.InvalidArgument.class, () -> Table.describe("claims")).getMessage(),
        "did you mean \"claim\"?");
    assertThrows(BcdaException.InvalidArgument.class, () -> Table.columns("unheard of"));
    assertThrows(BcdaException.InvalidArgument.class, () -> Table.view("claimline", Generation.V3));
    expect(
        assertThrows(BcdaException.InvalidArgument.class, () -> Table.view("claim", Generation.AUTO)).getMessage(),
        "stu3, v2 or v3");
  }

  @Test
  void aWrongViewNamesItsColumnAndThePlace() {
    String view = "{\"resource\":\"Patient\",\"select\":[{\"column\":[{\"name\":\"x\",\"path\":\"name.fist()\"}]}]}";
    expect(refused(files.get(0), view, new TableSettings()), "column x", "did you mean first", "position 6");
    expect(refused(files.get(0), "{\"resource\":", new TableSettings()), "ViewDefinition");
  }

  @Test
  void aWrongSettingIsNamedWhenTheTableIsOpened() {
    for (String[] wrong :
        new String[][] {{"on_error", "ignore"}, {"current", "maybe"}, {"batch_rows", "0"}, {"generation", "v4"}, {"final_only", "?"}}) {
      expect(refused(files.get(0), "claim", new TableSettings().set(wrong[0], wrong[1])), wrong[0]);
    }
    expect(
        assertThrows(BcdaException.InvalidArgument.class, () -> Table.open(List.of(), "claim", new TableSettings()))
            .getMessage(),
        "paths");
  }

  @Test
  void aWrongPathIsNamedWhenTheTableIsOpened() throws Exception {
    Path missing = dir.resolve("missing");
    BcdaException none = assertThrows(BcdaException.Filesystem.class, () -> table(files.get(0), missing));
    assertEquals(missing.toString(), none.file().orElseThrow());
    expect(none.getMessage(), "does not exist");
    BcdaException noExport = assertThrows(BcdaException.Filesystem.class, () -> table(dir));
    expect(noExport.getMessage(), "no finished export", dir.toString());
    Files.createDirectories(dir.resolve("half/.bcda"));
    expect(assertThrows(BcdaException.Filesystem.class, () -> table(dir.resolve("half"))).getMessage(), "bcda resume");
  }

  @Test
  void nullIsNoArgument() {
    Path file = files.get(0);
    assertThrows(NullPointerException.class, () -> Table.open((Path) null, "claim"));
    assertThrows(NullPointerException.class, () -> Table.open(file, null));
    assertThrows(NullPointerException.class, () -> Table.open(List.of(file), "claim", null));
    assertThrows(NullPointerException.class, () -> Table.view("claim", null));
    assertThrows(NullPointerException.class, () -> Table.describe(null));
    List<String> tables = new ArrayList<>();
    tables.add(null);
    assertThrows(NullPointerException.class, () -> TableReader.open(List.of(file), tables, new TableSettings()));
    assertThrows(BcdaException.InvalidArgument.class, () -> Table.open(file, "claim\0line"));
    assertThrows(IllegalArgumentException.class, () -> Table.open(file, "claim\ud83d"));
  }

  private static void expect(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void theNullAddressIsNoHandle() {
    assertThrows(IllegalStateException.class, () -> Native.tables_next(0));
    assertThrows(IllegalStateException.class, () -> Native.tables_export(0, 0, 0));
    Native.tables_destroy(0);
  }
}
