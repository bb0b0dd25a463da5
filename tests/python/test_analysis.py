"""The examples of examples/analysis: programs, SQL and a notebook, against each other and against the JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import bcda
import pytest
from conftest import PROMPT, QUICK, write_export

pytest.importorskip("duckdb")

HERE = Path(__file__).parents[2] / "examples" / "analysis"
SAMPLES = Path(__file__).parents[1] / "tables" / "samples"
PROGRAMS = ("diabetes_without_visit.py", "paid_by_month_and_diagnosis.py", "top_providers.py")
EOB = "ExplanationOfBenefit"
FIRST, LAST = date(2019, 1, 1), date(2019, 6, 30)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bcda.ExportResult]:
    with bcda.Sandbox(300, **QUICK) as sandbox:
        yield sandbox.client(**PROMPT).export(out=tmp_path_factory.mktemp("export") / "claims", progress=False)


def run(name: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(HERE / name), *map(str, arguments)]
    environment = {**os.environ, "MPLBACKEND": "agg"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=environment)


def function_of(name: str, function: str) -> Callable[..., Any]:
    import runpy

    made: Callable[..., Any] = runpy.run_path(str(HERE / name))[function]
    return made


def query(source: bcda.ExportResult | list[Path], name: str, **parameters: object) -> list[tuple[Any, ...]]:
    if isinstance(source, bcda.ExportResult):
        connection = source.duckdb(final_only=True)
    else:
        import duckdb

        connection = duckdb.connect()
        for table in bcda.table_names():
            connection.register(table, bcda.open_table(source, table, final_only=True))
    rows = connection.execute((HERE / name).read_text(), parameters or None).fetchall()
    connection.close()
    return rows


def is_plot(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") and path.stat().st_size > 10_000


def samples(generation: str) -> list[Path]:
    return sorted((SAMPLES / generation).glob("*.ndjson"))


# ---- from an installation to a plot ----


def test_the_first_plot_takes_8_lines(tmp_path: Path) -> None:
    text = (HERE / "first_plot.py").read_text()
    install, *rest = text.splitlines()
    assert install.startswith("# pip install 'bcda[")
    assert 1 + sum(1 for line in rest if line.strip() and not line.startswith("#")) <= 8
    assert "\n".join(rest) in (HERE / "README.md").read_text()
    assert install.removeprefix("# ") in (HERE / "README.md").read_text()
    done = run("first_plot.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_plot(tmp_path / "paid.png")


# ---- the programs ----


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_explains_itself(program: str, tmp_path: Path) -> None:
    done = run(program, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PATH" in done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_an_export_a_program_has_synthetic_claims(program: str, tmp_path: Path) -> None:
    done = run(program, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (plot,) = tmp_path.glob("*.png")
    assert is_plot(plot)


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_no_export_is_refused(program: str, tmp_path: Path) -> None:
    done = run(program, tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(rf"{program[:-3]}: .* is no finished export: .*\n", done.stderr)


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_export_without_claims(program: str, tmp_path: Path) -> None:
    write_export(tmp_path / "e", {EOB: b""})
    done = run(program, "e", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["e"]


# ---- paid by month and diagnosis group ----


GROUPS = {"I": "Circulatory", "E": "Endocrine, metabolic", "J": "Respiratory", "M": "Musculoskeletal"}


def test_paid_by_month_and_diagnosis(exported: bcda.ExportResult, tmp_path: Path) -> None:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for record in exported.records(EOB):
        if "diagnosis" in record:
            code = record["diagnosis"][0]["diagnosisCodeableConcept"]["coding"][0]["code"]
            month = record["billablePeriod"]["start"][:7]
            sums[month, GROUPS.get(code[0], code[0])] += record["payment"]["amount"]["value"]
    rows = {(month, group): float(paid) for month, group, paid in query(exported, "paid_by_month_and_diagnosis.sql")}
    frame = function_of("paid_by_month_and_diagnosis.py", "paid_by_month")([exported.directory])
    for (month, group), paid in sums.items():
        if group in GROUPS.values():
            assert rows[month, group] == pytest.approx(paid)
            assert frame.loc[month, group] == pytest.approx(paid)
    assert sum(rows.values()) == pytest.approx(sum(sums.values()))
    assert {key: paid for key, paid in frame.stack().items() if paid} == pytest.approx(rows)
    done = run("paid_by_month_and_diagnosis.py", exported.directory, "--plot", "p.png", cwd=tmp_path)
    assert f"{rows['2019-01', 'Circulatory']:,.2f}" in done.stdout
    assert is_plot(tmp_path / "p.png")


@pytest.mark.parametrize("generation", ["stu3", "v2", "v3"])
def test_every_generation_has_its_groups(generation: str) -> None:
    rows = query(samples(generation), "paid_by_month_and_diagnosis.sql")
    frame = function_of("paid_by_month_and_diagnosis.py", "paid_by_month")(samples(generation))
    assert {(month, group): float(paid) for month, group, paid in rows} == {
        key: paid for key, paid in frame.stack().items() if paid
    }
    groups = {group for _, group, _ in rows}
    assert groups <= {"Infections", "Endocrine, metabolic", "Musculoskeletal"}
    assert groups


def test_a_group_is_found_with_and_without_a_dot() -> None:
    group_of = function_of("paid_by_month_and_diagnosis.py", "group_of")
    assert {group_of(code) for code in ("E11.9", "E119", "e119", "E00", "E89.89")} == {"Endocrine, metabolic"}
    assert [group_of(code) for code in ("D49.9", "D50", "T88.9", "V00", "Y99", "Z99.9", "O9A", "1")] == [
        "Neoplasms", "Blood", "Injury", "External causes", "External causes", "Factors, contact", "Pregnancy", "Other",
    ]  # fmt: skip


# ---- providers ----


@pytest.mark.parametrize("source", ["export", "stu3", "v2", "v3"])
def test_the_top_providers(source: str, exported: bcda.ExportResult) -> None:
    paths = [exported.directory] if source == "export" else samples(source)
    rows = query(exported if source == "export" else samples(source), "top_providers.sql", top=10)
    frame, _ = function_of("top_providers.py", "top_providers")(paths, 10)
    assert [row[:2] for row in rows] == list(frame[["npi", "claims"]].itertuples(index=False, name=None))
    assert [float(paid) for _, _, paid in rows] == pytest.approx(list(frame["paid"]))
    assert len(rows) == 10 if source == "export" else rows


def test_the_amounts_of_providers_add_up(exported: bcda.ExportResult, tmp_path: Path) -> None:
    total = 0.0
    for record in exported.records(EOB):
        if "payment" in record:
            total += record["payment"]["amount"]["value"]
        else:
            amounts = record["item"][0]["adjudication"]
            total += next(a["amount"]["value"] for a in amounts if "cvrd_d_plan" in a["category"]["coding"][0]["code"])
    frame, without = function_of("top_providers.py", "top_providers")([exported.directory], 10**6)
    assert frame["paid"].sum() + without == pytest.approx(total)
    done = run("top_providers.py", exported.directory, "--top", 3, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(re.findall(r"^\d{10} ", done.stdout, re.MULTILINE)) == 3


# ---- diabetes ----


def codes_of(record: dict[str, Any]) -> list[str]:
    return [d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in record.get("diagnosis", [])]


def test_members_with_diabetes_and_no_visit(exported: bcda.ExportResult, tmp_path: Path) -> None:
    diabetic, visits = set(), defaultdict(set)
    for record in exported.records(EOB):
        member = record["patient"]["reference"].removeprefix("Patient/")
        if any(re.match("E(08|09|10|11|12|13)", code) for code in codes_of(record)):
            diabetic.add(member)
        for item in record["item"]:
            if any(c["code"] in ("99203", "99213", "99214") for c in item.get("service", {}).get("coding", [])):
                visits[member].add(item["servicedPeriod"]["start"])
    wanted = {
        member: max((day for day in visits[member] if day < str(FIRST)), default=None)
        for member in diabetic
        if not any(str(FIRST) <= day <= str(LAST) for day in visits[member])
    }
    assert 10 < len(wanted) < len(diabetic)
    rows = query(exported, "diabetes_without_visit.sql", first=FIRST, last=LAST)
    assert {member: day and str(day) for member, day in rows} == wanted
    done = run("diabetes_without_visit.py", exported.directory, cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith(f"{len(wanted)} of {len(diabetic)} members with diabetes had no visit")
    path = tmp_path / "without_visit.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    head, *lines = path.read_text().splitlines()
    assert head == "beneficiary_key,last_visit"
    assert dict(line.split(",") for line in lines) == {member: day or "" for member, day in wanted.items()}
    assert not any(member in done.stdout for member in diabetic)
    done = run("diabetes_without_visit.py", exported.directory, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "diabetes_without_visit: without_visit.csv: File exists\n")


@pytest.mark.parametrize("code", ["E119", "E11.9", "E08.00", "E1300", "e10.9"])
@pytest.mark.parametrize("generation", ["stu3", "v2", "v3"])
def test_diabetes_is_found_in_each_form_of_its_code(generation: str, code: str, tmp_path: Path) -> None:
    path = SAMPLES / generation / f"{EOB}.ndjson"
    record = next(r for r in map(json.loads, path.read_text().splitlines()) if "CARRIER" in json.dumps(r["type"]))
    member = record["patient"]["reference"].removeprefix("Patient/")

    def found_with(other: str) -> set[str]:
        for diagnosis in record["diagnosis"]:
            for coding in diagnosis["diagnosisCodeableConcept"]["coding"]:
                coding["code"] = other
        file = tmp_path / f"{other}.ndjson"
        file.write_text(json.dumps(record) + "\n")
        rows = query([file], "diabetes_without_visit.sql", first=FIRST, last=LAST)
        frame, _ = function_of("diabetes_without_visit.py", "without_visit")([file], FIRST, LAST)
        assert list(frame["beneficiary_key"]) == [key for key, _ in rows]
        return {key for key, _ in rows}

    assert found_with(code) == {member}
    assert found_with("E14.9") == found_with("E07.9") == found_with("F11.9") == found_with("25000") == set()


# ---- the notebook ----


def notebook() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((HERE / "claims.ipynb").read_text())
    return made


def test_the_notebook_has_no_outputs() -> None:
    for cell in notebook()["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_cells_of_the_notebook_run_in_order(tmp_path: Path) -> None:
    cells = ["".join(cell["source"]) for cell in notebook()["cells"] if cell["cell_type"] == "code"]
    script = (
        "import json, sys\nnames = {}\n"
        "for number, cell in enumerate(json.load(sys.stdin)):\n"
        "    exec(compile(cell, f'cell {number}', 'exec'), names)\n"
    )
    environment = {**os.environ, "MPLBACKEND": "agg", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", script]
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 120, "cwd": HERE, "env": environment}
    done = subprocess.run(command, input=json.dumps(cells), check=False, **options)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()[-1]  # before it DuckDB shows its progress, if a query takes more than two seconds
    assert re.fullmatch(r"\d+ members had no visit", said)
    assert not list(tmp_path.iterdir())


def test_the_notebook_runs_in_a_kernel() -> None:
    for package in ("ipykernel", "nbclient"):
        pytest.importorskip(package)
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    made = nbformat.read(HERE / "claims.ipynb", as_version=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that are not ours
        nbformat.validate(made)
        resources = {"metadata": {"path": str(HERE)}}
        nbclient.NotebookClient(made, timeout=120, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in made.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert not [output for output in outputs if output.output_type == "error"]
