"""Reads a table of 1,000,000 rows of people with Chinese headers, .xlsx and .csv, beside pandas on the same files.

    python benchmarks/tables.py [--rows 1000000] [--runs 3] [--json FILE]

pandas reads the .xlsx by calamine, as the planner does, and the .csv by its own engine; it gives a frame, and looks at
no cell beyond that. The planner finds the header, reads each cell by its grammar, looks for personal data, errors,
formulas and hidden rows, turns places into WGS-84 and says of each row whether it is in use. Every reading, imports
included, is a process of its own, for its peak memory; they take turns, and all must give the same rows and the same
sum of people, or the benchmark stops.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter

from measure import Report, Target, differ, peak_mib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADERS = (
    "编号", "社区名称", "社区代码", "镇街", "区市", "城乡分类", "常住人口（人）", "经度", "纬度", "备注",
)  # fmt: skip
PEOPLE = HEADERS[6]

MOST_MIB = 3072.0
"""Most memory that a reading may take: an office PC has 8 GiB and other programs."""


def cells_of(rows: int) -> Iterator[tuple[object, ...]]:
    """Yield the cells of every row; no two rows have one id, and 10,000 communities stand in 150 streets."""
    for n in range(rows):
        unit = n % 10_000
        place = 117 + n % 1000 / 1e4, 36 + n // 1000 / 1e4
        setting, note = (220, "") if n % 3 else (111, "已核")
        community = f"第{n}居民点", f"37010200{unit:04}", f"第{unit % 150}街道", "历下区"
        yield (f"d{n}", *community, setting, n % 3000, *place, note)


def write_files(folder: Path, rows: int) -> list[Path]:
    """Write both files."""
    files = [folder / "社区台账.xlsx", folder / "社区台账.csv"]
    # rows are written as they come: the whole sheet is never in memory
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(files[0], options) as book:
        sheet = book.add_worksheet("社区")
        sheet.write_row(0, 0, HEADERS)
        for number, cells in enumerate(cells_of(rows), 1):
            sheet.write_row(number, 0, cells)
    with files[1].open("w", encoding="gb18030", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADERS)
        writer.writerows(cells_of(rows))
    return files


def _by_planner(file: Path) -> tuple[int, int]:
    from planner.tables import (  # noqa: PLC0415  (only in the process that measures it)
        TableSource,
        assembled,
        demand_contract,
        read_parts,
    )

    contract = demand_contract(counted=True)
    table = assembled(read_parts([TableSource(file, file.name, coordinates="gcj02")], contract), contract)
    return len(table.frame), int(table.frame["people"].sum())


def _by_pandas(file: Path) -> tuple[int, int]:
    import pandas as pd  # noqa: PLC0415  (as above)

    codes = {HEADERS[2]: str}
    is_book = file.suffix == ".xlsx"
    frame = (
        pd.read_excel(file, engine="calamine", dtype=codes)
        if is_book
        else pd.read_csv(file, encoding="gb18030", dtype=codes)
    )
    return len(frame), int(frame[PEOPLE].sum())


READERS: dict[str, Callable[[Path], tuple[int, int]]] = {"planner": _by_planner, "pandas": _by_pandas}


def read_once(reader: str, file: Path) -> dict[str, Any]:
    """Read a file in this process; returns what was read, CPU and wall seconds, and peak memory."""
    cpu, wall = time.process_time(), time.perf_counter()
    read = READERS[reader](file)
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    return {"read": read, "cpu_s": cpu_s, "wall_s": wall_s, "peak_mib": peak_mib()}


def _in_own_process(reader: str, file: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--reader", reader, "--file", str(file)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(told)
    return found


def tables(rows: int, runs: int) -> Report:
    """Read both files by both readers in turns."""
    report = Report(f"A table of {rows:,} rows and {len(HEADERS)} columns")
    print(report.title)
    expected = [rows, sum(int(str(cells[6])) for cells in cells_of(rows))]
    shown: list[tuple[object, ...]] = []
    peaks: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory() as folder:
        for file in write_files(Path(folder), rows):
            found: dict[str, list[dict[str, Any]]] = {reader: [] for reader in READERS}
            for _ in range(runs):
                for reader, readings in found.items():
                    readings.append(_in_own_process(reader, file))
            for reader, readings in found.items():
                if any(reading["read"] != expected for reading in readings):
                    differ(f"{reader} read {readings[0]['read']} of {file.name}, which holds {expected}")
                cpu_s, wall_s = (statistics.median(r[key] for r in readings) for key in ("cpu_s", "wall_s"))
                peak = readings[0]["peak_mib"]
                name = f"{file.suffix} ({file.stat().st_size / 2**20:.0f} MiB), {reader}"
                shown.append((name, cpu_s, wall_s, rows / cpu_s, "unknown" if peak is None else round(peak)))
                if reader == "planner":
                    peaks[file.suffix] = peak
    report.table(("file and reader", "CPU s", "wall s", "rows a CPU second", "peak MiB"), shown)
    for ending, peak in peaks.items():
        if peak is not None:
            report.target(Target(f"memory of reading {ending}", peak, "MiB", MOST_MIB))
    return report


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        print(json.dumps(read_once(arguments.reader, arguments.file)))
    else:
        tables(arguments.rows, arguments.runs).end(arguments.json)


if __name__ == "__main__":
    main()
