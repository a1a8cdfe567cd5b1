package dev.keybus;

import com.networknt.schema.regex.JDKRegularExpressionFactory;
import com.networknt.schema.regex.JoniRegularExpressionFactory;
import com.networknt.schema.regex.RegularExpression;
import com.networknt.schema.regex.RegularExpressionFactory;
import org.joni.exception.JOniException;

/**
 * Patterns as ECMAScript reads them, which draft-04 asks for; those that Joni cannot read so, such
 * as {@code \p{L}}, as Java does.
 */
final class Patterns implements RegularExpressionFactory {

  @Override
  public RegularExpression getRegularExpression(String pattern) {
    try {
      return JoniRegularExpressionFactory.getInstance().getRegularExpression(pattern);
    } catch (JOniException error) {
      return JDKRegularExpressionFactory.getInstance().getRegularExpression(pattern);
    }
  }
}
