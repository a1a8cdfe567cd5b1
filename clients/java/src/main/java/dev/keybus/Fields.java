package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;

/** What a generated object holds: the JSON object itself, with all that was read. */
public final class Fields {

  private final ObjectNode object;

  Fields(ObjectNode object) {
    this.object = object;
  }

  /** The fields of a copy of a JSON object. */
  public static Fields of(JsonNode node) {
    if (node instanceof ObjectNode object) {
      return new Fields(object.deepCopy());
    }
    throw new KeybusException("expected a JSON object and found " + Json.write(node));
  }

  /**
   * A property that is there.
   *
   * @throws NoSuchElementException if it is not, in an object that was not checked yet
   */
  public <T> T get(String name, Function<JsonNode, T> reader) {
    JsonNode value = object.get(name);
    if (value == null) {
      throw new NoSuchElementException("there is no '" + name + "'");
    }
    return reader.apply(value);
  }

  /** A property that may be absent or null. */
  public <T> Optional<T> find(String name, Function<JsonNode, T> reader) {
    JsonNode value = object.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(reader.apply(value));
  }

  /** A property that may be absent, and any JSON where it is there, null included. */
  public Optional<JsonNode> findNode(String name) {
    return Optional.ofNullable(object.get(name)).map(Json::copy);
  }

  /** Whether a property is there and is null. */
  public boolean isNull(String name) {
    JsonNode value = object.get(name);
    return value != null && value.isNull();
  }

  /** The object itself; not to be changed. */
  ObjectNode object() {
    return object;
  }
}
