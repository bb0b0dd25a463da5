package io.github.libbcda;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/**
 * Owns one native object. It is destroyed once, when it has been closed (or was forgotten) and no call uses it any more: a
 * thread that closes it under another one's hands does no harm.
 */
final class NativeHandle implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create(work -> new Thread(work, "bcda-cleaner")); // makes it a daemon

  private final Owned owned;
  private final Cleaner.Cleanable closing;

  /** Takes over {@code address}; {@code what} names it in messages. */
  NativeHandle(String what, long address, LongConsumer destroy) {
    owned = new Owned(what, address, destroy);
    closing = CLEANER.register(this, owned);
  }

  /** Runs {@code call} with the address. */
  <T> T call(LongFunction<T> call) {
    long address = owned.enter();
    try {
      return call.apply(address);
    } finally {
      owned.leave();
      Reference.reachabilityFence(this);
    }
  }

  /** {@link #call} without a result. */
  void run(LongConsumer call) {
    call(
        address -> {
          call.accept(address);
          return null;
        });
  }

  /** {@link #run}, unless it is closed. */
  void runIfOpen(LongConsumer call) {
    if (!owned.enterIfOpen()) {
      return;
    }
    try {
      call.accept(owned.address);
    } finally {
      owned.leave();
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void close() {
    closing.clean();
  }

  /** Closes, waits until no other thread is in a call, and destroys on this one. */
  void closeHere() {
    owned.closeAndWait();
    closing.clean();
  }

  /** What the cleaner keeps, which must not know the handle itself. */
  private static final class Owned implements Runnable {
    private final String what;
    private final long address;
    private final LongConsumer destroy;
    private int users = 1; // the owner is one
    private boolean closed;

    Owned(String what, long address, LongConsumer destroy) {
      this.what = what;
      this.address = address;
      this.destroy = destroy;
    }

    synchronized boolean enterIfOpen() {
      if (!closed) {
        users++;
      }
      return !closed;
    }

    long enter() {
      if (!enterIfOpen()) {
        throw new IllegalStateException("the " + what + " is closed");
      }
      return address;
    }

    void leave() {
      boolean last;
      synchronized (this) {
        last = --users == 0;
        notifyAll();
      }
      if (last) {
        destroy.accept(address);
      }
    }

    synchronized void closeAndWait() {
      closed = true;
      boolean interrupted = false;
      while (users > 1) {
        try {
          wait();
        } catch (InterruptedException later) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void run() { // once: the cleaner sees to that
      synchronized (this) {
        closed = true;
      }
      leave();
    }
  }
}
