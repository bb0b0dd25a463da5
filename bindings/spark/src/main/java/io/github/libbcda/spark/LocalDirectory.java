package io.github.libbcda.spark;

import java.io.File;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;

/** Where Spark keeps temporary files on this machine: on large disks, as a rule. */
final class LocalDirectory {
  private LocalDirectory() {}

  /** Null: it is not known. */
  static String ofSpark() {
    SparkEnv spark = SparkEnv.get();
    return first(System::getenv, spark == null ? "" : spark.conf().get("spark.local.dir", ""));
  }

  /** The first directory that can be written to: a machine goes on without a disk that is broken. */
  static String first(UnaryOperator<String> environment, String configured) {
    return Stream.of(environment.apply("SPARK_LOCAL_DIRS"), environment.apply("LOCAL_DIRS"), configured)
        .filter(Objects::nonNull) // only YARN has LOCAL_DIRS
        .flatMap(list -> Arrays.stream(list.split(",")))
        .filter(directory -> new File(directory).isDirectory() && new File(directory).canWrite())
        .findFirst()
        .orElse(null);
  }
}
