package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Questions to the service outside of an export: credentials, jobs, attribution. */
class InquiriesTest {
  private static Sandbox today() {
    return Trials.sandbox().option("profile", "bcda-v3").start();
  }

  private static List<String> all(String member, String json) {
    return Pattern.compile("\"" + member + "\":\"([^\"]*)\"").matcher(json).results().map(found -> found.group(1)).toList();
  }

  @Test
  void theCredentialsAreChecked() throws Exception {
    try (Sandbox sandbox = today();
        BcdaClient client = Trials.client(sandbox).build()) {
      String checked = client.checkAuth();
      assertEquals(List.of("basic"), all("method", checked));
      assertTrue(checked.contains("\"checked\":true"));
      assertTrue(checked.contains("\"lifetime\":1200"));
      assertEquals(1, sandbox.requestCount("GET /auth/welcome"));
    }
    try (Sandbox sandbox = today();
        BcdaClient client = Trials.client(sandbox).clientSecret("wrong").build()) {
      assertThrows(BcdaException.Authentication.class, client::checkAuth);
    }
  }

  @Test
  void aJobIsListedAskedForAndAdopted(@TempDir Path dir) throws Exception {
    try (Sandbox sandbox = today();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertEquals("[]", client.jobs());
      client.manifest(Trials.nothing());
      String url = all("url", client.jobs("Completed", "In Progress")).get(0);
      assertEquals("[]", client.jobs("Failed"));
      assertEquals(List.of("done"), all("state", client.jobStatus(url)));
      assertThrows(BcdaException.Refused.class, () -> client.cancelJob(url));
      ExportRequest request = ExportRequest.builder().out(dir.resolve("out")).set("job_url", url).build();
      assertEquals(List.of("token", "status"), all("purpose", client.plan(request)));
      assertFalse(client.export(request).files().isEmpty());
      assertEquals(1, sandbox.requestCount("GET /api/v3/Group/"));
    }
  }

  @Test
  void aRunningJobIsCanceled() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().option("profile", "bcda-v3").option("job_time", "1h").start();
        BcdaClient client = Trials.client(sandbox).build()) {
      BcdaFuture<Manifest> manifest = client.manifestAsync(Trials.nothing());
      String jobs = client.jobs();
      while (jobs.equals("[]")) {
        jobs = client.jobs();
      }
      String url = all("url", jobs).get(0);
      assertEquals(List.of("running"), all("state", client.jobStatus(url)));
      assertTrue(client.cancelJob(url).contains("\"canceled\":true"));
      assertThrows(BcdaException.JobGone.class, () -> client.jobStatus(url));
      Trials.awaitEnd(manifest);
    }
  }

  @Test
  void theAttributionStatusHasTimes() throws Exception {
    try (Sandbox sandbox = today();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertEquals(List.of("last_attribution_update", "last_runout_update"), all("type", client.attribution()));
    }
  }

  @Test
  void whatCannotBeAskedIsToldBeforeAnythingIsSent() throws Exception {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertThrows(BcdaException.InvalidArgument.class, client::jobs);
      assertThrows(BcdaException.InvalidArgument.class, client::attribution);
      assertThrows(BcdaException.InvalidArgument.class, () -> client.jobStatus("https://elsewhere.example/1"));
      assertThrows(BcdaException.InvalidArgument.class, () -> client.cancelJob(""));
      assertEquals(0, sandbox.requestCount(""));
    }
  }
}
