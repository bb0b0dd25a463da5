package io.github.libbcda.spark;

import io.github.libbcda.BcdaClient;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The clients of this JVM. Tasks with the same settings share one, with its access token, connections and threads. They
 * are not closed: what nobody uses any more, the garbage collector frees.
 */
final class Clients {
  private static final int MOST = 4; // different services or settings at a time

  private static final Map<Map<String, String>, BcdaClient> MADE =
      new LinkedHashMap<>(MOST, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Map<String, String>, BcdaClient> eldest) {
          return size() > MOST;
        }
      };

  private Clients() {}

  static BcdaClient of(ExecutorSettings settings) {
    synchronized (MADE) {
      return MADE.computeIfAbsent(settings.ofClients(), same -> settings.client().build());
    }
  }

  /** The next task makes a client anew, because a secret in a file may have changed. */
  static void forget(ExecutorSettings settings) {
    synchronized (MADE) {
      MADE.remove(settings.ofClients());
    }
  }
}
