package io.github.libbcda;

import java.nio.file.Files;
import java.nio.file.Path;

/** A program in a locale that cannot name where it exports to: {@code Unnameable DIRECTORY}. {@link JarIT} runs it. */
final class Unnameable {
  private static int refused;

  private Unnameable() {}

  public static void main(String[] arguments) throws Exception {
    Path dir = Path.of(arguments[0]);
    String out = dir + "/\u00FCml";
    Path file = Files.writeString(dir.resolve("bcda.json"), "{\"out\": \"" + out + "\"}");
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      expectRefused(() -> client.export(Trials.patients(dir).set("out", out).build()));
      expectRefused(() -> Trials.client(sandbox).set("out", out).build().close());
      expectRefused(() -> Trials.client(sandbox).configFile(file).build().close());
      System.out.printf("refused %d times, %s", refused, sandbox.requestCount("") == 0 ? "without a request" : "late");
    }
  }

  private interface Call {
    void run() throws Exception;
  }

  private static void expectRefused(Call call) throws Exception {
    try {
      call.run();
    } catch (BcdaException.InvalidArgument error) {
      if (error.getMessage().contains("LC_ALL=C.UTF-8")) {
        refused++;
      }
    }
  }
}
