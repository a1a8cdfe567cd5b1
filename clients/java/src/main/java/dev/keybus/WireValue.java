package dev.keybus;

/** One of the values that a contract lists. */
public interface WireValue {

  /** The value as it stands in JSON. */
  String value();
}
