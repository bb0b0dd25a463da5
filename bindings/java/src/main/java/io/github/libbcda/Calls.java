package io.github.libbcda;

/** Calls a listener or a sink on the thread of the work. When the work is canceled, the running call is interrupted. */
final class Calls {
  interface Call<E extends Exception> {
    void make() throws E;
  }

  private Thread busy;
  private boolean ending;

  /** Makes {@code call}. Returns false, without making it, if the work was canceled. */
  <E extends Exception> boolean make(Call<E> call) throws E {
    if (!enter()) {
      return false;
    }
    try {
      call.make();
    } finally {
      leave();
    }
    return true;
  }

  private synchronized boolean enter() {
    busy = ending ? null : Thread.currentThread();
    return !ending;
  }

  /** Clears the interrupt status, because an interrupt must not affect anything after the call. */
  private synchronized void leave() {
    busy = null;
    Thread.interrupted();
  }

  /** Prevents further calls and interrupts the running call, because the work was canceled. */
  synchronized void end() {
    ending = true;
    if (busy != null && busy != Thread.currentThread()) {
      busy.interrupt();
    }
  }
}
