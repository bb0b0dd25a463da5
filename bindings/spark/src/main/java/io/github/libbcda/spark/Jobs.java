package io.github.libbcda.spark;

import io.github.libbcda.Status;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The directories of the jobs of a request. Its first job is in the directory of the request. A read that restarts has
 * a job of its own, in a directory there, and makes it the job of later reads: the file {@code current} names it.
 */
final class Jobs {
  private static final String NAME = "job-[0-9a-f]{32}";
  private static final int LONGEST = 100; // a name is shorter

  private final Path request;
  private final Path current;
  private final Path own; // null: the read does not restart

  /** Those of one read. {@code request} is the directory of its request. */
  Jobs(Path request, boolean isRestart) {
    this.request = request;
    current = request.resolve("current");
    own = isRestart ? request.resolve("job-" + UUID.randomUUID().toString().replace("-", "")) : null;
  }

  /** The directory of this read's job. If the read restarts, its first planning makes its job the current one. */
  Path directory() throws IOException {
    if (own == null) {
      return StateLocation.directory(request, named());
    }
    if (StateLocation.isMade(own)) {
      StateLocation.replace(current, (own.getFileName() + "\n").getBytes(StandardCharsets.US_ASCII));
    }
    return own;
  }

  /** The name of the current job's directory; "": it is the directory of the request. */
  private String named() throws IOException {
    try (InputStream file = Files.newInputStream(current)) {
      String name = new String(file.readNBytes(LONGEST), StandardCharsets.ISO_8859_1).strip();
      if (!name.matches(NAME)) {
        throw new BcdaSparkException(Status.FILESYSTEM, current + " is damaged; remove it");
      }
      return name;
    } catch (NoSuchFileException none) {
      return "";
    }
  }

  @Override
  public String toString() {
    return "Jobs";
  }
}
