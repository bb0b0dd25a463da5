package io.github.libbcda.spark;

import io.github.libbcda.Bcda;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.Partition;
import io.github.libbcda.PartitionSettings;
import io.github.libbcda.Setting;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.types.StructType;

/**
 * The options of a read: the settings of the library by their own names, and those of this source. Immutable. Names are
 * not case-sensitive.
 */
final class Options {
  private static final String MARK = "mark";

  private static final Set<String> YES = Set.of("true", "1", "yes", "on");
  private static final Set<String> NO = Set.of("false", "0", "no", "off");

  private static final List<String> OWN =
      List.of("table", "view", "raw", "manifest", "path", "paths", "stateLocation", "maxConcurrentDownloads");

  /** What Spark adds to the options of a table in its catalog. */
  private static final Set<String> OF_CATALOG =
      Set.of("owner", "provider", "location", "external", "is_managed_location", "comment", "collation", "table_type");

  /** Settings of an export into a directory. */
  private static final Set<String> OF_DIRECTORIES =
      Set.of("out", "tables", "keep_ndjson", "sync_partial", "delete_job");

  private final Map<String, String> own = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private final Map<String, String> settings = new LinkedHashMap<>();
  private final String definition;
  private final List<Path> paths;
  private final ManifestOption manifest;
  private final Path stateLocation;
  private final int downloads;

  private Options(Map<String, String> given) {
    given.forEach(this::take);
    if (given.containsKey("provider") && (settings.containsKey("url") || own.containsKey("manifest"))) {
      own.remove("path"); // the catalog of Spark gives each table a location
    }
    definition = onlyTable();
    paths = pathsOf();
    manifest = own.containsKey("manifest") ? ManifestOption.of(own.get("manifest")) : null;
    stateLocation = own.containsKey("stateLocation") ? PathOption.of("stateLocation", own.get("stateLocation")) : null;
    downloads = own.containsKey("maxConcurrentDownloads") ? downloadsOf(own.get("maxConcurrentDownloads")) : 0;
    if (manifest != null && !paths.isEmpty()) {
      throw Failures.invalid("give either the option manifest or the option path");
    }
    if (isSinceMark()) {
      expectMarkable();
    }
  }

  /** Checks options, as far as they can be checked without a client. */
  static Options of(Map<String, String> given) {
    return new Options(given);
  }

  // ---- Which option is which ----

  private void take(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (OWN.stream().anyMatch(name::equalsIgnoreCase)) {
      own.put(name, value);
    } else if (Bcda.setting(lower).isPresent()) {
      settings.put(lower, allowed(Bcda.setting(lower).get(), value));
    } else if (!OF_CATALOG.contains(lower) && !lower.startsWith("option.")) {
      throw Failures.invalid("there is no option named " + name + Similar.to(name, names()));
    }
  }

  private static List<String> names() {
    Stream<Setting> shown = Bcda.settings().stream().filter(each -> !each.secret());
    return Stream.concat(OWN.stream(), shown.map(Setting::name)).toList();
  }

  private static String allowed(Setting setting, String value) {
    String name = setting.name();
    if (setting.secret() || name.equals("patients")) {
      throw Failures.invalid("the option " + name + " is refused, because Spark shows options: " + remedy(setting));
    }
    if (OF_DIRECTORIES.contains(name)) {
      throw Failures.invalid("the option " + name + " is of no use, because Spark reads no export into a directory");
    }
    if (name.equals("job_directory")) {
      throw Failures.invalid("the option job_directory is refused, because the option stateLocation decides it");
    }
    String shown = BcdaClient.builder().set(name, value).get(name);
    if (shown.contains("***") && !shown.equals(value)) {
      throw Failures.invalid(
          "the option " + name + " has a password, and Spark shows options: use the environment variable "
              + setting.env());
    }
    return value;
  }

  private static String remedy(Setting refused) {
    String file = refused.name() + "_file";
    String option = Bcda.setting(file).isPresent() ? "the option " + file + ", or " : "";
    return "use " + option + "the environment variable " + refused.env();
  }

  // ---- The options of this source ----

  private String onlyTable() {
    boolean isRaw = own.containsKey("raw") && isTrue("raw", own.get("raw"));
    List<String> given =
        Stream.of(own.get("table"), own.get("view"), isRaw ? Partition.RAW : null).filter(Objects::nonNull).toList();
    if (given.size() != 1) {
      throw Failures.invalid("give exactly one of the options table, view and raw=true");
    }
    return given.get(0);
  }

  /** Takes what boolean settings of the library take. */
  private static boolean isTrue(String name, String value) {
    String lower = value.toLowerCase(Locale.ROOT);
    if (!YES.contains(lower) && !NO.contains(lower)) {
      throw Failures.invalid("the option " + name + " takes true or false");
    }
    return YES.contains(lower);
  }

  private List<Path> pathsOf() {
    return Stream.of("path", "paths")
        .filter(own::containsKey)
        .flatMap(name -> PathOption.items(name, own.get(name)).stream().map(text -> PathOption.of(name, text)))
        .toList();
  }

  private static int downloadsOf(String value) {
    if (!value.matches("[1-9][0-9]{0,5}")) {
      throw Failures.invalid("the option maxConcurrentDownloads takes a number from 1 to 999999");
    }
    return Integer.parseInt(value);
  }

  private void expectMarkable() {
    if (manifest != null || !paths.isEmpty()) {
      throw Failures.invalid("since=mark is for a job; leave out the options manifest and path");
    }
    if (stateLocation == null) {
      throw Failures.invalid("since=mark needs the option stateLocation, which keeps the mark");
    }
  }

  // ---- For the driver ----

  /** A preset's name, a ViewDefinition, or {@link Partition#RAW}. */
  String definition() {
    return definition;
  }

  /** For people: it is short, and has nothing of a view. */
  String title() {
    return own.containsKey("view") ? "view" : definition;
  }

  /** Null: none is given. */
  ManifestOption manifest() {
    return manifest;
  }

  /** Finished exports and series; none: a job or a manifest. */
  List<Path> paths() {
    return paths;
  }

  /** Null: the private directory of the application. */
  Path stateLocation() {
    return stateLocation;
  }

  /** At most so many partitions; 0: as many as the library's setting says. */
  int downloads() {
    return downloads;
  }

  /** Those that were given. */
  Map<String, String> settings() {
    return Collections.unmodifiableMap(settings);
  }

  boolean isSinceMark() {
    return MARK.equalsIgnoreCase(settings.get("since"));
  }

  /** Whether the read has a job of its own. The environment may say it. */
  boolean isRestart() {
    return isTrue("restart", client().get("restart"));
  }

  /** With the settings of the driver: its environment counts too, but not for the {@code since} of a mark. */
  BcdaClient.Builder client() {
    BcdaClient.Builder client = BcdaClient.builder().environment();
    settings.forEach(
        (name, value) -> {
          if (isOfClients(name)) {
            client.set(name, value);
          }
        });
    return isSinceMark() ? client.set("since", "") : client;
  }

  private static boolean isOfClients(String name) {
    return isOfClients(Bcda.setting(name).orElseThrow());
  }

  /** Whether a client takes it. The others are for cutting and reading. */
  static boolean isOfClients(Setting setting) {
    return !setting.forTables() && !setting.forPartitions();
  }

  /** To cut partitions with a client, which knows the environment. */
  PartitionSettings cutting() {
    PartitionSettings cutting = new PartitionSettings();
    settings.forEach(
        (name, value) -> {
          if (!isOfClients(name) || name.equals("types")) {
            cutting.set(name, value);
          }
        });
    return cutting;
  }

  /** To cut partitions of finished exports, and to know the columns. */
  PartitionSettings withoutClient() {
    return cutting().environment();
  }

  /** The columns that the options choose. */
  StructType schema() {
    return Types.schema(Partition.columns(definition, withoutClient()));
  }

  @Override
  public String toString() {
    return "Options[" + title() + "]";
  }
}
