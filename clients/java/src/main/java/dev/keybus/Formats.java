package dev.keybus;

import com.networknt.schema.ExecutionContext;
import com.networknt.schema.format.Format;
import com.networknt.schema.format.PatternFormat;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The formats that contracts assert: draft-04's own, and date, time, uuid and duration. Any other
 * name is an annotation, as draft-04 allows.
 *
 * <p>The validator's own date-time has at most nine digits of a second, and its email knows only
 * the top-level domains of its day; so both are here.
 */
final class Formats {

  private static final Set<String> OF_THE_VALIDATOR = Set.of("hostname", "ipv4", "ipv6", "uri");

  // A UUID in its canonical text form (RFC 9562, section 4), of any version.
  private static final String UUID = "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

  // ISO 8601, section 5.5.2.2; seconds with a fraction or not.
  private static final String DURATION =
      "^P(?=[0-9T])(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
          + "(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\\.[0-9]+)?S)?)?)$";

  private Formats() {}

  /** Leaves these formats, and no others, among those that the validator knows. */
  static void choose(Map<String, Format> known) {
    known.keySet().retainAll(OF_THE_VALIDATOR);
    Format email = new Email(known.get("hostname"), known.get("ipv4"), known.get("ipv6"));
    List.of(
            PatternFormat.of("uuid", UUID, "format.uuid"),
            PatternFormat.of("duration", DURATION, "format.duration"),
            new Time("date-time", "", ""),
            new Time("date", "", "T00:00:00Z"),
            new Time("time", "1972-01-01T", ""),
            email)
        .forEach(format -> known.put(format.getName(), format));
  }

  /** A time by RFC 3339, section 5.6, with leap seconds; or what is one with the rest beside it. */
  private static final class Time implements Format {

    private static final Pattern FORM =
        Pattern.compile(
            "([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\\.[0-9]+)?"
                + "(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))");

    private final String name;
    private final String before;
    private final String after;

    Time(String name, String before, String after) {
      this.name = name;
      this.before = before;
      this.after = after;
    }

    @Override
    public String getName() {
      return name;
    }

    @Override
    public String getMessageKey() {
      return "format." + name;
    }

    @Override
    public boolean matches(ExecutionContext context, String value) {
      Matcher found = FORM.matcher(before + value + after);
      if (!found.matches()) {
        return false;
      }
      try {
        LocalDate.of(number(found, 1), number(found, 2), number(found, 3));
        int second = number(found, 6);
        LocalTime time = LocalTime.of(number(found, 4), number(found, 5), Math.min(second, 59));
        int offset = offset(found);
        boolean last = time.minusMinutes(offset).equals(LocalTime.of(23, 59, 59));
        return second < 60 || (second == 60 && last);
      } catch (DateTimeException error) {
        return false;
      }
    }

    /** Minutes before UTC. */
    private static int offset(Matcher found) {
      if (found.group(7) == null) {
        return 0;
      }
      LocalTime offset = LocalTime.of(number(found, 8), number(found, 9));
      int minutes = offset.getHour() * 60 + offset.getMinute();
      return found.group(7).equals("-") ? -minutes : minutes;
    }

    private static int number(Matcher found, int group) {
      return Integer.parseInt(found.group(group));
    }
  }

  /** A mailbox by RFC 5321, section 4.1.2. */
  private static final class Email implements Format {

    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    private static final Pattern FORM =
        Pattern.compile(
            "((?:" + ATOM + "(?:\\." + ATOM + ")*)|\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\")@(.+)");
    private static final int LONGEST_LOCAL = 64;
    private static final String IPV6 = "IPv6:";

    private final Format hostname;
    private final Format ipv4;
    private final Format ipv6;

    Email(Format hostname, Format ipv4, Format ipv6) {
      this.hostname = hostname;
      this.ipv4 = ipv4;
      this.ipv6 = ipv6;
    }

    @Override
    public String getName() {
      return "email";
    }

    @Override
    public String getMessageKey() {
      return "format.email";
    }

    @Override
    public boolean matches(ExecutionContext context, String value) {
      Matcher found = FORM.matcher(value);
      if (!found.matches() || found.group(1).length() > LONGEST_LOCAL) {
        return false;
      }
      String domain = found.group(2);
      if (!domain.startsWith("[") || !domain.endsWith("]")) {
        return hostname.matches(context, domain);
      }
      String literal = domain.substring(1, domain.length() - 1);
      return literal.startsWith(IPV6)
          ? ipv6.matches(context, literal.substring(IPV6.length()))
          : ipv4.matches(context, literal);
    }
  }
}
