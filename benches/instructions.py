#!/usr/bin/env python3
"""Counts the instructions of a few benchmarks with callgrind, and compares them with the counts on record.

    python3 benches/instructions.py            compare; exits with 1 if something takes 3 % more
    python3 benches/instructions.py --record   write benches/instructions.json anew

Times are noisy, counts of instructions are not: the same compiler, sources and libraries give the same counts. Needs
valgrind. What setting up costs is left out: each workload is run twice, a different number of times over. Logs are gone
through by the whole program: a short one, and what each line of a long one takes when it comes again.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "benches" / "instructions.json"
TOLERANCE = 1.03
FEW, MANY = 1, 4
# How many runs of a job the logs are of.
SHORT, LONG = 40, 3000
WORKLOADS = [
    "decide/one_small_policy",
    "decide/every_layer",
    "decide/thousand_statements",
    "parse/thousand_statements",
    "compile/thousand_statements",
    "pattern/set",
]


def counted(command: list[str], folder: str) -> int:
    """How many instructions a program executes."""
    out = pathlib.Path(folder) / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *command]
    subprocess.run(valgrind, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))


def built(arguments: list[str], name: str) -> str:
    """Builds something, and tells where the program is."""
    cargo = ["cargo", *arguments, "--message-format=json"]
    lines = subprocess.run(cargo, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    found = [message["executable"] for message in map(json.loads, lines) if message.get("executable")]
    return next(path for path in found if pathlib.Path(path).name.startswith(name))


def generated(generator: str, folder: str, runs: int) -> pathlib.Path:
    """A log of so many runs."""
    log = pathlib.Path(folder) / f"{runs}.log"
    log.write_bytes(subprocess.run([generator, "deployment", str(runs), "9"], check=True, capture_output=True).stdout)
    return log


def main() -> None:
    bench = built(["bench", "--no-run", "--bench", "instructions"], "instructions")
    program = built(["build", "--release"], "can-access")
    logs = built(["build", "--release", "--example", "generate-logs"], "generate-logs")
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in WORKLOADS:
            few, many = (counted([bench, name, str(rounds)], folder) for rounds in (FEW, MANY))
            counts[name] = (many - few) // (MANY - FEW)
        policy = pathlib.Path(folder) / "policy.json"
        short, long = (generated(logs, folder, runs) for runs in (SHORT, LONG))
        twice = pathlib.Path(folder) / "twice.log"
        twice.write_bytes(long.read_bytes() * 2)
        lines = long.read_bytes().count(b"\n")
        subprocess.run([program, "derive", "-q", "-o", policy, long], check=True)
        for name, options in [("replay", ["-p", str(policy)]), ("derive", ["-o", str(policy)])]:
            command = [program, name, "-q", "--threads", "1", *options]
            whole, once, again = (counted([*command, str(log)], folder) for log in (short, long, twice))
            counts[f"logs/{name}"] = whole
            counts[f"logs/{name}, a line more"] = (again - once) // lines
    if "--record" in sys.argv:
        RECORD.write_text(json.dumps(counts, indent=4) + "\n")
    recorded = json.loads(RECORD.read_text())
    more = False
    for name, count in counts.items():
        before = recorded.get(name, count)
        more |= count > before * TOLERANCE
        print(f"{name:30} {count:>14,} {count / before:>8.3f} of {before:,}")
    sys.exit(1 if more else 0)


main()
