package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Profiles of servers, and what an export would send to them. */
class ProfilesTest {
  private static final String ORIGIN = "https://api.bcda.cms.gov";
  private static final String SECRET = "a-secret-that-nobody-shows";

  private static BcdaClient.Builder builder() {
    return BcdaClient.builder().url(ORIGIN).clientId("an-id").clientSecret(SECRET);
  }

  private static List<String> all(String member, String json) {
    return Pattern.compile("\"" + member + "\":\"([^\"]*)\"").matcher(json).results().map(found -> found.group(1)).toList();
  }

  @Test
  void everyChoiceButAutoIsListed() {
    List<String> choices = new ArrayList<>(Bcda.setting("profile").orElseThrow().choices());
    choices.remove("auto");
    assertEquals(choices, all("name", Bcda.profiles()));
  }

  @Test
  void aClientHasItsProfile() {
    try (BcdaClient client = builder().build()) {
      assertEquals(List.of("bcda-v3"), all("name", client.profile()));
    }
    try (BcdaClient client = builder().profile(ClientSettings.Profile.BCDA_2019).build()) {
      assertEquals(List.of("bcda-2019"), all("name", client.profile()));
      assertTrue(Bcda.profiles().contains(client.profile()));
    }
  }

  @Test
  void aPlanIsTheTokenRequestAndOneKickOff() {
    try (BcdaClient client = builder().build()) {
      String plan = client.plan(ExportRequest.builder().types("Patient", "Coverage").build());
      assertEquals(List.of("token", "kick-off"), all("purpose", plan));
      assertEquals(List.of("POST", "GET"), all("method", plan));
      assertEquals(
          List.of(ORIGIN + "/auth/token", ORIGIN + "/api/v3/Group/all/$export?_type=Patient,Coverage"), all("url", plan));
      assertFalse(client.plan(ExportRequest.builder().build()).contains("_type"));
    }
  }

  @Test
  void aPlanHasNoSecret() {
    try (BcdaClient client = builder().build()) {
      String plan = client.plan(ExportRequest.builder().build());
      assertFalse(plan.contains(SECRET));
      assertFalse(plan.contains(Base64.getEncoder().encodeToString(Utf8.encode("an-id:" + SECRET))));
      assertEquals(List.of("Basic ***", "Bearer ***"), all("Authorization", plan));
    }
    try (BcdaClient client = BcdaClient.builder().url(ORIGIN).accessToken(SECRET).build()) {
      assertFalse(client.plan(ExportRequest.builder().build()).contains(SECRET));
    }
  }

  @Test
  void everySettingOfARequestIsInThePlan() {
    ExportRequest request =
        ExportRequest.builder()
            .level(ExportSettings.Level.PATIENT)
            .method(ExportSettings.Method.POST)
            .since("2020-02-13T08:00:00Z")
            .build();
    try (BcdaClient client = builder().profile(ClientSettings.Profile.GENERIC).auth(ClientSettings.Auth.NONE).build()) {
      String plan = client.plan(request);
      assertEquals(List.of("POST"), all("method", plan));
      assertEquals(List.of(ORIGIN + "/Patient/$export"), all("url", plan));
      assertTrue(plan.contains("2020-02-13T08:00:00Z"));
    }
  }

  @Test
  void aWrongArgumentIsToldAsByAnExport() {
    try (BcdaClient client = builder().build()) {
      BcdaException.InvalidArgument error =
          assertThrows(
              BcdaException.InvalidArgument.class, () -> client.plan(ExportRequest.builder().types("Patiant").build()));
      assertTrue(error.getMessage().contains("did you mean Patient?"));
    }
  }

  @Test
  void aListOfNothingIsNotTakenForEverything() {
    try (BcdaClient client = builder().build()) {
      BcdaException.InvalidArgument error =
          assertThrows(BcdaException.InvalidArgument.class, () -> client.plan(ExportRequest.builder().types().build()));
      assertTrue(error.getMessage().contains("types is an empty list"));
      assertTrue(client.plan(ExportRequest.builder().types((String[]) null).build()).contains("kick-off"));
    }
    assertThrows(BcdaException.InvalidArgument.class, () -> BcdaClient.builder().url(ORIGIN).patients().build());
  }

  @Test
  void nothingIsSent() {
    try (Sandbox sandbox = Trials.sandbox().start();
        BcdaClient client = Trials.client(sandbox).build()) {
      assertEquals(4, all("purpose", client.plan(ExportRequest.builder().build())).size());
      assertEquals(List.of("bcda-2019"), all("name", client.profile()));
      assertEquals(0, sandbox.requestCount(""));
    }
  }

  @Test
  void aClosedClientSaysSo() {
    BcdaClient client = builder().build();
    client.close();
    assertThrows(IllegalStateException.class, client::profile);
    assertThrows(IllegalStateException.class, () -> client.plan(ExportRequest.builder().build()));
  }
}
