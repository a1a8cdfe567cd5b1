package dev.keybus;

import java.util.Objects;

/**
 * A value of a list that its contract declares to grow: one that is listed, or one that a later
 * version has added. Events are read with either and created with those that are listed.
 */
public abstract class OpenValue implements WireValue {

  private final String value;

  /** A value, listed or not. */
  protected OpenValue(String value) {
    this.value = Objects.requireNonNull(value, "value");
  }

  @Override
  public final String value() {
    return value;
  }

  @Override
  public final boolean equals(Object other) {
    return other != null
        && other.getClass() == getClass()
        && ((OpenValue) other).value.equals(value);
  }

  @Override
  public final int hashCode() {
    return value.hashCode();
  }

  @Override
  public final String toString() {
    return value;
  }
}
