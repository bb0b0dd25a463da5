package io.github.libbcda;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Work of the library in the background: what the {@code …Async} calls give. It completes on the work's own daemon thread.
 * Completing it in any other way ({@code cancel}, {@code orTimeout}, {@code complete}) cancels the work, unless it is
 * {@code completeAsync} or {@code obtrudeValue}; a future made from it ({@code thenApply}, ...) does not.
 *
 * <p>Do not wait for it in a listener or a sink of the same work, which run on that thread: that would never end.
 *
 * @param <T> what comes of it
 */
public abstract class BcdaFuture<T> extends CompletableFuture<T> {
  private static final AtomicLong NUMBER = new AtomicLong();

  final NativeHandle handle;
  final Calls calls = new Calls();
  private final String what; // such as "export", for names of threads and toString
  private final AtomicBoolean decided = new AtomicBoolean();
  private final CompletableFuture<T> ended = new CompletableFuture<>(); // with null when it failed

  BcdaFuture(String what, NativeHandle handle) {
    this.what = what;
    this.handle = handle;
  }

  /** Tells listeners what happens until the work has ended; by {@link #calls}. */
  abstract void follow();

  /** What came of it, or throws how it failed. */
  abstract T outcome();

  /** Asks the library to stop the work. Thread-safe; nothing when it has ended. */
  abstract void cancelWork();

  /** Has the work end: what waits, in the library or in the user's code, is told. */
  final void stop() {
    cancelWork();
    calls.end();
  }

  /** To be called once, by whoever made this. */
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

  // All ways to complete it.

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
   * What comes of the work counts no more, whose end may come sooner than the completion for which it is stopped. It is stopped
   * first, since what hangs on the future may take its time.
   */
  private void overrule() {
    if (decided.compareAndSet(false, true)) {
      stop();
    }
  }

  /** Native resources are gone before the future completes: what hangs on it may begin again at once. */
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
      return; // to whoever overruled it
    }
    if (failure == null) {
      super.complete(value);
    } else {
      super.completeExceptionally(failure);
    }
  }

  /**
   * Completes when the work has ended and let go of its files, which may be a moment after a cancel: another export into the
   * same directory may begin then.
   *
   * @return a future that never fails, for as many waiters as there are; it has no value
   */
  public final CompletableFuture<Void> ended() {
    if (ended.isDone()) {
      return CompletableFuture.completedFuture(null);
    }
    // What hangs on it may wait for this future.
    return ended.thenApplyAsync(value -> null, work -> onThreadOfItsOwn(what + "-ended", work));
  }

  /** What the work is, and how far: without what it fetched, and without an error's message. */
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

  /** Waits; when interrupted, cancels, unless it was just done, and waits until the work has let go of everything. */
  final T await() throws InterruptedException {
    try {
      return get();
    } catch (InterruptedException interrupted) {
      cancel(true);
      T done = ended.join();
      if (done == null) {
        throw interrupted;
      }
      Thread.currentThread().interrupt(); // too late to stop it, not too late to tell the caller
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
