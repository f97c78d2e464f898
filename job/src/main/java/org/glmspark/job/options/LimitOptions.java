package org.glmspark.job.options;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// When a run stops though rows are left: what is done is committed, and the next run goes on.
///
/// @param deadline when no more rows are begun: a time of day, the next one; a date and time, in
///   the driver's time zone where it names none; or a duration from the start; or null for never
/// @param maxTokens most tokens of all prompts and completions together; 0 for any number
public record LimitOptions(
    @Key(
            value =
                "begin no row after this: 06:00, 2026-12-24T06:00, 2026-12-24T06:00Z, or a duration"
                    + " such as 5h30m",
            defaultValue = "null")
        @Nullable String deadline,
    @Key(
            value = "most tokens of prompts and completions in all; 0 for any number",
            defaultValue = "0")
        long maxTokens) {

  static final LimitOptions NONE = new LimitOptions(null, 0);

  public LimitOptions {
    if (deadline != null) {
      var _ = deadline(deadline, Clock.system(ZoneId.systemDefault()));
    }
    if (maxTokens < 0) {
      throw new IllegalArgumentException(
          "max-tokens is %d, expected 0 (any number) or more".formatted(maxTokens));
    }
  }

  /// The deadline of a run that starts now, or null for none.
  public @Nullable Instant deadline(Clock clock) {
    return deadline == null ? null : deadline(deadline, clock);
  }

  private static Instant deadline(String text, Clock clock) {
    try {
      if (text.matches("[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")) {
        LocalDateTime now = LocalDateTime.now(clock);
        LocalTime time = LocalTime.parse(text.length() % 3 == 1 ? "0" + text : text);
        LocalDateTime today = now.with(time);
        return (today.isAfter(now) ? today : today.plusDays(1)).atZone(clock.getZone()).toInstant();
      }
      if (text.contains("-")) {
        return text.matches(".*(Z|[+-][0-9]{2}:?[0-9]{2})")
            ? OffsetDateTime.parse(text).toInstant()
            : LocalDateTime.parse(text).atZone(clock.getZone()).toInstant();
      }
      String duration = text.toUpperCase(Locale.ROOT);
      return clock
          .instant()
          .plus(Duration.parse(duration.startsWith("P") ? duration : "PT" + duration));
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "deadline is \"%s\", expected 06:00, 2026-12-24T06:00, 2026-12-24T06:00Z or 5h30m"
              .formatted(text),
          e);
    }
  }
}
