package io.github.libbcda.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.libbcda.BcdaClient;
import io.github.libbcda.ExportRequest;
import io.github.libbcda.Sandbox;
import io.github.libbcda.TableSettings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.types.ArrayType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** The data source in Spark, against a sandbox. */
class SparkTest {
  private static SparkSession spark;
  @TempDir static Path work;
  @TempDir Path dir;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.local.dir", work.toString())
            .config("spark.sql.warehouse.dir", work.resolve("warehouse").toString())
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.datetime.java8API.enabled", "true")
            .getOrCreate();
    spark.sparkContext().setLogLevel("OFF"); // failures are expected
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Dataset<Row> read(Map<String, String> options) {
    return spark.read().format("bcda").options(options).load();
  }

  private static List<Row> rows(Dataset<Row> read) {
    return read.collectAsList();
  }

  /** With lists as the library has them. */
  private static List<Object> values(Row row) {
    List<Object> values = new ArrayList<>();
    for (int place = 0; place < row.size(); place++) {
      boolean isList = row.schema().fields()[place].dataType() instanceof ArrayType;
      values.add(isList && !row.isNullAt(place) ? row.getList(place) : row.get(place));
    }
    return values;
  }

  private static List<String> sorted(Stream<List<Object>> rows) {
    return rows.map(Object::toString).sorted().toList();
  }

  private static List<String> sorted(Dataset<Row> read) {
    return sorted(rows(read).stream().map(SparkTest::values));
  }

  /** An export on one machine. */
  private Path export(Trials trials) throws Exception {
    Path out = dir.resolve("export");
    try (BcdaClient client = trials.sandbox.clientBuilder().build()) {
      client.export(ExportRequest.builder().types("ExplanationOfBenefit").out(out).build());
    }
    return out;
  }

  private static List<String> oneMachine(Path export, String table) {
    io.github.libbcda.Table opened = io.github.libbcda.Table.open(List.of(export), table, new TableSettings());
    try (Stream<io.github.libbcda.Row> rows = opened.rows()) {
      return sorted(rows.map(row -> new ArrayList<>(row.toMap().values())));
    }
  }

  /** The message of a failure, and of all that comes with it. */
  private static String failure(Executable work) {
    StringWriter text = new StringWriter();
    assertThrows(Exception.class, work).printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  private static void expectPlanningFails(Map<String, String> options, String message) {
    BcdaSparkException failure = assertThrows(BcdaSparkException.class, () -> read(options), message);
    assertTrue(failure.getMessage().contains(message), failure.getMessage());
  }

  @Test
  void rowsAndSumsAreThoseOfOneMachine() throws Exception {
    try (Trials trials = Trials.claims(dir, 5)) {
      Path export = export(trials);
      for (String table : List.of("claim", "claim_line")) {
        Dataset<Row> read = read(trials.options("table", table, "maxConcurrentDownloads", "3"));
        assertEquals(3, read.rdd().getNumPartitions());
        List<String> expected = oneMachine(export, table);
        assertTrue(expected.size() > 40, expected.size() + " rows");
        assertEquals(expected, sorted(read), table);
        assertEquals(expected.size(), read.count());
      }
      Dataset<Row> sum = read(trials.options("table", "claim_line")).agg(Map.of("paid_amount", "sum"));
      try (Stream<io.github.libbcda.Row> rows = io.github.libbcda.Table.open(export, "claim_line").rows()) {
        Stream<BigDecimal> paid = rows.map(row -> row.getDecimal("paid_amount")).filter(Objects::nonNull);
        assertEquals(paid.reduce(BigDecimal.ZERO, BigDecimal::add), rows(sum).get(0).getDecimal(0));
      }
      assertEquals(oneMachine(export, "claim"), sorted(read(Map.of("path", export.toString(), "table", "claim"))));
    }
  }

  @Test
  void rawRecordsAreTheLinesOfTheFiles() throws Exception {
    try (Trials trials = Trials.claims(dir, 3)) {
      List<String> expected = new ArrayList<>();
      try (DirectoryStream<Path> files = Files.newDirectoryStream(export(trials), "ExplanationOfBenefit*")) {
        for (Path file : files) {
          expected.addAll(Files.readAllLines(file));
        }
      }
      Collections.sort(expected);
      Dataset<Row> raw = read(trials.options("raw", "true"));
      assertEquals(expected, rows(raw).stream().map(row -> row.getString(0)).sorted().toList());
      assertEquals(expected.size(), raw.count());
      assertEquals(expected.size(), raw.where("type = 'ExplanationOfBenefit' and line >= 1").count());
      assertEquals(3, raw.select("file").distinct().count());
    }
  }

  @Test
  void aViewHasItsColumns() throws Exception {
    String view =
        """
        {"resource": "ExplanationOfBenefit", "status": "active", "select": [{"column": [
          {"name": "id", "path": "id", "type": "id"},
          {"name": "systems", "path": "type.coding.system", "collection": true}]}]}
        """;
    try (Trials trials = Trials.claims(dir, 2)) {
      assertEquals(oneMachine(export(trials), view), sorted(read(trials.options("view", view))));
      expectPlanningFails(trials.options("view", "{\"resource\": \"ExplanationOfBenefit\"}"), "INVALID_ARGUMENT: ");
    }
  }

  @Test
  void onlyTheColumnsOfAQueryAreRead() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      Dataset<Row> all = read(trials.options("table", "claim_line"));
      Dataset<Row> two = all.select("paid_amount", "claim_key");
      String plan = two.queryExecution().executedPlan().toString();
      assertFalse(plan.contains("line_from_date"), plan);
      assertTrue(Arrays.asList(all.columns()).contains("line_from_date"));
      assertEquals(
          sorted(rows(all).stream().map(row -> Arrays.asList(row.getAs("paid_amount"), row.getAs("claim_key")))),
          sorted(two));
      Dataset<Row> narrow =
          spark.read().format("bcda").options(trials.options("table", "claim_line")).schema("claim_key string").load();
      assertEquals(List.of("claim_key"), List.of(narrow.columns()));
      assertEquals(all.count(), narrow.count());
      Dataset<Row> chosen = read(trials.options("table", "claim_line", "columns", "claim_key"));
      assertEquals(List.of("claim_key"), List.of(chosen.columns()));
    }
  }

  @Test
  void allPlanningsHaveOneJob() throws Exception {
    try (Trials trials = Trials.claims(dir, 4)) {
      Map<String, String> options = trials.options("table", "claim", "stateLocation", dir.resolve("state").toString());
      Dataset<Row> read = read(options);
      read.printSchema();
      read.explain(true);
      assertEquals(0, trials.kickOffs(), "neither the schema nor a plan needs a job");
      long count = read.count();
      read.explain(true);
      read.show(2);
      read.take(1);
      assertEquals(count, read.as("a").join(read.as("b"), "claim_key").distinct().count());
      assertEquals(2 * count, read.union(read(options)).count());
      read.createOrReplaceTempView("claims");
      assertEquals(count, spark.sql("select * from claims where claim_key is not null").count());
      assertEquals(1, trials.kickOffs());
      options.put("table", "claim_line");
      assertTrue(read(options).count() > count, "another table of the same job");
      assertEquals(1, trials.kickOffs());
    }
  }

  @Test
  void withoutAStateLocationTooThereIsOneJob() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      assertEquals(read(trials.options("table", "claim")).count(), read(trials.options("table", "claim")).count());
      assertEquals(1, trials.kickOffs());
    }
  }

  @Test
  void anEarlyStopShowsNoUnverifiedRow() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      trials.sandbox.control("fault", "flip:at=60000");
      Dataset<Row> read = read(trials.options("raw", "true", "retries", "0"));
      List<Executable> early = List.of(() -> read.take(1), () -> read.limit(2).collectAsList(), () -> read.show(1));
      for (Executable stops : early) {
        String said = failure(stops);
        assertTrue(said.contains("DECRYPTION: "), said);
        assertTrue(said.contains(".ndjson"), said);
        assertTrue(said.contains("(task 0)"), said);
      }
      Map<String, String> streamed =
          trials.options("raw", "true", "verify", "stream", "batch_rows", "1", "retries", "0");
      assertEquals(1, read(streamed).takeAsList(1).size(), "here rows do come first");
      String said = failure(() -> read(streamed).count());
      assertTrue(said.contains("DECRYPTION: ") && said.contains("discard"), said);
    }
  }

  @Test
  void filesThatAreGoneNeedANewExport() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      Map<String, String> options = trials.options("raw", "true", "stateLocation", dir.resolve("state").toString());
      trials.sandbox.control("fault", "status=410:on=GET /data");
      String said = failure(() -> read(options).count());
      assertTrue(said.contains("JOB_GONE: start a new export"), said);
      long downloads = trials.downloads();
      trials.sandbox.control("fault", "none");
      said = failure(() -> read(options).count());
      assertTrue(said.contains("JOB_GONE: start a new export") && said.contains("restart"), said);
      assertEquals(downloads, trials.downloads());
      assertEquals(1, trials.kickOffs());
      options.put("restart", "true");
      Dataset<Row> again = read(options);
      assertEquals(again.count(), again.count());
      assertEquals(2, trials.kickOffs());
    }
  }

  @Test
  void aLateTaskOfAnOldJobDoesNotCondemnTheNewOne() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      Map<String, String> options = trials.options("raw", "true", "stateLocation", dir.resolve("state").toString());
      Dataset<Row> old = read(options);
      int count = rows(old).size();
      options.put("restart", "true");
      assertEquals(count, rows(read(options)).size());
      assertEquals(2, trials.kickOffs());
      options.remove("restart");
      trials.sandbox.control("fault", "status=410:on=GET /data");
      assertTrue(failure(() -> rows(old)).contains("JOB_GONE: start a new export"));
      trials.sandbox.control("fault", "none");
      assertEquals(count, rows(read(options)).size());
      String said = failure(() -> rows(old));
      assertTrue(said.contains("JOB_GONE: start a new export"), said);
      assertEquals(2, trials.kickOffs());
    }
  }

  @Test
  void anExpiredTokenIsNotTheEndOfItsJob() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      String said = failure(() -> read(trials.options("raw", "true", "partition_lifetime", "1ms")).count());
      assertTrue(said.contains("JOB_GONE: start a new export: the partition token expired"), said);
      assertTrue(read(trials.options("raw", "true")).count() > 0);
      assertEquals(1, trials.kickOffs());
    }
  }

  @Test
  void tasksOfAProcessShareAClient() throws Exception {
    try (Trials trials = Trials.claims(dir, 4)) {
      Dataset<Row> read = read(trials.options("raw", "true"));
      assertEquals(4, read.rdd().getNumPartitions());
      read.count();
      assertEquals(2, trials.sandbox.requestCount("POST "), "an access token of the driver, and one of the executor");
      read(trials.options("table", "claim", "verify", "stream")).count();
      assertEquals(2, trials.sandbox.requestCount("POST "), "another read too");
    }
  }

  @Test
  void aNewSecretIsTakenAtTheNextAttempt() throws Exception {
    try (Trials trials = Trials.claims(dir, 1)) {
      Map<String, String> options = trials.options("raw", "true");
      assertEquals(1, read(options).rdd().getNumPartitions()); // the job is done
      Path secret = Path.of(options.get("client_secret_file"));
      String good = Files.readString(secret);
      Files.writeString(secret, "wrong");
      assertTrue(failure(() -> read(options).count()).contains("AUTHENTICATION: "));
      Files.writeString(secret, good);
      assertTrue(read(options).count() > 0);
    }
  }

  @Test
  void anUnverifiedFileWaitsInADirectoryOfSpark() throws Exception {
    try (Trials trials = Trials.claims(dir, 1)) {
      trials.sandbox.control("fault", "drip=16KiB");
      CompletableFuture<Long> counting =
          CompletableFuture.supplyAsync(() -> read(trials.options("raw", "true", "low_speed_limit", "0")).count());
      boolean found = false;
      while (!found && !counting.isDone()) {
        found = openFiles().anyMatch(file -> file.matches(work + "/#\\d+ \\(deleted\\)"));
      }
      assertTrue(found);
      assertTrue(counting.get() > 0);
    }
  }

  private static Stream<String> openFiles() throws Exception {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path each : all) {
        try {
          found.add(Files.readSymbolicLink(each).toString());
        } catch (NoSuchFileException closed) {
          // meanwhile
        }
      }
    }
    return found.stream();
  }

  @Test
  void aManifestMayBeInAFile() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      String text = manifest(trials);
      Path file = Files.writeString(dir.resolve("manifest.json"), text);
      long count = read(trials.options("raw", "true", "manifest", text)).count();
      assertTrue(count > 0);
      assertEquals(count, read(trials.options("raw", "true", "manifest", file.toString())).count());
      assertEquals(1, trials.kickOffs());
      Path none = dir.resolve("none");
      expectPlanningFails(trials.options("raw", "true", "manifest", none.toString()), "there is no " + none);
      Files.write(file, new byte[] {(byte) 0xff});
      assertTrue(
          failure(() -> read(trials.options("raw", "true", "manifest", file.toString())).count())
              .contains("INVALID_ARGUMENT: the manifest " + file + " is no text in UTF-8"));
    }
  }

  private static String manifest(Trials trials) throws Exception {
    try (BcdaClient client = trials.sandbox.clientBuilder().build()) {
      return client.manifest(ExportRequest.builder().types("ExplanationOfBenefit").build()).json();
    }
  }

  @Test
  void aManifestWithSignedUrlsIsNotShown() throws Exception {
    Sandbox.Builder signing = Sandbox.builder().beneficiaries(4).option("signed_urls", "60s");
    try (Trials trials = new Trials(dir, signing)) {
      String text = manifest(trials);
      String said = failure(() -> read(trials.options("raw", "true", "manifest", text)).count());
      assertTrue(said.contains("INVALID_ARGUMENT: the manifest has signed URLs, and Spark shows options: "), said);
      assertEquals(0, trials.downloads());
      Path file = Files.writeString(dir.resolve("manifest.json"), text);
      assertTrue(read(trials.options("raw", "true", "manifest", file.toString())).count() > 0);
    }
  }

  @Test
  void metricsSayHowMuchWasRead() throws Exception {
    try (Trials trials = Trials.claims(dir, 3)) {
      Dataset<Row> raw = read(trials.options("raw", "true"));
      List<Row> rows = rows(raw);
      long bytes = rows.stream().mapToLong(row -> 1 + row.getString(0).getBytes(StandardCharsets.UTF_8).length).sum();
      var metrics = raw.queryExecution().executedPlan().collectLeaves().head().metrics();
      assertEquals(bytes, metrics.apply("bytesOfRecords").value());
      assertEquals(3, metrics.apply("filesRead").value());
      assertEquals(rows.size(), metrics.apply("rowsRead").value());
    }
  }

  @Test
  void sqlReadsItToo() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      StringBuilder given = new StringBuilder();
      trials.options("table", "claim").forEach((name, value) -> given.append(", " + name + " '" + value + "'"));
      given.deleteCharAt(0);
      long expected = read(trials.options("table", "claim")).count();
      spark.sql("create temporary view claims_view using bcda options (" + given + ")");
      assertEquals(expected, spark.table("claims_view").count());
      if (spark.version().startsWith("3.")) {
        return; // its catalog has no tables of such sources
      }
      spark.sql("create table claims_table using bcda options (" + given + ")");
      assertEquals(expected, spark.table("claims_table").count());
      spark.sql("drop table claims_table");
      spark.sql("create table claims_table using bcda options (table 'claim') location '" + export(trials) + "'");
      assertEquals(expected, spark.table("claims_table").count());
      spark.sql("drop table claims_table");
    }
  }

  @Test
  void whatIsWrongIsFoundAtPlanning() throws Exception {
    try (Trials trials = Trials.claims(dir, 1)) {
      expectPlanningFails(trials.options("table", "claim_lines"), "did you mean \"claim_line\"?");
      expectPlanningFails(trials.options("table", "claim_line", "columns", "claim_kay"), "claim_kay");
      expectPlanningFails(trials.options("table", "claim_line", "verify", "never"), "verify");
      expectPlanningFails(trials.options("table", "claim_line", "types", "Nothing"), "Nothing");
      String none = dir.resolve("none").toString();
      expectPlanningFails(trials.options("table", "claim_line", "client_secret_file", none), "client_secret_file");
      expectPlanningFails(trials.options("table", "claim_line", "private_key", none), none);
      expectPlanningFails(trials.options("table", "claim_line", "partition_key_file", none), none);
      String malformed = Files.writeString(dir.resolve("short"), "abc").toString();
      expectPlanningFails(trials.options("table", "claim_line", "partition_key_file", malformed), "partition_key");
      Map<String, String> unsealed = trials.options("table", "claim_line");
      unsealed.remove("partition_key_file");
      expectPlanningFails(unsealed, "partition_key");
      expectPlanningFails(Map.of("table", "claim_line", "path", none), none);
      assertEquals(0, trials.sandbox.requestCount("GET /api"));
    }
  }

  @Test
  void aSinceOfAMarkMovesOnCommit() throws Exception {
    try (Trials trials = new Trials(dir, Sandbox.builder().beneficiaries(4).option("profile", "bcda-v2"))) {
      Map<String, String> options = trials.options("raw", "true", "types", "Patient", "since", "mark");
      options.put("stateLocation", dir.resolve("state").toString());
      String kickOff = "GET /api/v2/Group/all/$export";
      assertTrue(read(options).count() > 0);
      assertTrue(read(options).count() > 0);
      assertEquals(1, trials.sandbox.requestCount(kickOff), "nothing was committed");
      BcdaSpark.commit(options);
      assertEquals(0, read(options).count(), "nobody has changed since");
      assertEquals(2, trials.sandbox.requestCount(kickOff));
    }
  }

  @Test
  void nothingSecretIsShown() throws Exception {
    try (Trials trials = Trials.claims(dir, 1)) {
      Map<String, String> options = trials.options("table", "claim");
      Dataset<Row> read = read(options);
      read.count();
      StringBuilder shown = new StringBuilder(read.queryExecution().toString());
      Options checked = Options.of(options);
      Planning planning = Planning.of(checked);
      BcdaScan scan = new BcdaScan(checked, planning, checked.schema(), checked.schema());
      BcdaPartition partition = (BcdaPartition) scan.planInputPartitions()[0];
      BcdaTable table = BcdaTable.of(checked, checked.schema());
      PartitionReaderFactory factory = scan.createReaderFactory();
      Stream.of(checked, planning, scan, partition, factory, partition.gone(), new BcdaSource(), table)
          .forEach(shown::append);
      trials.sandbox.control("fault", "status=500:on=GET /data");
      shown.append(failure(() -> read(trials.options("table", "claim", "retries", "0")).count()));
      assertTrue(shown.toString().contains("(task 0)"));
      for (String secret : trials.secrets) {
        assertFalse(shown.toString().contains(secret));
      }
      assertFalse(shown.toString().contains(partition.token()));
    }
  }

  @Test
  void aCanceledJobEndsItsDownloads() throws Exception {
    try (Trials trials = Trials.claims(dir, 2)) {
      trials.sandbox.control("fault", "drip=2KiB");
      Dataset<Row> read = read(trials.options("raw", "true", "low_speed_limit", "0"));
      CompletableFuture<String> counting =
          CompletableFuture.supplyAsync(
              () -> {
                spark.sparkContext().setJobGroup("slow", "slow", true);
                return failure(read::count);
              });
      while (trials.downloads() == 0) {
        Thread.sleep(50);
      }
      spark.sparkContext().cancelJobGroup("slow");
      String said = counting.get(30, TimeUnit.SECONDS);
      assertTrue(said.contains("cancel"), said);
      for (int i = 0; i < 100 && isReading(); i++) { // at this speed the files take minutes
        Thread.sleep(100);
      }
      assertFalse(isReading());
    }
  }

  private static boolean isReading() {
    return Thread.getAllStackTraces().keySet().stream().anyMatch(each -> each.getName().equals("bcda-reader"));
  }
}
