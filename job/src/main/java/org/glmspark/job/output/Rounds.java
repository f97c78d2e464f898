package org.glmspark.job.output;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/// The rounds of an output: each a folder `round=N`, which Spark reads as a column of that name.
public final class Rounds {
  /// What tells of which run a round is.
  static final String ROUND_FILE = "_round.json";

  private final FileSystem files;
  private final Path folder;
  private final String column;
  private final Pattern name;

  /// @param folder of the output
  /// @param column the name that readers see the number of a round under
  public Rounds(FileSystem files, Path folder, String column) {
    this.files = files;
    this.folder = folder;
    this.column = column;
    this.name = Pattern.compile(Pattern.quote(column) + "=([1-9][0-9]{0,8})");
  }

  /// The folder that all rounds lie in.
  public Path folder() {
    return folder;
  }

  /// The name that readers see the number of a round under.
  public String column() {
    return column;
  }

  /// Those that are committed, in their order.
  public List<Round> committed() throws IOException {
    List<Round> found = new ArrayList<>();
    if (!files.exists(folder)) {
      return found;
    }
    for (FileStatus child : files.listStatus(folder)) {
      Matcher number = name.matcher(child.getPath().getName());
      if (child.isDirectory() && number.matches()) {
        found.add(new Round(Integer.parseInt(number.group(1)), child.getPath()));
      }
    }
    found.sort(Comparator.comparingInt(Round::number));
    return found;
  }

  /// What was said of a round when it was written, JSON.
  public byte[] description(Round round) throws IOException {
    try (FSDataInputStream in = files.open(new Path(round.folder(), ROUND_FILE))) {
      return in.readAllBytes();
    }
  }
}
