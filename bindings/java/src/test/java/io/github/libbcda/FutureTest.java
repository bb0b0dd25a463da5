package io.github.libbcda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Futures of work that ends when it is most awkward. */
class FutureTest {
  /** Ends, as work that was canceled does, while it is being told to stop. */
  private static final class Prompt extends BcdaFuture<String> {
    private final CompletableFuture<Thread> running = new CompletableFuture<>();
    private final CompletableFuture<Void> told = new CompletableFuture<>();
    private Runnable meanwhile = () -> {};

    Prompt() {
      super("test", new NativeHandle("nothing", 1, address -> {}));
      begin();
      running.join();
    }

    @Override
    void follow() {
      running.complete(Thread.currentThread());
      told.join();
    }

    @Override
    String outcome() {
      throw BcdaException.of(Status.CANCELED, "told to stop", "");
    }

    @Override
    void cancelWork() {
      told.complete(null);
      meanwhile.run();
      try {
        running.join().join();
      } catch (InterruptedException unexpected) {
        throw new AssertionError(unexpected);
      }
    }
  }

  @Test
  void aCancelIsNotOvertakenByTheEndThatItBrings() {
    Prompt work = new Prompt();
    assertTrue(work.cancel(true));
    assertTrue(work.isCancelled());
    assertTrue(work.cancel(true), "still");
    assertFalse(work.complete("too late"));
  }

  @Test
  void oneOfTwoThatCancelWaitsForNobody() {
    Prompt work = new Prompt();
    work.meanwhile =
        () ->
            CompletableFuture.runAsync(
                    () -> {
                      assertTrue(work.cancel(true));
                      assertTrue(work.isDone());
                    },
                    other -> new Thread(other).start())
                .join();
    assertTrue(work.cancel(true));
    assertTrue(work.isCancelled());
  }

  @Test
  void aValueIsNotOvertaken() throws Exception {
    Prompt work = new Prompt();
    assertTrue(work.complete("a value"));
    assertEquals("a value", work.get());
    assertFalse(work.cancel(true));
  }

  @Test
  void aFailureIsNotOvertaken() {
    Prompt work = new Prompt();
    IOException failure = new IOException();
    assertTrue(work.completeExceptionally(failure));
    assertSame(failure, assertThrows(ExecutionException.class, work::get).getCause());
  }

  @Test
  void theEndIsToldWhenTheCommonPoolIsBusy() throws Exception {
    Semaphore release = new Semaphore(0); // for which the pool makes up with no other thread
    CountDownLatch busy = new CountDownLatch(ForkJoinPool.getCommonPoolParallelism());
    assertTrue(busy.getCount() > 1, "else nobody uses it: see pom.xml");
    for (long i = busy.getCount(); i > 0; i--) {
      ForkJoinPool.commonPool()
          .execute(
              () -> {
                busy.countDown();
                release.acquireUninterruptibly();
              });
    }
    busy.await();
    try {
      Prompt work = new Prompt();
      CompletableFuture<Void> before = work.ended();
      work.cancel(true);
      before.get(30, TimeUnit.SECONDS);
      assertTrue(work.ended().isDone(), "at once");
    } finally {
      release.release(ForkJoinPool.getCommonPoolParallelism());
    }
  }
}
