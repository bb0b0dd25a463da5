package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Partitions: an export in tokens that other processes open. */
class PartitionTest {
  private static final String KEY = "0f".repeat(32);

  @TempDir Path directory;
  private Sandbox sandbox;
  private BcdaClient client;

  private interface Body {
    void run() throws Exception;
  }

  private void withService(Body body) throws Exception {
    try (Sandbox started = Trials.sandbox().option("beneficiaries_per_file", "4").start();
        BcdaClient made = Trials.client(started).build()) {
      sandbox = started;
      client = made;
      body.run();
    }
  }

  private static PartitionSettings settings() {
    return new PartitionSettings().partitionKey(KEY);
  }

  private Partitions cut(int count) throws InterruptedException {
    return client.partitions(client.manifest(Trials.nothing()), count, settings());
  }

  private static List<String> rows(TableReader reader) {
    List<String> rows = new ArrayList<>();
    try (reader) {
      for (Row row; (row = reader.next()) != null; ) {
        rows.add(row.toMap().toString());
      }
    }
    rows.sort(null);
    return rows;
  }

  @Test
  void togetherAreTheTableOfOneMachine() throws Exception {
    withService(this::checkTogetherAreTheTableOfOneMachine);
  }

  private void checkTogetherAreTheTableOfOneMachine() throws Exception {
    ExportResult result = client.export(Trials.patients(directory.resolve("out")).build());
    Partitions made = cut(2);
    assertEquals(2, made.all().size());
    assertEquals(3, made.files());
    assertTrue(made.expires().isPresent());
    List<String> together = new ArrayList<>();
    for (Partition part : made.all()) {
      together.addAll(rows(Partition.of(part.token()).open(List.of("beneficiary"), settings(), client)));
    }
    together.sort(null);
    assertEquals(rows(result.table("beneficiary").reader()), together);
  }

  @Test
  void recordsHaveTheirPlace() throws Exception {
    withService(this::checkRecordsHaveTheirPlace);
  }

  private void checkRecordsHaveTheirPlace() throws Exception {
    int records = 0;
    for (Partition part : cut(2).all()) {
      try (RecordReader reader = part.records(settings(), client)) {
        for (byte[] record; (record = reader.next()) != null; records++) {
          assertTrue(Utf8.decode(record).startsWith("{"));
          assertEquals("Patient", reader.type());
          assertTrue(reader.file().startsWith("Patient."));
          assertTrue(reader.line() >= 1);
        }
      }
    }
    assertEquals(10, records);
  }

  @Test
  void theColumnsNeedNoToken() {
    List<String> names =
        Partition.columns(Partition.RAW, new PartitionSettings()).stream().map(Table.Column::name).toList();
    assertEquals(List.of("value", "type", "file", "line"), names);
  }

  @Test
  void finishedExportsNeedNoKey() throws Exception {
    withService(this::checkFinishedExportsNeedNoKey);
  }

  private void checkFinishedExportsNeedNoKey() throws Exception {
    client.export(Trials.patients(directory.resolve("out")).build());
    Partitions made = Partitions.of(List.of(directory.resolve("out")), 0, new PartitionSettings().maxPartitions(2));
    assertEquals(2, made.all().size());
    assertEquals(Optional.empty(), made.expires());
    int rows = 0;
    for (Partition part : made.all()) {
      rows += rows(part.open(List.of(Partition.RAW), new PartitionSettings(), null)).size();
    }
    assertEquals(10, rows);
  }

  @Test
  void keysAreWantedAndCompared() throws Exception {
    withService(this::checkKeysAreWantedAndCompared);
  }

  private void checkKeysAreWantedAndCompared() throws Exception {
    Manifest manifest = client.manifest(Trials.nothing());
    BcdaException missing =
        assertThrows(
            BcdaException.InvalidArgument.class, () -> client.partitions(manifest, 1, new PartitionSettings()));
    assertTrue(missing.getMessage().contains("partition_key"), missing.getMessage());
    Partition part = client.partitions(manifest, 1, settings()).all().get(0);
    assertFalse(part.toString().contains(part.token()));
    BcdaException other =
        assertThrows(
            BcdaException.InvalidArgument.class,
            () -> part.open(List.of("raw"), new PartitionSettings().partitionKey("aa".repeat(32)), client));
    assertTrue(other.getMessage().contains("partition_key is not the key"), other.getMessage());
  }

  @Test
  void aTokenExpires() throws Exception {
    withService(this::checkATokenExpires);
  }

  private void checkATokenExpires() throws Exception {
    PartitionSettings brief = settings().partitionLifetime(Duration.ofMillis(1));
    Partition part = client.partitions(client.manifest(Trials.nothing()), 1, brief).all().get(0);
    Thread.sleep(10);
    assertThrows(BcdaException.JobGone.class, () -> part.open(List.of("raw"), settings(), client));
  }

  @Test
  void aWrongTagGivesNoRow() throws Exception {
    withService(this::checkAWrongTagGivesNoRow);
  }

  private void checkAWrongTagGivesNoRow() throws Exception {
    Partition part = cut(1).all().get(0);
    sandbox.control("fault", "flip:on=GET /data");
    try (TableReader reader = part.open(List.of("raw"), settings(), client)) {
      assertThrows(BcdaException.Decryption.class, reader::next);
    }
    PartitionSettings streams = settings().verify(PartitionSettings.Verify.STREAM);
    assertThrows(BcdaException.Decryption.class, () -> rows(part.open(List.of("raw"), streams, client)));
  }

  @Test
  void aWaitEndsWhenItIsCanceled() throws Exception {
    withService(this::checkAWaitEndsWhenItIsCanceled);
  }

  private void checkAWaitEndsWhenItIsCanceled() throws Exception {
    Partition part = cut(1).all().get(0);
    sandbox.control("fault", "delay=30s:on=GET /data");
    try (TableReader reader = part.open(List.of("raw"), settings(), client);
        RecordReader records = part.records(settings(), client)) {
      Thread canceler =
          new Thread(
              () -> {
                try {
                  Thread.sleep(300);
                } catch (InterruptedException ended) {
                  return;
                }
                reader.cancel();
                records.cancel();
              });
      canceler.start();
      assertThrows(BcdaException.Canceled.class, reader::next);
      assertThrows(BcdaException.Canceled.class, records::next);
      canceler.join();
    }
  }
}
