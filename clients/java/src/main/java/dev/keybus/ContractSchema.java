package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.AnnotationKeyword;
import com.networknt.schema.path.NodePath;
import com.networknt.schema.path.PathType;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** A draft-04 schema, compiled at first use. Safe to share between threads. */
final class ContractSchema {

  private static final int MOST_FAULTS = 100;
  private static final int MOST_SHOWN = 200;

  private static final Dialect DRAFT_04 =
      Dialect.builder(Dialects.getDraft4())
          .formats(Formats::choose)
          .unknownKeywordFactory((keyword, context) -> new AnnotationKeyword(keyword))
          .build();

  private static final SchemaRegistryConfig CONFIG =
      SchemaRegistryConfig.builder()
          .formatAssertionsEnabled(true)
          .locale(Locale.ROOT)
          .pathType(PathType.JSON_POINTER)
          .regularExpressionFactory(new Patterns())
          .build();

  private final Supplier<String> text;
  private volatile Schema compiled;

  ContractSchema(Supplier<String> text) {
    this.text = text;
  }

  /** All that is wrong with a value; empty where it fits. */
  List<Fault> faults(JsonNode value) {
    try {
      return compiled().validate(value).stream()
          .limit(MOST_FAULTS)
          .map(ContractSchema::fault)
          .distinct()
          .toList();
    } catch (SchemaException | StackOverflowError error) {
      return List.of(new Fault("", "this cannot be checked: " + error));
    }
  }

  private Schema compiled() {
    Schema found = compiled;
    if (found == null) {
      // A registry of its own: documents that refer to nothing outside need no names.
      SchemaRegistry registry =
          SchemaRegistry.withDialect(DRAFT_04, builder -> builder.schemaRegistryConfig(CONFIG));
      found = registry.getSchema(SchemaLocation.of("keybus:contract"), Json.parse(text.get()));
      compiled = found;
    }
    return found;
  }

  private static Fault fault(Error error) {
    NodePath place = error.getInstanceLocation();
    if (error.getProperty() != null) {
      place = place.append(error.getProperty());
    }
    return new Fault(place.toString(), message(error));
  }

  /** The validator's own words, but where those leave out what was found. */
  private static String message(Error error) {
    return switch (String.valueOf(error.getKeyword())) {
      case "format" -> expected("the format " + error.getSchemaNode().asText(), error);
      case "enum" -> expected("one of " + shown(error.getSchemaNode()), error);
      default -> error.getMessage();
    };
  }

  private static String expected(String what, Error error) {
    return "expected " + what + " and found " + shown(error.getInstanceNode());
  }

  private static String shown(JsonNode node) {
    String text = Json.write(node);
    return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "…";
  }
}
