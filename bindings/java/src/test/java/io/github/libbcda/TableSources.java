package io.github.libbcda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Generates sources from the library's tables, so that no fact of the tables is written twice. {@code ./dev docs} runs it, and
 * a test compares its output with the committed files. It depends only on {@link Native}, because it writes files that the other
 * classes need.
 *
 * <p>Usage: {@code TableSources DIRECTORY}
 */
final class TableSources {
  private static final String HEAD = "package io.github.libbcda;\n\n%s// Generated from the library's table by ./dev docs.\n\n";

  /** The settings of the type "string" that are times. */
  private static final Set<String> TIMES = Set.of("since", "until");

  private TableSources() {}

  public static void main(String[] arguments) throws IOException {
    for (Map.Entry<String, String> source : all().entrySet()) {
      Files.writeString(Path.of(arguments[0], source.getKey()), source.getValue());
    }
  }

  /** The source text by file name. */
  static Map<String, String> all() {
    Map<String, String> sources = new LinkedHashMap<>();
    sources.put("Status.java", status());
    sources.put("ExportSettings.java", exportSettings());
    sources.put("ClientSettings.java", clientSettings());
    sources.put("TableSettings.java", tableSettings());
    sources.put("PartitionSettings.java", partitionSettings());
    return sources;
  }

  // ---- Status ----

  private static String status() {
    String constants =
        statuses()
            .mapToObj(
                status ->
                    "  /** %s */\n  %s(%d, %d)"
                        .formatted(
                            sentence(Native.status_description(status)),
                            Native.status_name(status),
                            status,
                            Native.status_exit_code(status)))
            .collect(Collectors.joining(",\n"));
    return HEAD.formatted("")
        + """
          /**
           * Status codes of the library. Each has a {@link BcdaException}, except {@link #OK}, {@link #AGAIN} and {@link #END}.
           */
          public enum Status {
          %s;

            private final int number;
            private final int exitCode;

            Status(int number, int exitCode) {
              this.number = number;
              this.exitCode = exitCode;
            }

            /**
             * The number of the code, which never changes.
             *
             * @return as in {@code bcda.h}
             */
            public int number() {
              return number;
            }

            /**
             * The exit code of the {@code bcda} command for this status.
             *
             * @return 0 to 5, or 130
             */
            public int exitCode() {
              return exitCode;
            }

            /**
             * The meaning of the status.
             *
             * @return one line of English
             */
            public String description() {
              return Native.status_description(number);
            }

            static Status of(int number) {
              for (Status status : values()) {
                if (status.number == number) {
                  return status;
                }
              }
              return INTERNAL;
            }
          }
          """
            .formatted(constants);
  }

  private static IntStream statuses() {
    return IntStream.range(0, Native.status_count()).map(Native::status_at);
  }

  // ---- Settings ----

  private static String exportSettings() {
    return HEAD.formatted(
            "import java.nio.file.Path;\nimport java.time.Duration;\nimport java.time.Instant;\nimport java.time.OffsetDateTime;\n\n")
        + """
          /**
           * The settings that may be given for each export. Null means the default.
           *
           * @param <B> the builder itself
           */
          public abstract sealed class ExportSettings<B extends ExportSettings<B>> extends Settings<B>
              permits ClientSettings, ExportRequest.Builder {
            ExportSettings() {}
          """
        + setters(index -> Native.setting_is_for_export(index) != 0)
        + "}\n";
  }

  private static String clientSettings() {
    return HEAD.formatted("import java.nio.file.Path;\nimport java.time.Duration;\nimport java.util.Objects;\n\n")
        + """
          /**
           * The settings of a client, in addition to those of an export. Null means the default.
           *
           * @param <B> the builder itself
           */
          public abstract sealed class ClientSettings<B extends ClientSettings<B>> extends ExportSettings<B>
              permits BcdaClient.Builder, BcdaDecryptor.Builder {
            ClientSettings() {}

            /**
             * Takes settings from the environment ({@code BCDA_CLIENT_ID}, ...) unless they are given here or by an earlier
             * source.
             *
             * @return this
             */
            public B environment() {
              return source(Native::config_load_env);
            }

            /**
             * Takes settings from a JSON file of {@code {"name": value}} unless they are given here or by an earlier source.
             *
             * @param path the file; give it mode 0600 if it holds secrets
             * @return this
             */
            public B configFile(Path path) {
              String text = LocalPath.text(path);
              return source(config -> Native.config_load_file(config, text));
            }

            /**
             * Takes settings from JSON text, as {@link #configFile} does from a file. The text can come from a secret store.
             *
             * @param json {@code {"name": value}}
             * @return this
             */
            public B configJson(String json) {
              Objects.requireNonNull(json, "json");
              return source(config -> Native.config_load_json(config, json));
            }
          """
        + setters(TableSources::isForClients)
        + "}\n";
  }

  /** Unlike the others this one is itself a builder, because nothing needs to be added to it by hand. */
  private static String tableSettings() {
    return HEAD.formatted("")
        + """
          /**
           * The settings of a {@link Table}. Null means the default.
           *
           * <pre>{@code
           * new TableSettings().columns("claim_key", "paid_amount").finalOnly(true)
           * }</pre>
           *
           * <p>A table takes the values when it is opened. Later changes do not affect it. For one thread at a time.
           */
          public final class TableSettings extends Settings<TableSettings> {
            /** Creates settings that have their defaults. */
            public TableSettings() {}
          """
        + setters(index -> Native.setting_is_for_tables(index) != 0).replace("public B ", "public TableSettings ")
        + """

            @Override
            TableSettings self() {
              return this;
            }
          }
          """;
  }

  private static boolean isForClients(int index) {
    return Native.setting_is_for_export(index) == 0
        && Native.setting_is_for_tables(index) == 0
        && Native.setting_is_for_partitions(index) == 0;
  }

  private static String partitionSettings() {
    return HEAD.formatted("import java.nio.file.Path;\nimport java.time.Duration;\n\n")
        + """
          /**
           * The settings of cutting and of opening partitions. Null means the default. The settings of exports and of tables
           * count too: give them by name, with {@link #set}. Without a client those of a client count too.
           *
           * <pre>{@code
           * new PartitionSettings().partitionKeyFile(Path.of("/run/secrets/partition_key")).set("final_only", "true")
           * }</pre>
           *
           * <p>The values are taken when they are used. Later changes do not affect what was opened. For one thread at a time.
           */
          public final class PartitionSettings extends Settings<PartitionSettings> {
            /** Creates settings that have their defaults. */
            public PartitionSettings() {}

            /**
             * Takes settings from the environment ({@code BCDA_PARTITION_KEY}, {@code BCDA_URL}, ...) unless they are given
             * here.
             *
             * @return this
             */
            public PartitionSettings environment() {
              return source(Native::config_load_env);
            }
          """
        + setters(index -> Native.setting_is_for_partitions(index) != 0).replace("public B ", "public PartitionSettings ")
        + """

            @Override
            PartitionSettings self() {
              return this;
            }
          }
          """;
  }

  private static String setters(IntPredicate wanted) {
    return IntStream.range(0, Native.setting_count())
        .filter(wanted)
        .mapToObj(TableSources::setter)
        .collect(Collectors.joining());
  }

  private static String setter(int index) {
    String name = Native.setting_name(index);
    String type = Native.setting_type(index);
    if (type.equals("choice")) {
      return choices(index) + setter(index, typeName(name), "one of them", put(name));
    }
    String given = setter(index, javaType(type), explained(type), call(name, type));
    if (!TIMES.contains(name)) {
      return given;
    }
    return Stream.of("Instant", "OffsetDateTime")
        .map(time -> setter(index, time, "the time", put(name)))
        .collect(Collectors.joining("", given, ""));
  }

  private static String setter(int index, String type, String explained, String call) {
    return """

            /**
             * %s
             *
             * @param value %s%s
             * @return this
             */
            public B %s(%s value) {
              return %s;
            }
          """
        .formatted(
            html(Native.setting_help(index)),
            explained,
            byDefault(Native.setting_default(index)),
            camelCase(Native.setting_name(index)),
            type,
            call);
  }

  private static String choices(int index) {
    String constants =
        Arrays.stream(Native.setting_choices(index).split(","))
            .map(choice -> "    /** {@code %s} */\n    %s(\"%s\")".formatted(choice, constant(choice), choice))
            .collect(Collectors.joining(",\n"));
    return """

            /** %s */
            public enum %s {
          %s;

              private final String value;

              %s(String value) {
                this.value = value;
              }

              /** The value of the setting. */
              @Override
              public String toString() {
                return value;
              }
            }
          """
        .formatted(html(Native.setting_help(index)), typeName(Native.setting_name(index)), constants, typeName(Native.setting_name(index)));
  }

  private static String constant(String choice) {
    return choice.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  private static String javaType(String type) {
    return switch (type) {
      case "path" -> "Path";
      case "boolean" -> "boolean";
      case "integer" -> "int";
      case "size" -> "long";
      case "duration" -> "Duration";
      case "list" -> "String...";
      default -> "String";
    };
  }

  private static String explained(String type) {
    return switch (type) {
      case "path" -> "a path";
      case "boolean" -> "whether";
      case "integer" -> "how many";
      case "size" -> "bytes";
      case "duration" -> "to the millisecond, rounded up";
      case "list" -> "one or more";
      default -> "text";
    };
  }

  private static String call(String name, String type) {
    return switch (type) {
      case "boolean" -> "set(\"%s\", Boolean.toString(value))".formatted(name);
      case "integer" -> "set(\"%s\", Integer.toString(value))".formatted(name);
      case "size" -> "set(\"%s\", Long.toString(value))".formatted(name);
      case "string" -> "set(\"%s\", value)".formatted(name);
      default -> put(name);
    };
  }

  private static String put(String name) {
    return "put(\"%s\", value)".formatted(name);
  }

  private static String byDefault(String value) {
    return value.isEmpty() ? "" : " (default {@code " + value + "})";
  }

  static String camelCase(String name) {
    String[] words = name.split("_");
    return words[0] + Arrays.stream(words).skip(1).map(TableSources::typeName).collect(Collectors.joining());
  }

  private static String typeName(String name) {
    String camel = name.contains("_") ? camelCase(name) : name;
    return camel.substring(0, 1).toUpperCase(Locale.ROOT) + camel.substring(1);
  }

  private static String sentence(String text) {
    String html = html(text);
    String begun = html.substring(0, 1).toUpperCase(Locale.ROOT) + html.substring(1);
    return begun.endsWith(".") ? begun : begun + ".";
  }

  private static String html(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
