package dev.keybus;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * What every reader of JSON can take: text that is Unicode, which half of a surrogate pair is not,
 * and numbers that are not too long to be worked through.
 */
final class Portable {

  private static final int MOST_DIGITS = 4_300; // of a number that is written out, as on the bus

  private Portable() {}

  /** A fault for each text, name and number of a value that others could not take. */
  static List<Fault> faults(JsonNode value) {
    List<Fault> faults = new ArrayList<>();
    collect(value, "", faults);
    return faults;
  }

  private static void collect(JsonNode value, String pointer, List<Fault> faults) {
    if (value.isTextual() && isBroken(value.textValue())) {
      faults.add(new Fault(pointer, "half of a surrogate pair stands alone: this is no Unicode"));
    } else if (value.isNumber() && isLong(value)) {
      faults.add(new Fault(pointer, "written out, the number has more than 4,300 digits"));
    } else if (value.isArray()) {
      for (int index = 0; index < value.size(); index++) {
        collect(value.get(index), pointer + "/" + index, faults);
      }
    } else if (value.isObject()) {
      value.properties().forEach(each -> member(each.getKey(), each.getValue(), pointer, faults));
    }
  }

  private static void member(String name, JsonNode value, String pointer, List<Fault> faults) {
    if (isBroken(name)) {
      faults.add(new Fault(pointer, "a name has half of a surrogate pair: this is no Unicode"));
    } else {
      collect(value, pointer + "/" + name.replace("~", "~0").replace("/", "~1"), faults);
    }
  }

  private static boolean isBroken(String text) {
    return text.codePoints().anyMatch(point -> point >= 0xD800 && point <= 0xDFFF);
  }

  private static boolean isLong(JsonNode value) {
    if (value.isInt() || value.isLong()) {
      return false;
    }
    BigDecimal number = value.decimalValue();
    long whole = (long) number.precision() - number.scale();
    return Math.max(whole, Math.max(number.precision(), number.scale())) > MOST_DIGITS;
  }
}
