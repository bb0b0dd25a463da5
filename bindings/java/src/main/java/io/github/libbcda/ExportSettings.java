package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;

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
   * Resource types to export; by default all that the service offers.
   *
   * @param value one or more
   * @return this
   */
  public B types(String... value) {
    return put("types", value);
  }

  /** What to export: the whole system, all patients, or a group; by default the profile's. */
  public enum Level {
    /** {@code system} */
    SYSTEM("system"),
    /** {@code patient} */
    PATIENT("patient"),
    /** {@code group} */
    GROUP("group");

    private final String value;

    Level(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * What to export: the whole system, all patients, or a group; by default the profile's.
   *
   * @param value one of them
   * @return this
   */
  public B level(Level value) {
    return put("level", value);
  }

  /**
   * Id of the group to export; by default the profile's (all at BCDA).
   *
   * @param value text
   * @return this
   */
  public B group(String value) {
    return set("group", value);
  }

  /**
   * Export only what changed since this time, such as 2026-02-13T08:00:00Z.
   *
   * @param value text
   * @return this
   */
  public B since(String value) {
    return set("since", value);
  }

  /**
   * Export only what changed since this time, such as 2026-02-13T08:00:00Z.
   *
   * @param value the time
   * @return this
   */
  public B since(Instant value) {
    return put("since", value);
  }

  /**
   * Export only what changed since this time, such as 2026-02-13T08:00:00Z.
   *
   * @param value the time
   * @return this
   */
  public B since(OffsetDateTime value) {
    return put("since", value);
  }

  /**
   * Export only what changed until this time.
   *
   * @param value text
   * @return this
   */
  public B until(String value) {
    return set("until", value);
  }

  /**
   * Export only what changed until this time.
   *
   * @param value the time
   * @return this
   */
  public B until(Instant value) {
    return put("until", value);
  }

  /**
   * Export only what changed until this time.
   *
   * @param value the time
   * @return this
   */
  public B until(OffsetDateTime value) {
    return put("until", value);
  }

  /**
   * Searches that resources of a type must match, such as ExplanationOfBenefit?service-date=ge2025.
   *
   * @param value one or more
   * @return this
   */
  public B typeFilters(String... value) {
    return put("type_filters", value);
  }

  /**
   * Elements of the resources to export, such as Patient.name.
   *
   * @param value one or more
   * @return this
   */
  public B elements(String... value) {
    return put("elements", value);
  }

  /**
   * Associated data to export too, such as LatestProvenanceResources.
   *
   * @param value one or more
   * @return this
   */
  public B includeAssociatedData(String... value) {
    return put("include_associated_data", value);
  }

  /**
   * Patients to export, such as Patient/123; the kick-off is then sent by POST.
   *
   * @param value one or more
   * @return this
   */
  public B patients(String... value) {
    return put("patients", value);
  }

  /**
   * Resource type, such as Patient, by which the server puts resources together in its files.
   *
   * @param value text
   * @return this
   */
  public B organizeOutputBy(String value) {
    return set("organize_output_by", value);
  }

  /**
   * Let the server list files while the job still runs; they are downloaded at once.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B allowPartialManifests(boolean value) {
    return set("allow_partial_manifests", Boolean.toString(value));
  }

  /**
   * Format to ask for; leave it unset unless the service needs it.
   *
   * @param value text
   * @return this
   */
  public B outputFormat(String value) {
    return set("output_format", value);
  }

  /** Method of the kick-off; by default GET. */
  public enum Method {
    /** {@code GET} */
    GET("GET"),
    /** {@code POST} */
    POST("POST");

    private final String value;

    Method(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * Method of the kick-off; by default GET.
   *
   * @param value one of them
   * @return this
   */
  public B method(Method value) {
    return put("method", value);
  }

  /**
   * Status URL of a job that runs already; its files are exported, and no job is started.
   *
   * @param value text
   * @return this
   */
  public B jobUrl(String value) {
    return set("job_url", value);
  }

  /**
   * Delete the job from the service (DELETE) once the export is complete and verified.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B deleteJob(boolean value) {
    return set("delete_job", Boolean.toString(value));
  }

  /** After a partial run of a series: ask for the same time again (keep), or go on from this run (move). */
  public enum SyncPartial {
    /** {@code keep} */
    KEEP("keep"),
    /** {@code move} */
    MOVE("move");

    private final String value;

    SyncPartial(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * After a partial run of a series: ask for the same time again (keep), or go on from this run (move).
   *
   * @param value one of them (default {@code keep})
   * @return this
   */
  public B syncPartial(SyncPartial value) {
    return put("sync_partial", value);
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
   * Tables to make while the export goes on, such as claim_line: OUT/tables/TABLE gets Arrow files of about 128 MiB.
   *
   * @param value one or more
   * @return this
   */
  public B tables(String... value) {
    return put("tables", value);
  }

  /**
   * With tables: keep the NDJSON files too; false: remove a file once each of its records is in some table.
   *
   * @param value whether (default {@code true})
   * @return this
   */
  public B keepNdjson(boolean value) {
    return set("keep_ndjson", Boolean.toString(value));
  }

  /**
   * For a manifest alone: the directory that keeps its job, so that the same request there goes on with it, and starts no second one.
   *
   * @param value a path
   * @return this
   */
  public B jobDirectory(Path value) {
    return put("job_directory", value);
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
   * Use the directory although another run seems to use it; set it only if that run has certainly ended.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B takeOver(boolean value) {
    return set("take_over", Boolean.toString(value));
  }

  /**
   * Number of files downloaded at the same time, 1 to 64.
   *
   * @param value how many (default {@code 8})
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

  /** Weakest proof that a data file is whole with which it is accepted; each one is stronger than those before. */
  public enum RequireProof {
    /** {@code none} */
    NONE("none"),
    /** {@code length} */
    LENGTH("length"),
    /** {@code gzip} */
    GZIP("gzip"),
    /** {@code sha256} */
    SHA256("sha256"),
    /** {@code gcm} */
    GCM("gcm");

    private final String value;

    RequireProof(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * Weakest proof that a data file is whole with which it is accepted; each one is stronger than those before.
   *
   * @param value one of them (default {@code none})
   * @return this
   */
  public B requireProof(RequireProof value) {
    return put("require_proof", value);
  }

  /** What a published file survives: a loss of power (power), or only a crash of the process (process). */
  public enum Durability {
    /** {@code power} */
    POWER("power"),
    /** {@code process} */
    PROCESS("process");

    private final String value;

    Durability(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
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
   * How long a kick-off is repeated while the service is busy (HTTP 429); 0: not at all.
   *
   * @param value to the millisecond, rounded up (default {@code 24h})
   * @return this
   */
  public B kickoffTimeout(Duration value) {
    return put("kickoff_timeout", value);
  }

  /**
   * Wait for the job because of which a service is busy, and take its files if its request was the same.
   *
   * @param value whether (default {@code true})
   * @return this
   */
  public B adoptRunningJob(boolean value) {
    return set("adopt_running_job", Boolean.toString(value));
  }

  /**
   * Time limit for a job to finish, from its acceptance on; by default the profile's (24h at BCDA); 0: no limit.
   *
   * @param value to the millisecond, rounded up
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
   * Longest wait before a retry, unless the service requests a longer one (see max_retry_after).
   *
   * @param value to the millisecond, rounded up (default {@code 1m})
   * @return this
   */
  public B retryMaxDelay(Duration value) {
    return put("retry_max_delay", value);
  }

  /**
   * Longest wait that a service may request with Retry-After.
   *
   * @param value to the millisecond, rounded up (default {@code 15m})
   * @return this
   */
  public B maxRetryAfter(Duration value) {
    return put("max_retry_after", value);
  }
}
