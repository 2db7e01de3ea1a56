#!/usr/bin/env python3
"""Replays and derives from a log, beside what else could be done with it, in one run.

    python3 benches/peers/logs.py [GIGABYTES]

Writes a made-up log of one job, reads it once so that it is in the page cache, and runs everything five times in turn:
counting lines with memchr, `wc -l`, DuckDB grouping the same fields by regular expressions (if the Python package duckdb
is there), and can-access. Prints the medians of the CPU time, and what they are of counting lines.
"""

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DUCKDB = r"""
import sys, duckdb
pattern = r'^\S+ (\S+) \[[^\]]*\] \S+ (\S+) \S+ (\S+) (\S+) "(?:[^"]*)" (\S+) (\S+)'
duckdb.sql(f'''
    SET threads = 1;
    CREATE TABLE parts AS
        SELECT regexp_extract(line, '{pattern}', ['bucket', 'requester', 'operation', 'key', 'status', 'error']) AS part
        FROM read_csv('{sys.argv[1]}', columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '', header = false);
    SELECT part.bucket, part.requester, part.operation, part.status, split_part(part.key, '/', 1), count(*)
        FROM parts GROUP BY ALL
''')
"""


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 2) * 1e9)
    peers = ["cargo", "build", "--release", "--manifest-path", "benches/peers/Cargo.toml"]
    for cargo in [["cargo", "build", "--release"], ["cargo", "build", "--release", "--example", "generate-logs"], peers]:
        subprocess.run(cargo, cwd=ROOT, check=True, capture_output=True)
    program, count = ROOT / "target/release/can-access", ROOT / "benches/peers/target/release/peers"
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        log, policy = os.path.join(folder, "some.log"), os.path.join(folder, "policy.json")
        with open(log, "wb") as out:
            generate = [ROOT / "target/release/examples/generate-logs", "deployment", "1000", "9", "--size", str(size)]
            subprocess.run(generate, check=True, stdout=out)
        subprocess.run([program, "derive", "-q", "-o", policy, log], check=True)
        replay = [program, "replay", "-q", "-p", policy, log]
        derive = [program, "derive", "-q", "-o", policy, log]
        runs = {
            "counting lines with memchr": [count, "--count-lines", log],
            "wc -l": ["wc", "-l", log],
            "can-access replay, one thread": [*replay, "--threads", "1"],
            "can-access replay, two threads": [*replay, "--threads", "2"],
            "can-access derive, one thread": [*derive, "--threads", "1"],
            "can-access derive, two threads": [*derive, "--threads", "2"],
        }
        if subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode == 0:
            runs["DuckDB, one thread"] = [sys.executable, "-c", DUCKDB, log]
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for turn in range(5):
            for name, command in runs.items():
                # Once is enough for what takes a minute.
                if name.startswith("DuckDB") and turn > 0:
                    continue
                before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                times[name].append((cpu, wall))
    medians = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in times.items()}
    base = medians["counting lines with memchr"]
    print(f"| {size / 1e9:.1f} GB | CPU time | ratio | wall time | ratio |\n|---|---:|---:|---:|---:|")
    for name, (cpu, wall) in medians.items():
        print(f"| {name} | {cpu:.2f} s | {cpu / base[0]:.1f} | {wall:.2f} s | {wall / base[1]:.1f} |")


main()
