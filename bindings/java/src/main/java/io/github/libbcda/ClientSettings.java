package io.github.libbcda;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

// Generated from the library's table by ./dev docs.

/**
 * The settings of a client, in addition to those of an export. Null means the default.
 *
 * @param <B> the builder itself
 */
public abstract sealed class ClientSettings<B extends ClientSettings<B>> extends ExportSettings<B>
    permits BcdaClient.Builder, BcdaDecryptor.Builder {
  ClientSettings() {}

  /**
   * Takes settings from the environment ({@code BCDA_CLIENT_ID}, ...) unless they are given here or by an earlier
   * source.
   *
   * @return this
   */
  public B environment() {
    return source(Native::config_load_env);
  }

  /**
   * Takes settings from a JSON file of {@code {"name": value}} unless they are given here or by an earlier source.
   *
   * @param path the file; give it mode 0600 if it holds secrets
   * @return this
   */
  public B configFile(Path path) {
    String text = LocalPath.text(path);
    return source(config -> Native.config_load_file(config, text));
  }

  /**
   * Takes settings from JSON text, as {@link #configFile} does from a file. The text can come from a secret store.
   *
   * @param json {@code {"name": value}}
   * @return this
   */
  public B configJson(String json) {
    Objects.requireNonNull(json, "json");
    return source(config -> Native.config_load_json(config, json));
  }

  /**
   * Origin of the service, such as https://api.bcda.cms.gov, or its FHIR base.
   *
   * @param value text
   * @return this
   */
  public B url(String value) {
    return set("url", value);
  }

  /** What kind of server it is; auto decides by the URL. */
  public enum Profile {
    /** {@code auto} */
    AUTO("auto"),
    /** {@code bcda-v3} */
    BCDA_V3("bcda-v3"),
    /** {@code bcda-v2} */
    BCDA_V2("bcda-v2"),
    /** {@code bcda-v1} */
    BCDA_V1("bcda-v1"),
    /** {@code bcda-2019} */
    BCDA_2019("bcda-2019"),
    /** {@code ab2d} */
    AB2D("ab2d"),
    /** {@code dpc} */
    DPC("dpc"),
    /** {@code hapi} */
    HAPI("hapi"),
    /** {@code generic} */
    GENERIC("generic");

    private final String value;

    Profile(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * What kind of server it is; auto decides by the URL.
   *
   * @param value one of them (default {@code auto})
   * @return this
   */
  public B profile(Profile value) {
    return put("profile", value);
  }

  /**
   * JSON file with fields that replace those of the profile, as `bcda profiles NAME --json` prints them.
   *
   * @param value a path
   * @return this
   */
  public B profileFile(Path value) {
    return put("profile_file", value);
  }

  /** How to authenticate; auto decides by the profile and the credentials. */
  public enum Auth {
    /** {@code auto} */
    AUTO("auto"),
    /** {@code basic} */
    BASIC("basic"),
    /** {@code form} */
    FORM("form"),
    /** {@code smart} */
    SMART("smart"),
    /** {@code token} */
    TOKEN("token"),
    /** {@code none} */
    NONE("none");

    private final String value;

    Auth(String value) {
      this.value = value;
    }

    /** The value of the setting. */
    @Override
    public String toString() {
      return value;
    }
  }

  /**
   * How to authenticate; auto decides by the profile and the credentials.
   *
   * @param value one of them (default {@code auto})
   * @return this
   */
  public B auth(Auth value) {
    return put("auth", value);
  }

  /**
   * Client id that the service issued.
   *
   * @param value text
   * @return this
   */
  public B clientId(String value) {
    return set("client_id", value);
  }

  /**
   * Client secret that belongs to client_id.
   *
   * @param value text
   * @return this
   */
  public B clientSecret(String value) {
    return set("client_secret", value);
  }

  /**
   * File that holds the client secret.
   *
   * @param value a path
   * @return this
   */
  public B clientSecretFile(Path value) {
    return put("client_secret_file", value);
  }

  /**
   * PEM or JWK file of the private key that signs token requests (SMART Backend Services).
   *
   * @param value a path
   * @return this
   */
  public B signingKey(Path value) {
    return put("signing_key", value);
  }

  /**
   * The signing key itself as PEM or JWK text, instead of a file.
   *
   * @param value text
   * @return this
   */
  public B signingKeyText(String value) {
    return set("signing_key_text", value);
  }

  /**
   * Passphrase of an encrypted signing key.
   *
   * @param value text
   * @return this
   */
  public B signingKeyPassphrase(String value) {
    return set("signing_key_passphrase", value);
  }

  /**
   * File that holds the passphrase of an encrypted signing key.
   *
   * @param value a path
   * @return this
   */
  public B signingKeyPassphraseFile(Path value) {
    return put("signing_key_passphrase_file", value);
  }

  /**
   * Id under which the signing key is registered; by default the kid of a JWK.
   *
   * @param value text
   * @return this
   */
  public B keyId(String value) {
    return set("key_id", value);
  }

  /**
   * URL that issues tokens, if it is not the profile's.
   *
   * @param value text
   * @return this
   */
  public B tokenUrl(String value) {
    return set("token_url", value);
  }

  /**
   * Scopes to ask a token for, if they are not the profile's.
   *
   * @param value text
   * @return this
   */
  public B scope(String value) {
    return set("scope", value);
  }

  /**
   * An access token that is at hand, instead of a client id and secret.
   *
   * @param value text
   * @return this
   */
  public B accessToken(String value) {
    return set("access_token", value);
  }

  /**
   * File that holds an access token; it is read again when the service refuses the token.
   *
   * @param value a path
   * @return this
   */
  public B accessTokenFile(Path value) {
    return put("access_token_file", value);
  }

  /**
   * PEM file of the RSA private key whose public half is registered with the service.
   *
   * @param value a path
   * @return this
   */
  public B privateKey(Path value) {
    return put("private_key", value);
  }

  /**
   * The private key itself as PEM text, instead of a file.
   *
   * @param value text
   * @return this
   */
  public B privateKeyPem(String value) {
    return set("private_key_pem", value);
  }

  /**
   * Passphrase of an encrypted private key.
   *
   * @param value text
   * @return this
   */
  public B privateKeyPassphrase(String value) {
    return set("private_key_passphrase", value);
  }

  /**
   * File that holds the passphrase of an encrypted private key.
   *
   * @param value a path
   * @return this
   */
  public B privateKeyPassphraseFile(Path value) {
    return put("private_key_passphrase_file", value);
  }

  /**
   * PEM file of the CA certificates to trust instead of the system's.
   *
   * @param value a path
   * @return this
   */
  public B caFile(Path value) {
    return put("ca_file", value);
  }

  /**
   * PEM file of the certificate for a service that asks its clients for one; its issuers and its key may follow.
   *
   * @param value a path
   * @return this
   */
  public B clientCertificate(Path value) {
    return put("client_certificate", value);
  }

  /**
   * PEM file of the key of client_certificate, if it is a file of its own.
   *
   * @param value a path
   * @return this
   */
  public B clientCertificateKey(Path value) {
    return put("client_certificate_key", value);
  }

  /**
   * Passphrase of an encrypted key of client_certificate.
   *
   * @param value text
   * @return this
   */
  public B clientKeyPassphrase(String value) {
    return set("client_key_passphrase", value);
  }

  /**
   * File that holds the passphrase of an encrypted key of client_certificate.
   *
   * @param value a path
   * @return this
   */
  public B clientKeyPassphraseFile(Path value) {
    return put("client_key_passphrase_file", value);
  }

  /**
   * HTTP proxy for every request, such as http://proxy:3128; none: no proxy; by default that of HTTPS_PROXY.
   *
   * @param value text
   * @return this
   */
  public B proxy(String value) {
    return set("proxy", value);
  }

  /**
   * Allow http:// to other machines; credentials and claims are then sent unencrypted.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B allowHttp(boolean value) {
    return set("allow_http", Boolean.toString(value));
  }

  /**
   * Other origins that a manifest may point to; files there are downloaded without the token.
   *
   * @param value one or more
   * @return this
   */
  public B allowedOrigins(String... value) {
    return put("allowed_origins", value);
  }

  /**
   * Other origins whose files are downloaded with the token; a manifest may point to them too.
   *
   * @param value one or more
   * @return this
   */
  public B tokenOrigins(String... value) {
    return put("token_origins", value);
  }

  /**
   * Reach other origins at private and link-local addresses too, although the service has a public one.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B allowPrivateAddresses(boolean value) {
    return set("allow_private_addresses", Boolean.toString(value));
  }

  /**
   * Threads that transfer and decrypt data; 0: one per core.
   *
   * @param value how many (default {@code 0})
   * @return this
   */
  public B threads(int value) {
    return set("threads", Integer.toString(value));
  }

  /**
   * Share the threads with the other clients of this process that set this; the first client decides how many.
   *
   * @param value whether (default {@code false})
   * @return this
   */
  public B shareThreads(boolean value) {
    return set("share_threads", Boolean.toString(value));
  }

  /**
   * The User-Agent header.
   *
   * @param value text (default {@code libbcda/0.2.0})
   * @return this
   */
  public B userAgent(String value) {
    return set("user_agent", value);
  }

  /**
   * Time limit for name lookup, connection and TLS handshake.
   *
   * @param value to the millisecond, rounded up (default {@code 30s})
   * @return this
   */
  public B connectTimeout(Duration value) {
    return put("connect_timeout", value);
  }

  /**
   * Longest time without a byte on a connection that should deliver bytes.
   *
   * @param value to the millisecond, rounded up (default {@code 1m})
   * @return this
   */
  public B idleTimeout(Duration value) {
    return put("idle_timeout", value);
  }

  /**
   * Fewest bytes per second that an answer may bring; one that is slower is given up; 0: no limit.
   *
   * @param value bytes (default {@code 1KiB})
   * @return this
   */
  public B lowSpeedLimit(long value) {
    return set("low_speed_limit", Long.toString(value));
  }

  /**
   * How long an answer may be slower than low_speed_limit; by default as long as idle_timeout (1m).
   *
   * @param value to the millisecond, rounded up
   * @return this
   */
  public B lowSpeedTime(Duration value) {
    return put("low_speed_time", value);
  }

  /**
   * Time limit for the answer to one request, not counting the body of a file.
   *
   * @param value to the millisecond, rounded up (default {@code 2m})
   * @return this
   */
  public B requestTimeout(Duration value) {
    return put("request_timeout", value);
  }

  /**
   * Lifetime assumed for a token when the service states none.
   *
   * @param value to the millisecond, rounded up (default {@code 1h})
   * @return this
   */
  public B tokenLifetime(Duration value) {
    return put("token_lifetime", value);
  }

  /**
   * Largest head of an answer that is accepted.
   *
   * @param value bytes (default {@code 64KiB})
   * @return this
   */
  public B maxHeaderBytes(long value) {
    return set("max_header_bytes", Long.toString(value));
  }

  /**
   * Largest manifest that is accepted.
   *
   * @param value bytes (default {@code 1GiB})
   * @return this
   */
  public B maxManifestBytes(long value) {
    return set("max_manifest_bytes", Long.toString(value));
  }

  /**
   * How many times its size a file packed with gzip may unpack to; 0: no limit but 64 GiB.
   *
   * @param value how many (default {@code 200})
   * @return this
   */
  public B maxGzipRatio(int value) {
    return set("max_gzip_ratio", Integer.toString(value));
  }
}
