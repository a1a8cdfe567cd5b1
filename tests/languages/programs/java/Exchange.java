import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybus.EventContract;
import dev.keybus.InvalidEventException;
import dev.keybus.Json;
import dev.keybus.KeybusEvent;
import dev.keybus.KeybusException;
import dev.keybus.KeybusObject;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads events by their classes, reads each of their properties, copies them and writes them. */
public final class Exchange {

  private static final Set<String> NOT_READ =
      Set.of("toBuilder", "hashCode", "toString", "getClass", "notify", "notifyAll", "wait");

  private Exchange() {}

  public static void main(String[] words) throws Exception {
    Map<String, String> classes = new HashMap<>();
    for (String line : Files.readAllLines(Path.of(words[0]))) {
      String[] parts = line.split(" ");
      classes.put(parts[0], parts[1]);
    }
    StringBuilder out = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(words[1]))) {
      JsonNode row = Json.parse(line);
      Class<?> type = Class.forName(classes.get(row.get("type").textValue()));
      out.append(Json.write(answer(type, row.get("detail")))).append('\n');
    }
    System.out.write(out.toString().getBytes("UTF-8"));
    System.out.flush();
  }

  private static ObjectNode answer(Class<?> type, JsonNode detail) throws Exception {
    ObjectNode answer = JsonMapper.builder().build().createObjectNode();
    try {
      EventContract<?> contract = (EventContract<?>) type.getField("CONTRACT").get(null);
      KeybusEvent event = contract.read(Json.write(detail));
      readAll(event);
      return answer.put("ok", true).put("json", copy(event).toJson());
    } catch (InvalidEventException invalid) {
      answer.put("ok", false).put("error", invalid.getMessage());
      invalid.faults().forEach(fault -> answer.withArray("pointers").add(fault.pointer()));
      return answer;
    } catch (KeybusException error) {
      answer.put("ok", false).put("error", error.getMessage()).putArray("pointers");
      return answer;
    }
  }

  private static KeybusEvent copy(KeybusEvent event) throws Exception {
    Object builder = event.getClass().getMethod("toBuilder").invoke(event);
    for (String name : List.of("id", "time")) {
      Object value = event.getClass().getMethod(name).invoke(event);
      builder.getClass().getMethod(name, String.class).invoke(builder, value);
    }
    try {
      return (KeybusEvent) builder.getClass().getMethod("build").invoke(builder);
    } catch (InvocationTargetException error) {
      if (error.getCause() instanceof InvalidEventException) {
        return event; // a list has grown, which new events keep to
      }
      throw error;
    }
  }

  private static void readAll(Object value) throws Exception {
    if (value instanceof Optional<?> optional) {
      readAll(optional.orElse(null));
    } else if (value instanceof List<?> items) {
      for (Object item : items) {
        readAll(item);
      }
    } else if (value instanceof Map<?, ?> values) {
      for (Object each : values.values()) {
        readAll(each);
      }
    } else if (value instanceof KeybusObject) {
      for (Method method : value.getClass().getMethods()) {
        boolean isStatic = Modifier.isStatic(method.getModifiers());
        if (!isStatic && method.getParameterCount() == 0 && !NOT_READ.contains(method.getName())) {
          readAll(method.invoke(value));
        }
      }
    }
  }
}
