import io.github.libbcda.BcdaClient;
import io.github.libbcda.BcdaException;
import io.github.libbcda.ExportEvent;
import io.github.libbcda.ExportRequest;
import io.github.libbcda.ExportResult;
import io.github.libbcda.ExportedFile;
import io.github.libbcda.Sandbox;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZonedDateTime;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A service that exports claims every night. The claims of each night go to a separate directory, such as
 * claims/2026-11-24.
 *
 * <pre>
 * java -cp bcda.jar NightlyExport.java --sandbox         # exports one night at once, from an emulator of the service
 * java -cp bcda.jar NightlyExport.java claims 02:15      # settings from BCDA_URL, BCDA_CLIENT_ID, ...
 * </pre>
 *
 * SIGTERM ends the service at any time. A running export is canceled, and the next one of that night goes on with it. A
 * night that was already exported is not exported again. A night that failed is tried again after an hour, if that may
 * help. If the service starts after the time of the export, it exports the current night at once.
 */
public final class NightlyExport {
  private static final Duration PAUSE = Duration.ofHours(1);

  private final BcdaClient client;
  private final Path nights;
  private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
  private final CountDownLatch ended = new CountDownLatch(1);

  private NightlyExport(BcdaClient client, Path nights) {
    this.client = client;
    this.nights = nights;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 1 && arguments[0].equals("--sandbox")) {
      tryIt();
    } else if (arguments.length == 2) {
      LocalTime at = time(arguments[1]);
      serve(Files.createDirectories(Path.of(arguments[0])), at);
    } else {
      refuse("");
    }
  }

  private static LocalTime time(String text) {
    try {
      return LocalTime.parse(text);
    } catch (DateTimeParseException wrong) {
      throw refuse("; " + text + " is not a time such as 02:15");
    }
  }

  /** Ends the program. */
  private static Error refuse(String why) {
    System.err.println("usage: NightlyExport OUT HH:MM | --sandbox" + why);
    System.exit(2);
    return new AssertionError(why);
  }

  /** Exports one night at once, from a sandbox. */
  private static void tryIt() throws Exception {
    Path nights = Files.createTempDirectory("nights-");
    log("into " + nights);
    try (Sandbox sandbox = Sandbox.builder().beneficiaries(100).start();
        BcdaClient client = sandbox.clientBuilder().pollInterval(Duration.ofMillis(200)).build()) {
      NightlyExport service = new NightlyExport(client, nights);
      boolean done = service.export(LocalDate.now());
      service.scheduler.shutdown();
      if (!done) {
        System.exit(1);
      }
    }
  }

  private static void serve(Path nights, LocalTime at) throws InterruptedException {
    try (BcdaClient client = BcdaClient.builder().environment().build()) {
      NightlyExport service = new NightlyExport(client, nights);
      Runtime.getRuntime().addShutdownHook(new Thread(service::end));
      if (LocalTime.now().isAfter(at)) {
        service.scheduler.execute(() -> service.export(LocalDate.now()));
      }
      service.schedule(at);
      log("waiting for " + at);
      service.ended.await();
    }
  }

  private static Duration untilNext(LocalTime at) {
    ZonedDateTime now = ZonedDateTime.now();
    ZonedDateTime today = now.with(at);
    return Duration.between(now, today.isAfter(now) ? today : today.plusDays(1)).plusSeconds(1);
  }

  /** Interrupts a running export, which cancels it, and waits until it has released its files. */
  private void end() {
    scheduler.shutdownNow();
    try {
      scheduler.awaitTermination(1, TimeUnit.MINUTES);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    ended.countDown();
  }

  /** Schedules only the next night, because a day is not always 24 hours long. */
  private void schedule(LocalTime at) {
    Runnable night =
        () -> {
          export(LocalDate.now());
          if (!scheduler.isShutdown()) {
            schedule(at);
          }
        };
    scheduler.schedule(night, untilNext(at).toSeconds(), TimeUnit.SECONDS);
  }

  /** Exports one night. Returns false if it failed, because an exception would end the schedule. */
  private boolean export(LocalDate night) {
    Path out = nights.resolve(night.toString());
    try {
      if (Files.exists(out.resolve("export.json"))) { // it is written last
        log(night + ": exported already");
        return true;
      }
      // Goes on with what an interrupted run left.
      ExportRequest request = ExportRequest.builder().out(out).onEvent(NightlyExport::tell).build();
      summarize(night, client.export(request));
      return true;
    } catch (BcdaException failure) { // without its outcome, because that may name beneficiaries
      log(night + ": failed (" + failure.code() + "): " + failure.getMessage());
      if (failure.retriable() && !scheduler.isShutdown()) {
        Duration pause = failure.retryAfter().orElse(PAUSE);
        scheduler.schedule(() -> export(night), pause.toSeconds(), TimeUnit.SECONDS);
        log("trying again in " + pause);
      }
      return false;
    } catch (InterruptedException ending) {
      log(night + ": canceled");
      return false;
    } catch (RuntimeException unexpected) { // without its message, because that may contain anything
      log(night + ": failed (" + unexpected.getClass().getName() + ")");
      return false;
    }
  }

  private static void tell(ExportEvent event) {
    switch (event.kind()) {
      case STATE -> log(event.text());
      case POLL -> log(event.type() + ": " + event.text());
      case PROGRESS -> log(event.filesDone() + " files, " + event.bytesDone() + " bytes");
      case RETRY -> log("again in " + event.waitMillis() + " ms: " + event.text());
      case WARNING -> log("warning: " + event.text());
      default -> {}
    }
  }

  private static void summarize(LocalDate night, ExportResult result) {
    long records = result.files().stream().mapToLong(ExportedFile::records).sum();
    System.out.printf(
        "%s: %d files, %d records, as of %s%n",
        night, result.files().size(), records, result.transactionTime().map(Object::toString).orElse("?"));
    if (result.partial()) {
      log("the service could not export everything: see " + result.errorFiles());
    }
  }

  private static void log(String text) {
    System.err.println(LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS) + " " + text);
  }
}
