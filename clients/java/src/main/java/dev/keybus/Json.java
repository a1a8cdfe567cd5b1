package dev.keybus;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** JSON whose numbers are exact, and the Java values that stand for it. */
public final class Json {

  static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  // Events are as large as their bus takes them: the parser adds no limit on digits or texts.
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNumberLength(Integer.MAX_VALUE)
                          .maxStringLength(Integer.MAX_VALUE)
                          .maxNameLength(Integer.MAX_VALUE)
                          .build())
                  .enable(StreamReadFeature.USE_FAST_BIG_NUMBER_PARSER)
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private Json() {}

  /**
   * Reads JSON text.
   *
   * @throws KeybusException if it is no JSON
   */
  public static JsonNode parse(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node == null || node.isMissingNode()) {
        throw new KeybusException("there is no JSON in an empty text");
      }
      return node;
    } catch (JsonProcessingException error) {
      // Where in which source: the text has no name, and Jackson says at length that it hides it.
      String why = error.getOriginalMessage().replaceAll("\\[Source: [^;\\]]*; ", "[");
      throw new KeybusException("this is no JSON: " + why, error);
    } catch (NumberFormatException error) {
      throw new KeybusException("a number's exponent is too large", error);
    }
  }

  /** Writes JSON text, every number as exact as it was read. */
  public static String write(JsonNode node) {
    try {
      return MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException error) {
      throw new KeybusException("this cannot be written: " + error.getOriginalMessage(), error);
    }
  }

  /** A copy of any JSON. */
  public static JsonNode copy(JsonNode node) {
    return node.deepCopy();
  }

  /** Reads what is written as a text. */
  public static <T> Function<JsonNode, T> text(Function<String, ? extends T> of) {
    return node -> of.apply(node.textValue());
  }

  /** Reads an array, item by item; an item that is null is null. */
  public static <T> Function<JsonNode, List<T>> listOf(Function<JsonNode, ? extends T> item) {
    return node -> {
      List<T> items = new ArrayList<>(node.size());
      node.forEach(each -> items.add(each.isNull() ? null : item.apply(each)));
      return Collections.unmodifiableList(items);
    };
  }

  /** Reads an object, value by value, in its order; a value that is null is null. */
  public static <T> Function<JsonNode, Map<String, T>> mapOf(
      Function<JsonNode, ? extends T> value) {
    return node -> {
      Map<String, T> values = new LinkedHashMap<>();
      node.properties()
          .forEach(
              each ->
                  values.put(
                      each.getKey(),
                      each.getValue().isNull() ? null : value.apply(each.getValue())));
      return Collections.unmodifiableMap(values);
    };
  }

  /**
   * The JSON of a Java value: text, numbers, booleans, nodes, generated objects, and collections
   * and maps of such.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static JsonNode of(Object value) {
    if (value == null) {
      return NullNode.getInstance();
    } else if (value instanceof JsonNode node) {
      return node.deepCopy();
    } else if (value instanceof KeybusObject object) {
      return object.toNode();
    } else if (value instanceof WireValue listed) {
      return TextNode.valueOf(listed.value());
    } else if (value instanceof String text) {
      return TextNode.valueOf(text);
    } else if (value instanceof Boolean bool) {
      return BooleanNode.valueOf(bool);
    } else if (value instanceof Long || value instanceof Integer) {
      return NODES.numberNode(((Number) value).longValue());
    } else if (value instanceof BigInteger integer) {
      return NODES.numberNode(integer);
    } else if (value instanceof BigDecimal decimal) {
      return DecimalNode.valueOf(decimal);
    } else if (value instanceof Iterable<?> items) {
      ArrayNode array = NODES.arrayNode();
      items.forEach(item -> array.add(of(item)));
      return array;
    } else if (value instanceof Map<?, ?> values) {
      ObjectNode object = NODES.objectNode();
      values.forEach((name, each) -> object.set(String.valueOf(name), of(each)));
      return object;
    }
    throw new IllegalArgumentException(value.getClass().getName() + " is no JSON value");
  }
}
