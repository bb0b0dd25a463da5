/**
 * Exports, decrypts and verifies Medicare claims from CMS's Beneficiary Claims Data API (BCDA).
 *
 * <pre>{@code
 * try (BcdaClient client = BcdaClient.builder().url("https://api.bcda.cms.gov").clientId(id)
 *     .clientSecret(secret).privateKey(Path.of("registered.pem")).build()) {
 *   ExportResult result = client.export(ExportRequest.builder().types("Patient").out(Path.of("claims")).build());
 *   try (Stream<String> patients = result.records("Patient")) {
 *     patients.forEach(System.out::println);
 *   }
 *   try (Stream<Row> rows = result.table("beneficiary").rows()) {
 *     rows.map(row -> row.getDate("birth_date")).forEach(System.out::println);
 *   }
 * }
 * }</pre>
 *
 * <p><b>Threads.</b> {@link io.github.libbcda.BcdaClient}, {@link io.github.libbcda.Sandbox} and
 * {@link io.github.libbcda.BcdaDecryptor} are thread-safe. Builders and readers are for one thread at a time. All other
 * objects are immutable. Each run has one daemon thread, which calls its listener and its sink and completes its
 * future. No native thread ever enters the JVM, so nothing needs to be shut down before the JVM exits.
 *
 * <p><b>Lifetimes.</b> An object that is {@link java.lang.AutoCloseable} holds native resources. It may be closed
 * twice. Using it after closing throws {@link java.lang.IllegalStateException}. The garbage collector closes objects
 * that were forgotten.
 *
 * <p><b>Errors.</b> Failures throw {@link io.github.libbcda.BcdaException} and its subclasses, which are unchecked. A
 * null argument throws {@link java.lang.NullPointerException}; for a setter of a builder, null means the default. A
 * string with half of a surrogate pair throws {@link java.lang.IllegalArgumentException}.
 */
package io.github.libbcda;
