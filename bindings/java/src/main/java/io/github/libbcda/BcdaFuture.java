package io.github.libbcda;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A future of background work: the result of the {@code …Async} calls. The work completes it on the work's own daemon
 * thread. Completing the future in another way ({@code cancel}, {@code orTimeout}, {@code complete}) cancels the work.
 * {@code completeAsync} and {@code obtrudeValue} do not cancel it, and neither does canceling a derived future
 * ({@code thenApply}, ...).
 *
 * <p>Do not wait for the future in a listener or a sink of the same work. They run on the thread of the work, so the
 * wait would never end.
 *
 * @param <T> the type of the result
 */
public abstract class BcdaFuture<T> extends CompletableFuture<T> {
  private static final AtomicLong NUMBER = new AtomicLong();

  final NativeHandle handle;
  final Calls calls = new Calls();
  private final String what; // for example "export"; used in thread names and in toString
  private final AtomicBoolean decided = new AtomicBoolean();
  private final CompletableFuture<T> ended = new CompletableFuture<>(); // completes with null if the work failed

  BcdaFuture(String what, NativeHandle handle) {
    this.what = what;
    this.handle = handle;
  }

  /** Calls the listeners, through {@link #calls}, until the work has ended. */
  abstract void follow();

  /** Returns the result of the work, or throws its failure. */
  abstract T outcome();

  /** Requests that the library stop the work. Thread-safe. Does nothing if the work has ended. */
  abstract void cancelWork();

  /** Cancels the work, and interrupts a call of the user's code that is running. */
  final void stop() {
    cancelWork();
    calls.end();
  }

  /** Starts the work's thread. The creator of this object calls it once. */
  final void begin() {
    try {
      onThreadOfItsOwn(what, this::toTheEnd);
    } catch (Throwable noThread) {
      handle.close();
      throw noThread;
    }
  }

  private static void onThreadOfItsOwn(String what, Runnable work) {
    Thread thread = new Thread(work, "bcda-" + what + "-" + NUMBER.incrementAndGet());
    thread.setDaemon(true);
    thread.start();
  }

  // These override all public ways to complete the future.

  @Override
  public boolean cancel(boolean mayInterrupt) {
    overrule();
    return super.cancel(mayInterrupt);
  }

  @Override
  public boolean complete(T value) {
    overrule();
    return super.complete(value);
  }

  @Override
  public boolean completeExceptionally(Throwable failure) {
    overrule();
    return super.completeExceptionally(failure);
  }

  /**
   * Marks the result of the work as unused, because the caller completes the future. The mark is needed because the
   * work may end before the caller has completed the future. The work is stopped first, because dependents of the
   * future may run for long.
   */
  private void overrule() {
    if (decided.compareAndSet(false, true)) {
      stop();
    }
  }

  /**
   * Follows the work to its end and completes the future. Native resources are released before that, because a
   * dependent may start the same work again at once.
   */
  private void toTheEnd() {
    T value = null;
    Throwable failure = null;
    try {
      follow();
      value = outcome();
    } catch (Throwable error) {
      failure = error;
    }
    handle.closeHere();
    ended.complete(value);
    if (!decided.compareAndSet(false, true)) {
      return; // because the caller has completed the future
    }
    if (failure == null) {
      super.complete(value);
    } else {
      super.completeExceptionally(failure);
    }
  }

  /**
   * Returns a future that completes when the work has ended and released its files. After a cancel this may take a
   * moment. Then another export into the same directory can start.
   *
   * @return a future without a value that never fails
   */
  public final CompletableFuture<Void> ended() {
    if (ended.isDone()) {
      return CompletableFuture.completedFuture(null);
    }
    // On a thread of its own, because a dependent may wait for this future.
    return ended.thenApplyAsync(value -> null, work -> onThreadOfItsOwn(what + "-ended", work));
  }

  /** The kind and the state of the work, without its result and without the message of an error. */
  @Override
  public String toString() {
    return "BcdaFuture[" + what + ", " + state() + "]";
  }

  private String state() {
    if (!isDone()) {
      return "running";
    }
    try {
      join();
      return "done";
    } catch (CancellationException canceled) {
      return "canceled";
    } catch (CompletionException failed) {
      Throwable cause = failed.getCause();
      return "failed: " + (cause instanceof BcdaException error ? error.code() : cause.getClass().getSimpleName());
    }
  }

  /**
   * Waits for the result. If the thread is interrupted, cancels the work, unless it has just succeeded, and waits until
   * the work has released its resources.
   */
  final T await() throws InterruptedException {
    try {
      return get();
    } catch (InterruptedException interrupted) {
      cancel(true);
      T done = ended.join();
      if (done == null) {
        throw interrupted;
      }
      Thread.currentThread().interrupt(); // the work has succeeded, but the caller must still learn of the interrupt
      return done;
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
