package io.github.libbcda;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One row of the library's table of settings, from which flags, builder methods and documentation come.
 *
 * @param name the name, for example {@code client_id}; the builder's method is {@code clientId}
 * @param type {@code string}, {@code path}, {@code boolean}, {@code integer}, {@code duration}, {@code size},
 *     {@code choice} or {@code list}
 * @param defaultValue the default, or "" if there is none
 * @param choices the allowed values if the type is {@code choice}; otherwise empty
 * @param env the environment variable, for example {@code BCDA_CLIENT_ID}
 * @param help one sentence
 * @param forExport whether the setting may also be given for each export
 * @param forTables whether the setting is for a {@link Table}; clients and exports do not take it
 * @param forPartitions whether the setting is for cutting and opening partitions ({@link Partition}); exports do not use
 *     it
 * @param secret whether the value is a secret, which is never returned, logged or printed
 * @param ofRequest whether it says what a job is asked for, or whom
 * @param forOpening whether a process that only opens partitions uses it
 */
public record Setting(
    String name,
    String type,
    String defaultValue,
    List<String> choices,
    String env,
    String help,
    boolean forExport,
    boolean forTables,
    boolean forPartitions,
    boolean secret,
    boolean ofRequest,
    boolean forOpening) {

  static List<Setting> all() {
    return IntStream.range(0, Native.setting_count()).mapToObj(Setting::at).toList();
  }

  static Optional<Setting> find(String name) {
    int index = Native.setting_find(name);
    return index < 0 ? Optional.empty() : Optional.of(at(index));
  }

  private static Setting at(int index) {
    String choices = Native.setting_choices(index);
    return new Setting(
        Native.setting_name(index),
        Native.setting_type(index),
        Native.setting_default(index),
        choices.isEmpty() ? List.of() : List.of(choices.split(",")),
        Native.setting_env(index),
        Native.setting_help(index),
        Native.setting_is_for_export(index) != 0,
        Native.setting_is_for_tables(index) != 0,
        Native.setting_is_for_partitions(index) != 0,
        Native.setting_is_secret(index) != 0,
        Native.setting_is_of_request(index) != 0,
        Native.setting_is_for_opening(index) != 0);
  }
}
