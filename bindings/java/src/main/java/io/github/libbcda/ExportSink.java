package io.github.libbcda;

/**
 * A destination of an export other than a directory, for example a blob store, a database or a pipe. The methods of the
 * sink and of its files are called on the run's own daemon thread, one call at a time, for several files in turn.
 * During a call the other files of the run wait, and so does its listener. Runs that share a sink call it on their own
 * threads.
 *
 * <pre>{@code
 * ExportRequest.builder().sink((name, type) -> new Upload(bucket, name)).build()
 * }</pre>
 *
 * <p>An exception of a call fails the run with {@link BcdaException.Sink}, whose cause is that exception. If the run is
 * canceled, or a thread that waits for it is interrupted, a running call is interrupted unless it is {@code abort}.
 * After that, only {@code abort} is called. The setting {@code timeout} does not interrupt a running call;
 * {@code exportAsync(request).orTimeout(…)} does.
 */
@FunctionalInterface
public interface ExportSink {
  /**
   * Begins a file. If a file must be downloaded again, it is aborted and begun again.
   *
   * @param name the name that the file would have in a directory. The name of an error file starts with {@code error/};
   *     its content may name beneficiaries
   * @param type the resource type, for example {@code "Patient"}
   * @return an object that receives the file
   * @throws Exception the sink cannot accept the file
   */
  File begin(String name, String type) throws Exception;

  /** One file. It receives any number of {@code write} calls, then one {@code commit} or one {@code abort}. */
  interface File {
    /**
     * Accepts the next bytes. They are <b>unverified</b> until {@link #commit}, so keep them private.
     *
     * @param bytes the bytes; the sink may keep the array
     * @throws Exception the sink cannot accept the bytes
     */
    void write(byte[] bytes) throws Exception;

    /**
     * Publishes the file, because all of it has been written and verified (length, authentication tag).
     *
     * @param size the size of the file in bytes
     * @param sha256 the SHA-256 of the file in hex
     * @throws Exception publishing failed; {@link #abort} follows
     */
    void commit(long size, String sha256) throws Exception;

    /**
     * Discards the file. Called instead of a commit, after a commit that failed, and when the run is canceled.
     *
     * @throws Exception discarding failed. If the run fails, its exception has this one as suppressed
     */
    void abort() throws Exception;
  }
}
