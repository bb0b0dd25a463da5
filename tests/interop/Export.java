import io.github.libbcda.BcdaClient;
import io.github.libbcda.ExportRequest;
import io.github.libbcda.ExportResult;
import io.github.libbcda.ExportedFile;
import java.util.List;
import java.util.stream.Stream;

/** Exports with the settings of the environment, and prints the records as the library reads them. */
public final class Export {
  private Export() {}

  public static void main(String[] arguments) throws InterruptedException {
    ExportResult result;
    try (BcdaClient client = BcdaClient.builder().environment().build()) {
      result = client.export(ExportRequest.builder().build());
    }
    List<String> types = result.files().stream().map(ExportedFile::type).distinct().toList();
    for (String type : types) {
      try (Stream<byte[]> records = result.rawRecords(type)) {
        records.forEachOrdered(Export::print);
      }
    }
  }

  private static void print(byte[] record) {
    System.out.write(record, 0, record.length);
    System.out.println();
  }
}
