import io.github.libbcda.Bcda;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.ExportRequest;

/** Exports with the settings given as NAME=VALUE, and prints the seconds from the creation of the client to the last file. */
public final class TimedExport {
  private TimedExport() {}

  public static void main(String[] arguments) throws InterruptedException {
    Bcda.version(); // loads the native library
    long begin = System.nanoTime();
    BcdaClient.Builder builder = BcdaClient.builder();
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      builder.set(pair[0], pair[1]);
    }
    try (BcdaClient client = builder.build()) {
      client.export(ExportRequest.builder().onEvent(event -> {}).build());
    }
    System.out.println((System.nanoTime() - begin) / 1e9);
  }
}
