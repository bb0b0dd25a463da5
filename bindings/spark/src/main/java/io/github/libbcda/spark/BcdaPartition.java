package io.github.libbcda.spark;

import org.apache.spark.sql.connector.read.InputPartition;

/**
 * The work of one task.
 *
 * @param token sealed
 * @param number names the task in messages
 * @param gone where it finds out that the files of the manifest are gone
 */
record BcdaPartition(String token, int number, Gone gone) implements InputPartition {
  /** The number, without the token. */
  @Override
  public String toString() {
    return "partition " + number;
  }
}
