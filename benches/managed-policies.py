#!/usr/bin/env python3
"""Fetches AWS's managed policies for the benchmarks: from the package moto (PyPI, Apache-2.0), which holds them.

Writes target/bench-data/managed-policies.json: {"name": document, ...}. Needs pip and its package index.
"""

import ast
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "moto==5.2.5"
MODULE = "moto/iam/aws_managed_policies.py"


def main() -> None:
    target = pathlib.Path(__file__).parent.parent / "target" / "bench-data"
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(pip, check=True)
        [wheel] = pathlib.Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            module = ast.parse(archive.read(MODULE).decode())
    texts = [node.value.value for node in module.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    policies = json.loads(max(texts, key=len))
    documents = {name: policy["Document"] for name, policy in sorted(policies.items())}
    target.mkdir(parents=True, exist_ok=True)
    (target / "managed-policies.json").write_text(json.dumps(documents))
    print(f"{len(documents)} policies in {target / 'managed-policies.json'}")


main()
