package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** What tests need again and again: sandboxes and clients that do not dawdle. */
final class Trials {
  static final Path REPOSITORY = Path.of(System.getProperty("repository")).normalize();

  private Trials() {}

  /** A service whose jobs are done at once. */
  static Sandbox.Builder sandbox() {
    return Sandbox.builder().beneficiaries(10).option("pending_time", "0").option("job_time", "0");
  }

  static BcdaClient.Builder client(Sandbox sandbox) {
    return prompt(sandbox.clientBuilder()).connectTimeout(Duration.ofSeconds(20)).threads(2);
  }

  static ExportRequest.Builder patients(Path out) {
    return prompt(ExportRequest.builder()).types("Patient").out(out);
  }

  static ExportRequest nothing() {
    return ExportRequest.builder().types("Patient").build();
  }

  private static <B extends ExportSettings<B>> B prompt(B builder) {
    return builder
        .pollInterval(Duration.ofMillis(20))
        .retryDelay(Duration.ofMillis(5))
        .retryMaxDelay(Duration.ofMillis(20))
        .durability(ExportSettings.Durability.PROCESS);
  }

  /** Completes when a run's state is {@code state}. */
  static Consumer<ExportEvent> whenIn(String state, CompletableFuture<Void> reached) {
    return event -> {
      if (event.kind() == ExportEvent.Kind.STATE && event.text().equals(state)) {
        reached.complete(null);
      }
    };
  }

  /** Waits for the native end of a run that was canceled. */
  static void awaitEnd(BcdaFuture<?> run) {
    run.ended().join();
  }
}
