package dev.keybus;

import java.util.concurrent.ThreadLocalRandom;

/** Pauses that grow, with jitter. */
final class Backoff {

  private static final long FIRST_MILLIS = 100;
  private static final long LONGEST_MILLIS = 5_000;

  /**
   * Waits before another try.
   *
   * @param failures how many have failed so far
   * @throws KeybusException if the thread is interrupted
   */
  void pause(int failures) {
    long most = Math.min(LONGEST_MILLIS, FIRST_MILLIS << Math.min(failures - 1, 10));
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new KeybusException("interrupted while waiting for another try", error);
    }
  }
}
