"""Runs the scripts of the live map in Node, which is the engine of the browser without the page."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

LIVE = Path(__file__).resolve().parents[1] / "planner" / "assets" / "live"

OLDEST_NODE = 18
"""The first that knows DecompressionStream without being asked to."""

_HOST = """
"use strict";
const fs = require("fs");
const vm = require("vm");
const [inputPath, outputPath, mainPath, ...scripts] = process.argv.slice(2);
const read = (path) => fs.readFileSync(path, "utf8");
const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
async function run() {
  for (const path of scripts) vm.runInThisContext(read(path), { filename: path });
  const main = vm.runInThisContext(`(${read(mainPath)}\\n)`, { filename: "main.js" });
  const found = await main(globalThis.plannerLive, JSON.parse(read(inputPath)));
  fs.writeFileSync(outputPath, JSON.stringify(found === undefined ? null : found, plain));
}
run().catch((error) => {
  console.error(error && error.stack || error);
  process.exitCode = 1;
});
"""


@cache
def node_path() -> str:
    """Path of a Node that is new enough; empty where there is none."""
    found = shutil.which("node")
    if found is None:
        return ""
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = version.removeprefix("v").split(".")[0]
    return found if major.isdigit() and int(major) >= OLDEST_NODE else ""


def _plain(value: Any) -> Any:
    """Turn arrays and numbers of numpy into lists and numbers."""
    return value.tolist()


def run_node(scripts: Sequence[str | Path], main: str, input: Any = None, *, timeout_s: float = 300.0) -> Any:  # noqa: A002
    """Load scripts into one Node and return what a function gives there.

    Parameters
    ----------
    scripts
        Names of files of ``planner/assets/live``, or paths, in the order in which they are to be loaded.
    main
        A JavaScript function as text, ``(live, input) => …`` or ``async (live, input) => { … }``: ``live`` is
        ``globalThis.plannerLive`` once all scripts are loaded. Typed arrays in what it returns come back as lists; a
        number that JSON does not know (NaN) comes back as None.
    input
        Anything that JSON knows; arrays of numpy become lists. Every double arrives to the bit.
    timeout_s
        Node is ended after so many seconds.

    Raises
    ------
    AssertionError
        With what Node wrote, if the scripts or the function throw.
    """
    node = node_path()
    if not node:
        pytest.skip(f"Node {OLDEST_NODE} or newer is not installed")
    with TemporaryDirectory() as name:
        folder = Path(name)
        texts = {"host.js": _HOST, "main.js": main, "in.json": json.dumps(input, default=_plain, allow_nan=False)}
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8")
        output = folder / "out.json"
        paths = [str(folder / file) for file in ("host.js", "in.json", "out.json", "main.js")]
        command = [node, "--max-old-space-size=3072", *paths, *(str(LIVE / script) for script in scripts)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=timeout_s, check=False)
        assert done.returncode == 0, f"Node says:\n{done.stderr}\n{done.stdout}"
        return json.loads(output.read_text(encoding="utf-8"))
