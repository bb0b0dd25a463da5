package io.github.libbcda;

import java.util.stream.Stream;

/** Where a run hangs, in a sandbox that makes it hang there. */
enum Stage {
  AUTHENTICATING("authenticating", "fault", "delay=1h:on=POST /auth/token"),
  KICKING_OFF("kick-off", "fault", "delay=1h:on=GET /api/v1/Patient"),
  WAITING("waiting", "job_time", "1h"),
  DOWNLOADING("downloading", "fault", "stall:at=1");

  final String state;
  private final String option;
  private final String value;

  Stage(String state, String option, String value) {
    this.state = state;
    this.option = option;
    this.value = value;
  }

  Sandbox sandbox() {
    return Trials.sandbox().option(option, value).start();
  }

  static Stream<Stage> all() {
    return Stream.of(values());
  }
}
