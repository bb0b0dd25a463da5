package io.github.libbcda.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.BcdaException;
import io.github.libbcda.ExportRequest;
import io.github.libbcda.Manifest;
import io.github.libbcda.Partitions;
import io.github.libbcda.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;

/**
 * Cuts partitions, on the driver. Spark plans again at every action, and in other processes too, so the job is kept in
 * a directory ({@link Request}): the first planning starts it, and each later one goes on with it or has its manifest.
 * For finished exports and manifests of the caller there is no job.
 */
final class Planning {
  private static final long BETWEEN_TRIES = 500; // milliseconds

  /** It lists no file, and serves to check the settings that cut partitions. */
  private static final Manifest EMPTY =
      new Manifest(
          """
          {"transactionTime": "2020-01-01T00:00:00Z", "request": "", "requiresAccessToken": true,
           "output": [], "error": []}
          """);

  private final Options options;
  private final Request request; // null: no job is needed
  private final String profile; // of the service; "": there is none

  private Planning(Options options, Request request, String profile) {
    this.options = options;
    this.request = request;
    this.profile = profile;
  }

  /** Checks what can be checked without a request to the service. */
  static Planning of(Options options) {
    if (!options.paths().isEmpty()) {
      options.paths().forEach(PathOption::expectExisting);
      return new Planning(options, null, "");
    }
    if (options.manifest() != null) {
      options.manifest().expectExisting();
    }
    String profile = check(options);
    return new Planning(options, options.manifest() == null ? Request.of(options) : null, profile);
  }

  /** Returns the name of the service's profile. */
  private static String check(Options options) {
    try (BcdaClient client = options.client().build()) {
      client.partitions(EMPTY, 1, options.cutting());
      if (options.manifest() == null) {
        client.plan(ExportRequest.builder().build());
      }
      return profile(client).path("name").asText();
    }
  }

  /** What the library knows of the service. */
  static JsonNode profile(BcdaClient client) {
    try {
      return new ObjectMapper().readTree(client.profile());
    } catch (JsonProcessingException never) {
      throw new IllegalStateException("a profile is no JSON");
    }
  }

  String profile() {
    return profile;
  }

  /** The partitions. Without a finished job this waits for it. */
  synchronized BcdaPartition[] partitions() {
    if (!options.paths().isEmpty()) {
      return numbered(Partitions.of(options.paths(), options.downloads(), options.withoutClient()), null);
    }
    try (BcdaClient client = client()) {
      if (request == null) {
        return numbered(options.manifest().shown(cut(client, options.manifest().read())), null);
      }
      Path job = request.directory();
      Partitions cut = cut(client, finish(client, job));
      BcdaPartition[] partitions = numbered(cut, job);
      request.planned(cut.transactionTime());
      return partitions;
    } catch (IOException error) {
      throw new BcdaSparkException(Status.FILESYSTEM, "stateLocation cannot be used: " + error);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new BcdaSparkException(Status.CANCELED, "the planning was interrupted; the job goes on at the next one");
    }
  }

  private Partitions cut(BcdaClient client, Manifest manifest) {
    return client.partitions(manifest, options.downloads(), options.cutting());
  }

  /** Fails if tasks have found out that the files are gone. {@code directory} is that of the job, or null. */
  private static BcdaPartition[] numbered(Partitions cut, Path directory) {
    Gone gone = new Gone(directory, cut.digest());
    gone.check("");
    return IntStream.range(0, cut.all().size())
        .mapToObj(number -> new BcdaPartition(cut.all().get(number).token(), number, gone))
        .toArray(BcdaPartition[]::new);
  }

  private BcdaClient client() {
    return request == null ? options.client().build() : options.client().set("since", request.since()).build();
  }

  /** Goes on with the job in a directory, or starts it, and waits for its end. Waits while another planning does it. */
  private static Manifest finish(BcdaClient client, Path directory) throws InterruptedException {
    ExportRequest job =
        ExportRequest.builder().set("job_directory", directory.toString()).set("restart", "false").build();
    for (; ; ) {
      try {
        return client.manifest(job);
      } catch (BcdaException.Filesystem used) {
        if (!used.retriable()) {
          throw used;
        }
        Thread.sleep(BETWEEN_TRIES);
      }
    }
  }

  @Override
  public String toString() {
    return "Planning";
  }
}
