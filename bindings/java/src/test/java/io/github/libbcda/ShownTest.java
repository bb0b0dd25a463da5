package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is shown of things: {@code toString}, and the names of threads. */
class ShownTest {
  @TempDir Path dir;

  private static void expectShort(Sandbox sandbox, Object shown) {
    String text = shown.toString();
    assertTrue(text.length() < 400, text);
    assertFalse(text.contains(sandbox.clientSecret()), text);
    assertFalse(text.contains("@"), () -> text + " is Java's own");
    assertFalse(text.contains("\n"), text);
  }

  @Test
  void everyThingIsShownShortlyAndWithoutASecret() throws Exception {
    List<ExportEvent> events = Collections.synchronizedList(new ArrayList<>());
    try (Sandbox sandbox = Trials.sandbox().option("job_time", "100ms").fault("reset:count=1").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<ExportResult> run = client.exportAsync(Trials.patients(dir.resolve("a")).onEvent(events::add).build());
      ExportResult result = run.join();
      assertEquals("BcdaFuture[export, done]", run.toString());
      assertEquals("ExportResult[1 files, 10 records, 0 error files]", result.toString());
      for (Object shown : List.of(sandbox, client, run, result, result.files().get(0), result.manifest().orElseThrow())) {
        expectShort(sandbox, shown);
      }
      Set<ExportEvent.Kind> kinds = EnumSet.noneOf(ExportEvent.Kind.class);
      for (ExportEvent event : events) {
        expectShort(sandbox, event);
        assertTrue(event.toString().startsWith(event.kind().name()), event.toString());
        kinds.add(event.kind());
      }
      assertEquals(EnumSet.complementOf(EnumSet.of(ExportEvent.Kind.WARNING)), kinds);
    }
  }

  @Test
  void aFutureSaysHowItEnded() throws Exception {
    try (Sandbox sandbox = Stage.WAITING.sandbox();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<Manifest> run = client.manifestAsync(Trials.nothing());
      assertEquals("BcdaFuture[manifest, running]", run.toString());
      run.cancel(true);
      assertEquals("BcdaFuture[manifest, canceled]", run.toString());
      Trials.awaitEnd(run);
    }
    try (Sandbox sandbox = Trials.sandbox().fault("job-fails").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<ExportResult> run = client.exportAsync(Trials.patients(dir.resolve("b")).build());
      assertThrows(CompletionException.class, run::join);
      assertEquals("BcdaFuture[export, failed: JOB_FAILED]", run.toString());
      BcdaFuture<ExportResult> unlistened =
          client.exportAsync(
              Trials.patients(dir.resolve("c")).onEvent(event -> { throw new ArithmeticException("of a patient"); }).build());
      assertThrows(CompletionException.class, unlistened::join);
      assertEquals("BcdaFuture[export, failed: ArithmeticException]", unlistened.toString());
    }
  }

  @Test
  void threadsAreNamedByWhatTheyDo() throws Exception {
    Set<String> names = Collections.synchronizedSet(new TreeSet<>());
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      ExportRequest request =
          Trials.patients(dir.resolve("a")).onEvent(event -> names.add(Thread.currentThread().getName())).build();
      client.fetch(client.manifest(request), request);
      CompletableFuture<String> waiter = new CompletableFuture<>();
      BcdaFuture<String> metadata = client.metadataAsync();
      metadata.join();
      metadata.ended().thenRun(() -> waiter.complete(Thread.currentThread().getName())).join();
      assertFalse(waiter.join().isEmpty());
    }
    assertEquals(2, names.size(), names::toString);
    for (String kind : List.of("manifest", "fetch")) {
      assertTrue(names.stream().anyMatch(name -> name.matches("bcda-" + kind + "-\\d+")), names::toString);
    }
    assertTrue(
        Thread.getAllStackTraces().keySet().stream().anyMatch(
            thread -> thread.getName().equals("bcda-cleaner") && thread.isDaemon()));
  }

  /** As frameworks do that trace, meter or mock. */
  @Test
  void aClientCanBeBehindAProxy() throws Exception {
    List<String> calls = new ArrayList<>();
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaClient proxy =
          (BcdaClient)
              Proxy.newProxyInstance(
                  BcdaClient.class.getClassLoader(),
                  new Class<?>[] {BcdaClient.class},
                  (self, method, arguments) -> {
                    calls.add(method.getName());
                    return method.invoke(client, arguments);
                  });
      assertEquals(10, proxy.export(Trials.patients(dir.resolve("a")).build()).files().get(0).records());
      proxy.metadataAsync().join();
    }
    assertEquals(List.of("export", "metadataAsync"), calls);
  }
}
