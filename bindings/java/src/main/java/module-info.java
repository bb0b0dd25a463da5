/**
 * Medicare claims from CMS's Beneficiary Claims Data API (BCDA): exported, decrypted, verified. Nothing but {@code java.base}
 * is needed.
 */
module io.github.libbcda {
  exports io.github.libbcda;
}
