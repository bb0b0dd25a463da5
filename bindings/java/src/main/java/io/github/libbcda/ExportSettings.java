package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;

// Generated from the library's table by ./dev docs.

/**
 * The settings that may be given for each export. Null means the default.
 *
 * @param <B> the builder itself
 */
public abstract sealed class ExportSettings<B extends ExportSettings<B>> extends Settings<B>
    permits ClientSettings, ExportRequest.Builder {
  ExportSettings() {}

  /**
   * Resource types to export, one job for each.
   *
   * @param value one or more (default {@code Patient,Coverage,ExplanationOfBenefit})
   * @return this
   */
  public B types(String... value) {
    return put("types", value);
  }

  /**
   * Directory for the files; created if it is missing, but its parent must exist.
   *
   * @param value a path
   * @return this
   */
  public B out(Path value) {
    return put("out", value);
  }

  /**
   * Discard what an unfinished export left in the directory, and start again.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B restart(boolean value) {
    return set("restart", Boolean.toString(value));
  }

  /**
   * Number of files downloaded at the same time, 1 to 64.
   *
   * @param value how many (default {@code 4})
   * @return this
   */
  public B parallel(int value) {
    return set("parallel", Integer.toString(value));
  }

  /**
   * Accept data files without a key; by default a private key is required, and such a file is an error.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B allowPlaintext(boolean value) {
    return set("allow_plaintext", Boolean.toString(value));
  }

  /** What a published file survives: a loss of power (power), or only a crash of the process (process). */
  public enum Durability {
    /** {@code power} */
    POWER,
    /** {@code process} */
    PROCESS
  }

  /**
   * What a published file survives: a loss of power (power), or only a crash of the process (process).
   *
   * @param value one of them (default {@code power})
   * @return this
   */
  public B durability(Durability value) {
    return put("durability", value);
  }

  /**
   * First wait between two status requests; each wait is 1.5 times the one before.
   *
   * @param value to the millisecond, rounded up (default {@code 1s})
   * @return this
   */
  public B pollInterval(Duration value) {
    return put("poll_interval", value);
  }

  /**
   * Longest wait between two status requests.
   *
   * @param value to the millisecond, rounded up (default {@code 30s})
   * @return this
   */
  public B pollMaxInterval(Duration value) {
    return put("poll_max_interval", value);
  }

  /**
   * Time limit for a job to finish; 0: no limit.
   *
   * @param value to the millisecond, rounded up (default {@code 24h})
   * @return this
   */
  public B jobTimeout(Duration value) {
    return put("job_timeout", value);
  }

  /**
   * Time limit for the whole run; 0: no limit.
   *
   * @param value to the millisecond, rounded up (default {@code 0s})
   * @return this
   */
  public B timeout(Duration value) {
    return put("timeout", value);
  }

  /**
   * How often a failed request is repeated, 0 to 100.
   *
   * @param value how many (default {@code 5})
   * @return this
   */
  public B retries(int value) {
    return set("retries", Integer.toString(value));
  }

  /**
   * How long status requests may keep failing after the retries are used up, while a job runs.
   *
   * @param value to the millisecond, rounded up (default {@code 15m})
   * @return this
   */
  public B outageLimit(Duration value) {
    return put("outage_limit", value);
  }

  /**
   * First wait before a retry; each wait is twice the one before.
   *
   * @param value to the millisecond, rounded up (default {@code 1s})
   * @return this
   */
  public B retryDelay(Duration value) {
    return put("retry_delay", value);
  }

  /**
   * Longest wait before a retry, unless the service requests a longer one (up to 15 minutes).
   *
   * @param value to the millisecond, rounded up (default {@code 1m})
   * @return this
   */
  public B retryMaxDelay(Duration value) {
    return put("retry_max_delay", value);
  }
}
