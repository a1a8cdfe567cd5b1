package dev.keybus;

/** Anything that Keybus refuses. */
public class KeybusException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** An exception that says what is wrong and what to do. */
  public KeybusException(String message) {
    super(message);
  }

  /** An exception with what caused it. */
  public KeybusException(String message, Throwable cause) {
    super(message, cause);
  }
}
