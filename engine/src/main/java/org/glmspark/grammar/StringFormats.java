package org.glmspark.grammar;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The string formats of JSON schemas that answers can be held to, as regular expressions. Some are
/// narrower than what the format allows, so that every validator takes what they match.
final class StringFormats {
  /// Sources: RFC 3339 for times, RFC 9562 for UUIDs, RFC 5321 and RFC 1123 for addresses and hosts
  /// of letters, digits, hyphens and dots, RFC 3986 for http and https URIs without escapes.
  private static final Map<String, String> PATTERNS = new TreeMap<>();

  static {
    String leapYear = "(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
    String date =
        "(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)"
            + "|02-(0[1-9]|1\\d|2[0-8]))|"
            + leapYear
            + "-02-29)";
    String time =
        "([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|(\\+0\\d|-0[1-9]|[+-]1[0-3]):[0-5]\\d)";
    String host = "([a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,2}\\.){1,4}[a-z]{2,10}";
    String byteNumber = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    PATTERNS.put("date", date);
    PATTERNS.put("time", time);
    PATTERNS.put("date-time", date + "T" + time);
    PATTERNS.put("uuid", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    PATTERNS.put("email", "[A-Za-z0-9_+-]{1,30}(\\.[A-Za-z0-9_+-]{1,30})?@" + host);
    PATTERNS.put("hostname", host);
    PATTERNS.put("ipv4", "(" + byteNumber + "\\.){3}" + byteNumber);
    PATTERNS.put("uri", "https?://" + host + "(/[A-Za-z0-9._~-]{0,60}){0,12}");
  }

  private StringFormats() {}

  static Iterable<String> names() {
    return PATTERNS.keySet();
  }

  /// What a string of a format may be, or null if the format is not known.
  static @Nullable RegexNode content(String name) {
    String pattern = PATTERNS.get(name);
    return pattern == null ? null : RegexParser.whole(pattern);
  }
}
