#!/usr/bin/env python3
"""Replays and derives from a log, beside what else could be done with it, in one run.

    python3 benches/peers/logs.py [GIGABYTES [ROUNDS]]

Writes a made-up log of one job, plain, packed and as events of CloudTrail (a fifth of the size), reads everything once so
that it is in the page cache, and runs everything in turn, nine times unless told otherwise: counting lines with memchr,
splitting all fields, `wc -l`, the same log of two hundred who do that job at once, DuckDB grouping the same fields by regular expressions (if the Python package duckdb is there; once), unpacking,
reading five members of each event with serde_json, and can-access. Prints the medians of the times, and the medians of how
many times each took what stood beside it in the same round: a machine is not equally fast all the time.
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

COUNT, SPLIT, OF_MANY = "counting lines", "splitting all fields", "counting lines, 200 jobs"
UNPACK, TYPED, DUCK = "unpacking", "`serde_json`, five members of each event", "DuckDB, one thread"


def run(command: list) -> tuple[float, float]:
    """The CPU time of a command and how long it took; of what tells its CPU time itself, that is taken."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if "--typed-events" in command:
        cpu = float(said.split()[-2])
    return cpu, wall


def write(path: str, command: list) -> None:
    """Writes what a command prints, in large pieces: a file is read faster then than one written in small ones."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process, open(path, "wb", buffering=0) as out:
        while piece := process.stdout.read(8 << 20):
            out.write(piece)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)


def main() -> None:
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 2) * 1e9)
    rounds = int(sys.argv[2] if len(sys.argv) > 2 else 9)
    peers = ["cargo", "build", "--release", "--manifest-path", "benches/peers/Cargo.toml"]
    for cargo in [["cargo", "build", "--release"], ["cargo", "build", "--release", "--example", "generate-logs"], peers]:
        subprocess.run(cargo, cwd=ROOT, check=True, capture_output=True)
    program, peer = ROOT / "target/release/can-access", ROOT / "benches/peers/target/release/peers"
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        names = ["some.log", "many.log", "some.log.gz", "some.json", "some.jsonl", "policy.json", "of-many.json"]
        plain, many, packed, document, events, policy, of_many = (os.path.join(folder, name) for name in names)
        generate = [ROOT / "target/release/examples/generate-logs", "deployment", "1", "9", "--size"]
        write(plain, [*generate, str(size)])
        write(many, [*generate, str(size), "--of-many", "200"])
        with open(packed, "wb") as out:
            subprocess.run(["gzip", "-c", plain], check=True, stdout=out)
        with open(document, "wb") as out:
            subprocess.run([*generate, str(size // 5), "--cloudtrail"], check=True, stdout=out)
        # An event a line.
        with open(document) as text, open(events, "w") as out:
            records = text.read().strip().removeprefix('{"Records":[').removesuffix("]}")
            out.write(records.replace("},\n{", "}\n{") + "\n")
        subprocess.run([program, "derive", "-q", "-o", policy, plain], check=True)
        subprocess.run([program, "derive", "-q", "-o", of_many, many], check=True)
        # What is run, beside what, and whether its CPU time or how long it takes counts.
        cpu, wall = 0, 1
        runs = {
            COUNT: ([peer, "--count-lines", plain], None, cpu),
            "`wc -l`": (["wc", "-l", plain], COUNT, cpu),
            SPLIT: ([peer, "--split-fields", plain], COUNT, cpu),
            OF_MANY: ([peer, "--count-lines", many], None, cpu),
            UNPACK: ([peer, "--unpack", packed], None, wall),
            TYPED: ([peer, "--typed-events", events], None, cpu),
        }
        for command, options in [("replay", ["-p", policy]), ("derive", ["-o", policy])]:
            start = [program, command, "-q", *options, "--threads"]
            name = f"`{command} --threads"
            runs |= {
                f"{name} 1`": ([*start, "1", plain], COUNT, cpu),
                f"{name} 2`": ([*start, "2", plain], f"{name} 1`", wall),
                f"{name} 1`, 200 jobs": ([program, command, "-q", options[0], of_many, "--threads", "1", many], OF_MANY, cpu),
                f"{name} 1`, packed": ([*start, "1", packed], UNPACK, wall),
                f"{name} 2`, packed": ([*start, "2", packed], UNPACK, wall),
                f"{name} 1`, CloudTrail": ([*start, "1", events], TYPED, cpu),
                f"{name} 2`, CloudTrail": ([*start, "2", events], f"{name} 1`, CloudTrail", wall),
            }
        if subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode == 0:
            runs[DUCK] = ([sys.executable, "-c", DUCKDB, plain], COUNT, cpu)
        for path in [plain, many, packed, events]:
            run(["wc", "-c", path])
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for turn in range(rounds):
            for name, (command, _, _) in runs.items():
                # Once is enough for what takes a minute.
                if name != DUCK or turn == 0:
                    times[name].append(run(command))
    print(f"| {size / 1e9:.1f} GB, {rounds} rounds | CPU time | duration | times |\n|---|---:|---:|---|")
    for name, (_, beside, which) in runs.items():
        own, other = times[name], times.get(beside, [])
        ratios = sorted(one[which] / two[which] for one, two in zip(own, other))
        told = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) {beside}" if ratios else ""
        seconds = [statistics.median(column) for column in zip(*own)]
        print(f"| {name} | {seconds[cpu]:.2f} s | {seconds[wall]:.2f} s | {told} |")


main()
