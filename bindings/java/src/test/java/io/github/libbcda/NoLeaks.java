package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** No test leaves a native handle behind. For every class of tests, by META-INF/services. */
public final class NoLeaks implements AfterTestExecutionCallback {
  @Override
  public void afterTestExecution(ExtensionContext context) {
    assertEquals(0, Native.live_handles(), "native handles that are left");
  }
}
