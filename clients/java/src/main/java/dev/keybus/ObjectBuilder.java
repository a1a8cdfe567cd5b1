package dev.keybus;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Puts a generated object together: the base of every generated builder. */
public abstract class ObjectBuilder {

  final ObjectNode object;

  /** A builder of an object without properties. */
  protected ObjectBuilder() {
    this.object = Json.NODES.objectNode();
  }

  /** A builder that begins with what an object has. */
  protected ObjectBuilder(KeybusObject origin) {
    this.object = origin.toNode();
  }

  /** Gives a property a value; null leaves it out. */
  protected final void set(String name, Object value) {
    if (value == null) {
      object.remove(name);
    } else {
      object.set(name, Json.of(value));
    }
  }

  /** Gives a property a value; null is a value too. */
  protected final void setNullable(String name, Object value) {
    object.set(name, Json.of(value));
  }

  /** What was put together so far. */
  protected final Fields fields() {
    return new Fields(object.deepCopy());
  }
}
