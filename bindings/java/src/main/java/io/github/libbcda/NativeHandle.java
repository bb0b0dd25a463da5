package io.github.libbcda;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/**
 * Owns one native object. The object is destroyed once, when the handle is closed (or was garbage-collected) and no
 * call uses it. So a thread may close the handle while another thread is in a call.
 */
final class NativeHandle implements AutoCloseable {
  // Cleaner makes the thread a daemon.
  private static final Cleaner CLEANER = Cleaner.create(work -> new Thread(work, "bcda-cleaner"));

  private final Owned owned;
  private final Cleaner.Cleanable closing;

  /** Takes ownership of the object at {@code address}; {@code what} names it in messages. */
  NativeHandle(String what, long address, LongConsumer destroy) {
    owned = new Owned(what, address, destroy);
    closing = CLEANER.register(this, owned);
  }

  /** Runs {@code call} with the address and returns its result. */
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

  /** {@link #run}, unless the handle is closed. */
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

  /** Closes, waits until no other thread is in a call, and destroys the object on this thread. */
  void closeHere() {
    owned.closeAndWait();
    closing.clean();
  }

  /** The state that the cleaner keeps. It must not refer to the handle, or the handle would stay reachable. */
  private static final class Owned implements Runnable {
    private final String what;
    private final long address;
    private final LongConsumer destroy;
    private int users = 1; // the owner counts as one user
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
    public void run() { // the cleaner calls this only once
      synchronized (this) {
        closed = true;
      }
      leave();
    }
  }
}
