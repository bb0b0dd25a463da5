package io.github.libbcda.spark;

import io.github.libbcda.Bcda;
import io.github.libbcda.BcdaClient;
import io.github.libbcda.Partition;
import io.github.libbcda.PartitionSettings;
import io.github.libbcda.Setting;
import io.github.libbcda.Settings;
import io.github.libbcda.TableReader;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The settings with which tasks open partitions. The driver sends values that mean the same on every machine. An
 * executor takes from its own environment secrets, paths that the options do not name, and settings of clients that are
 * not sent. The private key stays with the driver, and so does what asks for a job.
 */
final class ExecutorSettings implements Serializable {
  private static final long serialVersionUID = 1;

  private final TreeMap<String, String> sent = new TreeMap<>();
  private final boolean downloads; // otherwise the files are at hand

  /**
   * On the driver.
   *
   * @param profile its name. An executor would find another one, because it has no private key
   */
  ExecutorSettings(Options options, String profile) {
    downloads = options.paths().isEmpty();
    BcdaClient.Builder known = options.client();
    for (Setting setting : Bcda.settings()) {
      String name = setting.name();
      if (!setting.forOpening() || setting.secret()) {
        continue;
      }
      if (options.settings().containsKey(name)) {
        sent.put(name, options.settings().get(name));
      } else if (!setting.type().equals("path") && holdsEverywhere(setting, known.get(name))) {
        sent.put(name, known.get(name));
      }
    }
    if (Bcda.setting("profile").orElseThrow().choices().contains(profile)) { // not so with some profile_file
      sent.put("profile", profile);
    }
  }

  /**
   * Whether the value that the driver found holds for executors too. A default does, so that the environment of an
   * executor changes neither rows nor verification. But a default of a client does not, because machines differ.
   */
  private static boolean holdsEverywhere(Setting setting, String found) {
    boolean isOfClient = !setting.forExport() && !setting.forTables() && !setting.forPartitions();
    boolean mayDiffer = isOfClient || setting.name().equals("batch_rows"); // for which readers have another default
    return !found.isEmpty() && !found.contains("***") && !(mayDiffer && found.equals(setting.defaultValue()));
  }

  Map<String, String> sent() {
    return Collections.unmodifiableMap(sent);
  }

  // ---- On an executor ----

  /** Nothing is fetched before the first row is asked for. */
  TableReader open(String token, String table, List<String> columns) {
    PartitionSettings settings = new PartitionSettings().set("spool_directory", LocalDirectory.ofSpark());
    fill(settings, setting -> !Options.isOfClients(setting)).set("columns", String.join(",", columns));
    return Partition.of(token).open(List.of(table), settings, downloads ? Clients.of(this) : null);
  }

  /** To make the client that downloads. */
  BcdaClient.Builder client() {
    return fill(BcdaClient.builder(), Options::isOfClients);
  }

  /** What is sent for clients: tasks with the same can share one. */
  Map<String, String> ofClients() {
    Map<String, String> found = new TreeMap<>(sent);
    found.keySet().removeIf(name -> !Options.isOfClients(Bcda.setting(name).orElseThrow()));
    return found;
  }

  /** Tables are the same on all machines, so only the driver says how they are read. */
  private <B extends Settings<B>> B fill(B settings, Predicate<Setting> wanted) {
    List<Setting> all = new ArrayList<>(Bcda.settings());
    Collections.reverse(all); // what is set last counts, and in the environment it is the first that counts
    all.removeIf(setting -> !setting.forOpening() || !wanted.test(setting));
    for (Setting setting : all) {
      if (!setting.forTables() && !System.getenv().getOrDefault(setting.env(), "").isEmpty()) {
        settings.supply(setting.name(), () -> System.getenv(setting.env()));
      }
    }
    for (Setting setting : all) {
      if (sent.containsKey(setting.name())) {
        settings.set(setting.name(), sent.get(setting.name()));
      }
    }
    return settings;
  }

  @Override
  public String toString() {
    return "ExecutorSettings";
  }
}
