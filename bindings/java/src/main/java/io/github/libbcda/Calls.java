package io.github.libbcda;

/** Calls of a listener or a sink, on the thread of the work. When that is to end, the one under way is interrupted. */
final class Calls {
  interface Call<E extends Exception> {
    void make() throws E;
  }

  private Thread busy;
  private boolean ending;

  /** Makes {@code call}. False: it does not, since the work is to end. */
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

  /** No interrupt outlives the call for which it was meant. */
  private synchronized void leave() {
    busy = null;
    Thread.interrupted();
  }

  /** The work is to end: no more calls. */
  synchronized void end() {
    ending = true;
    if (busy != null && busy != Thread.currentThread()) {
      busy.interrupt();
    }
  }
}
