package io.github.libbcda;

/**
 * Where an export's plaintext goes when it is not a directory: a blob store, a database, a pipe. Its calls, and those of its
 * files, come on the run's own daemon thread, one at a time, for several files in turn; while one is busy, the run's files
 * wait, and so does its listener. Runs that share a sink call it on their own threads.
 *
 * <pre>{@code
 * ExportRequest.builder().sink((name, type) -> new Upload(bucket, name)).build()
 * }</pre>
 *
 * <p>What a call throws fails the run with {@link BcdaException.Sink}, whose cause it is. When the run is canceled, or whoever
 * waits for it is interrupted, a call under way that is not {@code abort} is interrupted; then only aborts follow. The
 * setting {@code timeout} waits for a call that is under way: {@code exportAsync(request).orTimeout(…)} does not.
 */
@FunctionalInterface
public interface ExportSink {
  /**
   * Begins a file. One that has to be downloaded again is aborted and begun anew.
   *
   * @param name what it would be called in a directory. A file of what the service could not export begins with
   *     {@code error/}; its content may name beneficiaries
   * @param type its resource type, such as {@code "Patient"}
   * @return what takes it
   * @throws Exception it cannot be taken
   */
  File begin(String name, String type) throws Exception;

  /** One file on its way: some {@code write}, then one {@code commit} or one {@code abort}. */
  interface File {
    /**
     * Takes the next bytes. They are <b>unverified</b> until {@link #commit}: keep them private.
     *
     * @param bytes the sink's to keep
     * @throws Exception they cannot be taken
     */
    void write(byte[] bytes) throws Exception;

    /**
     * The whole file has been written and verified (length, authentication tag): make it visible.
     *
     * @param size in bytes
     * @param sha256 of all of it, in hex
     * @throws Exception that failed; {@link #abort} follows
     */
    void commit(long size, String sha256) throws Exception;

    /**
     * Discard everything. Comes instead of a commit, or after one that failed, also when the run is canceled.
     *
     * @throws Exception that failed; what the run fails with, if it does, names it as suppressed
     */
    void abort() throws Exception;
  }
}
