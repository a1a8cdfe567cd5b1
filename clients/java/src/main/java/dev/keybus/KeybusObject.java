package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** An immutable JSON object: the base of every generated class. */
public abstract class KeybusObject {

  /** The object's properties, declared or not. */
  protected final Fields fields;

  /** An object of these fields. */
  protected KeybusObject(Fields fields) {
    this.fields = fields;
  }

  /** The object as JSON text, with properties that its contract does not declare. */
  public final String toJson() {
    return Json.write(fields.object());
  }

  /** A copy as a JSON tree. */
  public final ObjectNode toNode() {
    return fields.object().deepCopy();
  }

  @Override
  public final boolean equals(Object other) {
    return other != null
        && other.getClass() == getClass()
        && ((KeybusObject) other).fields.object().equals(fields.object());
  }

  @Override
  public final int hashCode() {
    JsonNode object = fields.object();
    return object.hashCode();
  }

  @Override
  public final String toString() {
    return getClass().getSimpleName() + toJson();
  }
}
