import io.github.libbcda.Bcda;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.ExportRequest;
import java.util.Arrays;
import java.util.List;

/**
 * Exports with the settings given as NAME=VALUE, and prints the seconds from the creation of the client to the last file.
 * With {@code --second} it does the same before that, into another directory: then Java has compiled its code.
 */
public final class TimedExport {
  private TimedExport() {}

  public static void main(String[] arguments) throws InterruptedException {
    Bcda.version(); // loads the native library
    List<String> settings = Arrays.stream(arguments).filter(argument -> !argument.equals("--second")).toList();
    if (settings.size() < arguments.length) {
      export(settings.stream().map(pair -> pair.startsWith("out=") ? pair + "-before" : pair).toList());
    }
    System.out.println(export(settings));
  }

  private static double export(List<String> settings) throws InterruptedException {
    long begin = System.nanoTime();
    BcdaClient.Builder builder = BcdaClient.builder();
    for (String setting : settings) {
      String[] pair = setting.split("=", 2);
      builder.set(pair[0], pair[1]);
    }
    try (BcdaClient client = builder.build()) {
      client.export(ExportRequest.builder().onEvent(event -> {}).build());
    }
    return (System.nanoTime() - begin) / 1e9;
  }
}
