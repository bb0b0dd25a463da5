/**
 * Exports, decrypts and verifies Medicare claims from CMS's Beneficiary Claims Data API (BCDA). The module needs only
 * {@code java.base}.
 */
module io.github.libbcda {
  exports io.github.libbcda;
}
