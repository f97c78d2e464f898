"""Stores documents.jsonl as Parquet files of equal size, for Spark to read.  Needs pyarrow.

    python3 parquet.py DOCUMENTS_JSONL OUT_DIR [FILES]

`received` becomes a timestamp in UTC, `fields`, whose names differ from kind to kind, a map of strings."""
import datetime, json, os, sys
import pyarrow, pyarrow.parquet

source, out = sys.argv[1:3]
files = int(sys.argv[3]) if len(sys.argv) > 3 else 4
schema = pyarrow.schema([
    pyarrow.field("id", pyarrow.string(), nullable=False),
    ("received", pyarrow.timestamp("us", tz="UTC")), ("language", pyarrow.string()), ("kind", pyarrow.string()),
    ("sentiment", pyarrow.string()), ("body", pyarrow.string()),
    ("fields", pyarrow.map_(pyarrow.string(), pyarrow.string())), ("reference_summary", pyarrow.string())])
with open(source, encoding="utf-8") as lines:
    rows = [json.loads(line) for line in lines]
for row in rows:
    row["received"] = datetime.datetime.fromisoformat(row["received"].replace("Z", "+00:00"))
    row["fields"] = list(row["fields"].items())
os.makedirs(out, exist_ok=True)
for i in range(files):
    part = rows[i * len(rows) // files:(i + 1) * len(rows) // files]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(part, schema=schema),
                                os.path.join(out, "part-%d.parquet" % (i + 1)), compression="zstd")
