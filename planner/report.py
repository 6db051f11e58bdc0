"""Writes tables and records: CSV, GeoPackage, JSON and TOML. Same content, same bytes."""

from __future__ import annotations

import csv
import errno
import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio
import tomli_w

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from geopandas import GeoDataFrame

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_DECIMALS = 3
_DEGREE_DECIMALS = 7


def _as_text(value: Any, decimals: int = _DECIMALS) -> str:
    """One cell: numbers with fixed decimals, text that Excel must not run as a formula."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):  # noqa: PLR0124  (NaN)
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.{decimals}f}"
    text = str(value).replace("\r\n", "\n")
    guarded = f"'{text}" if isinstance(value, str) and _runs(text) else text
    return guarded.replace("\r", "\n")  # a bare carriage return would end the row unquoted


def _runs(text: str) -> bool:
    """Whether Excel may run a text as a formula; one with quotes before it counts, so that each can be read back."""
    return text.lstrip("'").startswith(_FORMULA_STARTS)


def unguarded(text: str) -> str:
    """Return the text of a cell that `write_csv` wrote, without the sign that keeps it from being a formula."""
    return text[1:] if text.startswith("'") and _runs(text) else text


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV that Excel opens as it is: UTF-8 with a byte order mark, no cell run as a formula.

    Lengths and times are written with 3 decimals, the columns lon and lat with 7.
    """
    decimals = [_DEGREE_DECIMALS if name in ("lon", "lat") else _DECIMALS for name in table.columns]
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_as_text(str(name)) for name in table.columns)
        for row in table.astype(object).itertuples(index=False, name=None):
            writer.writerow(map(_as_text, row, decimals))


def write_json(record: Mapping[str, Any], path: Path) -> None:
    """Write a record as readable JSON."""
    text = json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def toml_text(data: Mapping[str, Any]) -> str:
    """Scenario data as TOML."""
    return tomli_w.dumps(data, multiline_strings=False)


def write_toml(data: Mapping[str, Any], path: Path) -> None:
    """Write scenario data as TOML."""
    path.write_text(toml_text(data), encoding="utf-8", newline="\n")


def write_gpkg(layers: Mapping[str, GeoDataFrame], path: Path, data_date: dt.date) -> None:
    """Write layers into one GeoPackage, dated `data_date` so that equal content has equal bytes.

    Parameters
    ----------
    layers
        Name -> table in EPSG:4326; an empty one is left out.
    path
        File to write.
    data_date
        Date that the file carries.
    """
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{data_date.isoformat()}T00:00:00.000Z"})
    try:
        for number, (name, table) in enumerate(layers.items()):
            if len(table):
                shown = table.copy()
                for column in shown.columns.drop("geometry"):
                    if shown[column].map(lambda v: hasattr(v, "isoformat")).any():
                        shown[column] = shown[column].map(lambda v: "" if pd.isna(v) else v.isoformat())
                pyogrio.write_dataframe(shown, path, layer=name, driver="GPKG", append=number > 0 and path.exists())
    except pyogrio.errors.DataSourceError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def copy_inputs(files: Iterable[Path], folder: Path) -> dict[Path, str]:
    """Copy input files into a folder; a name that is taken, also where case does not count, goes into a folder within.

    Every file keeps its name, which ids by line are made of, and those that differ in their ending only, such as the
    files of a Shapefile, stay together.

    Returns
    -------
    names
        File -> its path relative to the folder's parent, with forward slashes.
    """
    folder.mkdir()
    groups: dict[Path, list[Path]] = {}
    for file in dict.fromkeys(files):
        groups.setdefault(file.with_suffix(""), []).append(file)
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for group in groups.values():
        chosen, number = [file.name for file in group], 1
        while taken & {name.casefold() for name in chosen}:
            number += 1
            chosen = [f"{number}/{file.name}" for file in group]
        taken |= {name.casefold() for name in chosen}
        for file, name in zip(group, chosen, strict=True):
            names[file] = f"{folder.name}/{name}"
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(file, folder / name)
    return names
