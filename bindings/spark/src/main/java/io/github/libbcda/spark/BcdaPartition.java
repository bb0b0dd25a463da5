package io.github.libbcda.spark;

import org.apache.spark.sql.connector.read.InputPartition;

/** The work of one task: a token that is sealed. */
final class BcdaPartition implements InputPartition {
  private static final long serialVersionUID = 1;

  private final String token;
  private final int number;

  BcdaPartition(String token, int number) {
    this.token = token;
    this.number = number;
  }

  String token() {
    return token;
  }

  int number() {
    return number;
  }

  /** The number, without the token. */
  @Override
  public String toString() {
    return "partition " + number;
  }
}
