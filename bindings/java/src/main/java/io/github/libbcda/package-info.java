/**
 * Medicare claims from CMS's Beneficiary Claims Data API (BCDA): exported, decrypted, verified.
 *
 * <pre>{@code
 * try (BcdaClient client = BcdaClient.builder().url("https://api.bcda.cms.gov").clientId(id)
 *     .clientSecret(secret).privateKey(Path.of("registered.pem")).build()) {
 *   ExportResult result = client.export(ExportRequest.builder().types("Patient").out(Path.of("claims")).build());
 *   try (Stream<String> patients = result.records("Patient")) {
 *     patients.forEach(System.out::println);
 *   }
 * }
 * }</pre>
 *
 * <p><b>Threads.</b> {@link io.github.libbcda.BcdaClient}, {@link io.github.libbcda.Sandbox} and
 * {@link io.github.libbcda.BcdaDecryptor} are thread-safe; builders and readers are for one thread at a time; everything
 * else is immutable. Each run has one daemon thread, which calls its listener and its sink and completes its future: no
 * native thread ever enters the JVM, so nothing has to be shut down before the JVM ends.
 *
 * <p><b>Lifetimes.</b> What is {@link java.lang.AutoCloseable} holds native resources. Closing twice is allowed, using after
 * closing is an {@link java.lang.IllegalStateException}, and what was forgotten is closed when the garbage collector finds
 * it.
 *
 * <p><b>Errors.</b> {@link io.github.libbcda.BcdaException} and its subclasses, unchecked; a null argument is a
 * {@link java.lang.NullPointerException}, but for the setters of builders, to which it is the default; a text with
 * half of a surrogate pair in it is an {@link java.lang.IllegalArgumentException}.
 */
package io.github.libbcda;
