package io.github.libbcda;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Native work in the background, and the daemon thread that follows it to its end. Completing the future in any other way
 * (cancel, orTimeout, complete) cancels the work.
 */
abstract class Running<T> extends CompletableFuture<T> {
  private static final AtomicLong NUMBER = new AtomicLong();

  final NativeHandle handle;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  Running(NativeHandle handle) {
    this.handle = handle;
  }

  /** Tells listeners what happens until the work has ended. */
  abstract void follow();

  /** What came of it, or throws how it failed. */
  abstract T outcome();

  /** Asks the work to stop. Thread-safe; nothing when it has ended. */
  abstract void stop();

  /** To be called once, by whoever made this. */
  final void begin() {
    whenComplete((value, error) -> stop());
    Thread thread = new Thread(this::toTheEnd, "bcda-" + NUMBER.incrementAndGet());
    thread.setDaemon(true);
    thread.start();
  }

  /** Native resources are gone before the future completes. */
  private void toTheEnd() {
    T value = null;
    Throwable failure = null;
    try (handle) {
      follow();
      value = outcome();
    } catch (Throwable error) {
      failure = error;
    }
    if (failure == null) {
      complete(value);
    } else {
      completeExceptionally(failure);
    }
    ended.complete(null);
  }

  /** Completes when the native work has ended and its resources are gone, which may be some time after a cancel. */
  final CompletableFuture<Void> ended() {
    return ended;
  }

  /** Waits; when interrupted, cancels and waits until the work has let go of everything. */
  final T await() throws InterruptedException {
    try {
      return get();
    } catch (InterruptedException interrupted) {
      cancel(true);
      ended.join();
      throw interrupted;
    } catch (ExecutionException error) {
      throw onThisThread(error.getCause());
    }
  }

  private static RuntimeException onThisThread(Throwable failure) {
    if (failure instanceof BcdaException error) {
      return error.again();
    }
    if (failure instanceof Error error) {
      throw error;
    }
    return failure instanceof RuntimeException error ? error : new CompletionException(failure);
  }
}
