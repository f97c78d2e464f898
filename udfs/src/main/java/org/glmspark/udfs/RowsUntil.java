package org.glmspark.udfs;

import java.time.Instant;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;

/// The rows that are asked for before a deadline.
final class RowsUntil implements Iterator<Row> {
  private final Iterator<Row> rows;
  private final Instant deadline;

  RowsUntil(Iterator<Row> rows, Instant deadline) {
    this.rows = rows;
    this.deadline = deadline;
  }

  @Override
  public boolean hasNext() {
    return Instant.now().isBefore(deadline) && rows.hasNext();
  }

  @Override
  public Row next() {
    if (!rows.hasNext()) {
      throw new NoSuchElementException("no more rows");
    }
    return rows.next();
  }
}
