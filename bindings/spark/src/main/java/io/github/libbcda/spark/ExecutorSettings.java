package io.github.libbcda.spark;

import io.github.libbcda.Bcda;
import io.github.libbcda.PartitionSettings;
import io.github.libbcda.Setting;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which settings an executor has. The driver sends values that mean the same on every machine. Secrets, and the paths
 * of files that the options do not name, an executor takes from its own environment. The private key stays with the
 * driver, and so does what asks for a job.
 */
final class ExecutorSettings {
  /** Those of an export that are for a download. */
  private static final Set<String> OF_DOWNLOADS =
      Set.of(
          "allow_plaintext", "require_proof", "timeout",
          "retries", "retry_delay", "retry_max_delay", "max_retry_after");

  private ExecutorSettings() {}

  /** Whether an executor has a use for a setting, so that the driver may send its value. */
  static boolean mayTravel(Setting setting) {
    return !setting.secret() && isUsed(setting);
  }

  /** Whether the value that the driver found in its environment holds for executors too. */
  static boolean isSameEverywhere(Setting setting) {
    return !setting.secret() && !setting.type().equals("path");
  }

  private static boolean isUsed(Setting setting) {
    if (setting.forExport()) {
      return OF_DOWNLOADS.contains(setting.name());
    }
    return !setting.name().startsWith("private_key") && !setting.name().equals("columns");
  }

  /** The settings with which an executor opens a partition. */
  static PartitionSettings of(Map<String, String> sent, List<String> columns) {
    PartitionSettings settings = new PartitionSettings();
    List<Setting> all = new ArrayList<>(Bcda.settings());
    Collections.reverse(all); // what is set last counts, and in the environment it is the first that counts
    for (Setting setting : all) {
      if (isUsed(setting) && !setting.forTables() && !System.getenv().getOrDefault(setting.env(), "").isEmpty()) {
        settings.supply(setting.name(), () -> System.getenv(setting.env()));
      }
    }
    sent.forEach(settings::set);
    return settings.set("columns", String.join(",", columns));
  }
}
