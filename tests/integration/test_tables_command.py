#!/usr/bin/env python3
"""bcda tables: the tables of sample claims, compared with tables that another program made and with sums over the JSON.

usage: test_tables_command.py BCDA VECTORS_DIR [unittest arguments]
"""
import csv
import decimal
import io
import json
import os
import pathlib
import stat
import unittest

from test_command import FAST, OK, USAGE, Case, Sandbox, bcda

SAMPLES = pathlib.Path(__file__).resolve().parent.parent / "tables" / "samples"
GENERATIONS = ("stu3", "v2", "v3")
PAID = {  # the adjudications that a line's paid_amount comes from
    "stu3": {"https://bluebutton.cms.gov/resources/variables/line_nch_pmt_amt",
             "https://bluebutton.cms.gov/resources/variables/rev_cntr_pmt_amt_amt"},
    "v2": {"https://bluebutton.cms.gov/resources/variables/line_nch_pmt_amt",
           "https://bluebutton.cms.gov/resources/variables/rev_cntr_pmt_amt_amt"},
    "v3": {"CLM_LINE_CVRD_PD_AMT"}}
MALFORMED = 5


def tables(*arguments):
    return bcda("tables", *arguments, text=True)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def comparable(text):
    """Numbers and lists by value."""
    if text.startswith("["):
        return json.loads(text)
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return text


def files(generation):
    return [str(path) for path in sorted((SAMPLES / generation).glob("*.ndjson"))]


def claims(generation):
    with open(SAMPLES / generation / "ExplanationOfBenefit.ndjson", encoding="utf-8") as lines:
        return [json.loads(line, parse_float=decimal.Decimal) for line in lines]


def lines_of(claim):
    return claim.get("item", [])


def paid(line, generation):
    """The first adjudication with a code of the paid amount, found without any view."""
    for part in line.get("adjudication", []):
        if any(coding.get("code") in PAID[generation] for coding in part["category"].get("coding", [])):
            return decimal.Decimal(part["amount"]["value"])
    return None


class Samples(Case):
    def test_each_table_is_as_expected(self):
        for generation in GENERATIONS:
            out = self.dir / generation
            done = tables(*files(generation), "--all", "--out", out, "--quiet")
            self.assertEqual((done.returncode, done.stderr), (OK, ""))
            for expected in sorted((SAMPLES / "expected" / generation).glob("*.csv")):
                with self.subTest(generation=generation, table=expected.stem):
                    made, wanted = rows_of((out / expected.name).read_text()), rows_of(expected.read_text())
                    self.assertEqual(len(made), len(wanted))
                    for row, other in zip(made, wanted):
                        self.assertEqual(list(row), list(other))
                        for column in other:
                            if column != "last_updated":
                                self.assertEqual(comparable(row[column]), comparable(other[column]), column)

    def test_each_line_of_a_claim_is_one_row_and_the_sums_agree(self):
        for generation in GENERATIONS:
            with self.subTest(generation=generation):
                made = rows_of(tables(*files(generation), "--table", "claim_line").stdout)
                lines = [line for claim in claims(generation) for line in lines_of(claim)]
                self.assertEqual(len(made), len(lines))
                self.assertEqual(len({(row["claim_key"], row["line_index"]) for row in made}), len(lines))
                amounts = [paid(line, generation) for line in lines]
                self.assertEqual(sum(decimal.Decimal(row["paid_amount"] or 0) for row in made),
                                 sum(amount for amount in amounts if amount is not None))
                self.assertEqual(sum(row["paid_amount"] != "" for row in made), sum(amount is not None for amount in amounts))

    def test_the_generation_is_found_in_the_records(self):
        together = tables(*files("v2"), *files("v3"), *files("stu3"), "--table", "claim", "--columns", "claim_id")
        each = [tables(*files(g), "--table", "claim", "--columns", "claim_id").stdout.splitlines()[1:] for g in ("v2", "v3", "stu3")]
        self.assertEqual(together.stdout.splitlines()[1:], sum(each, []))
        wrong = tables(*files("v2"), "--table", "claim", "--columns", "claim_control_number", "--generation", "v3")
        self.assertEqual(rows_of(wrong.stdout)[0]["claim_control_number"], "")

    def test_final_claims_only(self):
        made = rows_of(tables(*files("v3"), "--table", "claim", "--columns", "final_action", "--final-only").stdout)
        self.assertTrue(made)
        self.assertEqual({row["final_action"] for row in made}, {"FinalAction"})


class Exports(Case):
    def export(self):
        out = self.dir / "claims"
        with Sandbox("--beneficiaries", "20") as sandbox:
            done = bcda("export", "--out", out, env=sandbox.env)
        self.assertEqual(done.returncode, OK, done.stderr)
        return out

    def test_a_finished_export_is_a_source(self):
        out = self.export()
        made = rows_of(tables(out, "--table", "beneficiary").stdout)
        self.assertEqual(len(made), 20)
        lines = 0
        for path in out.glob("ExplanationOfBenefit.*.ndjson"):
            lines += sum(len(lines_of(json.loads(line))) for line in path.read_text().splitlines())
        self.assertEqual(len(rows_of(tables(out, "--table", "claim_line").stdout)), lines)

    def test_a_file_that_changed_is_not_read(self):
        out = self.export()
        with open(next(out.glob("Patient.*.ndjson")), "a", encoding="utf-8") as file:
            file.write("{}\n")
        done = tables(out, "--table", "beneficiary")
        self.assertEqual(done.returncode, MALFORMED)
        self.assertIn("changed after it was verified", done.stderr)

    def test_a_file_that_changed_and_kept_its_size_is_not_read(self):
        out = self.export()
        path = next(out.glob("Patient.*.ndjson"))
        text, written = path.read_bytes(), (out / "export.json").stat().st_mtime_ns
        path.write_bytes(text)
        os.utime(path, ns=(written + 1_000_000_000,) * 2)
        self.assertEqual(len(rows_of(tables(out, "--table", "beneficiary").stdout)), 20)
        path.write_bytes(text.replace(b"19", b"18", 1))
        os.utime(path, ns=(written + 1_000_000_000,) * 2)
        done = tables(out, "--table", "beneficiary")
        self.assertEqual(done.returncode, MALFORMED)
        self.assertIn("has not the SHA-256 of its receipt: it was changed after it was verified", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_what_is_written_is_private_and_whole_or_not_there(self):
        out = self.export()
        table = self.dir / "lines.csv"
        self.assertEqual(tables(out, "--table", "claim_line", "--out", table).returncode, OK)
        self.assertEqual(stat.S_IMODE(os.stat(table).st_mode), 0o600)
        again = tables(out, "--table", "claim_line", "--out", table)
        self.assertEqual(again.returncode, 1)
        self.assertIn("exists already", again.stderr)
        bad = self.dir / "bad.ndjson"
        bad.write_text('{"resourceType":"Patient","id":"1"}\n{"resourceType":"Patient"\n')
        done = tables(bad, "--table", "beneficiary", "--out", self.dir / "bad.csv")
        self.assertEqual(done.returncode, MALFORMED)
        self.assertIn("bad.ndjson: the record in line 2", done.stderr)
        self.assertEqual(sorted(path.name for path in self.dir.glob("*bad*")), ["bad.ndjson"])


class Values(Case):
    def test_times_have_one_form_in_a_column(self):
        path = self.dir / "p.ndjson"
        times = ["2021-08-17T17:43:00Z", "2021-08-17T17:43:00.037+00:00"]
        lines = [{"resourceType": "Patient", "id": str(i), "meta": {"lastUpdated": time}} for i, time in enumerate(times)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        made = rows_of(tables(path, "--table", "beneficiary", "--columns", "last_updated").stdout)
        self.assertEqual(
            [row["last_updated"] for row in made], ["2021-08-17T17:43:00.000000Z", "2021-08-17T17:43:00.037000Z"]
        )

    def test_what_became_null_is_counted(self):
        path = self.dir / "p.ndjson"
        path.write_text('{"resourceType":"Patient","id":"1","birthDate":"yesterday"}\n')
        done = tables(path, "--table", "beneficiary", "--columns", "birth_date", "--on-error", "null")
        self.assertEqual(done.returncode, OK)
        self.assertIn("1 value did not fit", done.stderr)


class WrongInput(Case):
    def refused(self, *arguments, code=USAGE):
        done = tables(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        return done.stderr

    def test_is_named_with_the_remedy(self):
        patients = self.dir / "p.ndjson"
        patients.write_text('{"resourceType":"Patient","id":"1"}\n')
        self.assertIn("--help", self.refused())
        self.assertIn("choose a table", self.refused(patients))
        self.assertIn('did you mean "claim_line"', self.refused(patients, "--table", "claim_lines"))
        self.assertIn('did you mean "beneficiary_key"', self.refused(patients, "--table", "beneficiary", "--columns", "beneficiary_keys"))
        self.assertIn("several tables need a directory", self.refused(patients, "--all"))
        self.assertIn("Python package", self.refused(patients, "--table", "beneficiary", "--format", "parquet"))
        self.assertIn("does not exist", self.refused(self.dir / "none", "--table", "claim", code=1))
        self.assertIn("no finished export", self.refused(self.dir, "--table", "claim", code=1))

    def test_a_wrong_view_names_the_column_and_the_place(self):
        view = self.dir / "view.json"
        view.write_text('{"resource":"Patient","select":[{"column":[{"name":"family","path":"name.famliy.fist()"}]}]}')
        message = self.refused(self.dir / "is-not-opened", "--view", view)
        self.assertIn("column family", message)
        self.assertIn("position 13", message)
        self.assertIn("did you mean first()", message)

    def test_a_value_that_does_not_fit_is_an_error_or_counted(self):
        patients = self.dir / "p.ndjson"
        patients.write_text('{"resourceType":"Patient","id":"1","birthDate":"1970","identifier":[{}]}\n')
        message = self.refused(patients, "--table", "beneficiary", code=MALFORMED)
        self.assertIn("line 1", message)
        self.assertIn("birth_date", message)
        self.assertNotIn("1970", message)
        done = tables(patients, "--table", "beneficiary", "--on-error", "null", "--out", self.dir / "b.csv")
        self.assertEqual(done.returncode, OK)
        self.assertIn("1 value did not fit", done.stderr)


class Dictionary(Case):
    def test_tables_columns_and_views_are_printed(self):
        listed = tables("--list").stdout
        self.assertEqual([line.split()[0] for line in listed.splitlines()], sorted(path.stem for path in (SAMPLES / "expected/v3").glob("*.csv")))
        self.assertIn("paid_amount  (DECIMAL(18,2); stu3 v2 v3)", tables("--describe", "claim_line").stdout)
        shown = tables("--show", "claim_line", "--generation", "v2").stdout
        view = self.dir / "view.json"
        view.write_text(shown)
        self.assertEqual(tables(*files("v2"), "--view", view).stdout, tables(*files("v2"), "--table", "claim_line").stdout)

    def test_ndjson_has_the_same_values(self):
        made = [json.loads(line, parse_float=str) for line in
                tables(*files("v3"), "--table", "claim_line", "--format", "ndjson").stdout.splitlines()]
        wanted = rows_of(tables(*files("v3"), "--table", "claim_line").stdout)
        self.assertEqual(len(made), len(wanted))
        for row, other in zip(made, wanted):
            for column, value in row.items():
                text = "" if value is None else json.dumps(value, separators=(",", ":")) if isinstance(value, list) else str(value)
                self.assertEqual(comparable(text), comparable(other[column]), column)


class Arguments(Case):
    """What the command makes of its arguments."""

    SAMPLE = str(SAMPLES / "v2" / "ExplanationOfBenefit.ndjson")

    def test_the_name_of_the_file_says_its_format(self):
        for ending, begin in ((".arrow", b"ARROW1"), (".ndjson", b"{"), (".csv", b"claim_key"), ("", b"claim_key")):
            out = self.dir / f"claim{ending}"
            self.assertEqual(tables(self.SAMPLE, "--table", "claim", "--out", out).returncode, OK)
            self.assertTrue(out.read_bytes().startswith(begin), ending)
        for arguments in (["--format", "csv", "--out", "x.arrow"], ["--out", "x.parquet"], ["--out", "x.xlsx"]):
            refused = tables(self.SAMPLE, "--table", "claim", *arguments)
            self.assertEqual(refused.returncode, USAGE)
            self.assertRegex(refused.stderr, "does not fit the name x.arrow|Python package|x.xlsx ends with no format")
        out = self.dir / "claim.txt"
        self.assertEqual(tables(self.SAMPLE, "--table", "claim", "--format", "csv", "--out", out).returncode, OK)

    def test_out_may_be_standard_output(self):
        self.assertEqual(tables(self.SAMPLE, "--table", "claim", "--out", "-").stdout,
                         tables(self.SAMPLE, "--table", "claim").stdout)

    def test_tables_may_be_given_with_commas(self):
        out = self.dir / "both"
        self.assertEqual(tables(self.SAMPLE, "--table", "claim,claim_line", "--out", out).returncode, OK)
        self.assertEqual(sorted(os.listdir(out)), ["claim.csv", "claim_line.csv"])

    def test_a_path_that_is_named_twice_is_refused(self):
        link = self.dir / "link.ndjson"
        link.symlink_to(self.SAMPLE)
        refused = tables(self.SAMPLE, link, "--table", "claim")
        self.assertEqual((refused.returncode, refused.stdout), (USAGE, ""))
        self.assertIn("is named twice", refused.stderr)

    def test_a_view_that_is_no_view_is_not_shown(self):
        view = self.dir / "rows.csv"
        for text in ("-201,Doe,Jane,1954-07-22\n", "Doe", ""):
            view.write_text(text)
            refused = tables(self.SAMPLE, "--view", view)
            self.assertEqual(refused.returncode, USAGE)
            self.assertIn("rows.csv is no ViewDefinition", refused.stderr)
            self.assertNotIn("Doe", refused.stderr)

    def test_show_says_for_which_data_the_view_is(self):
        self.assertIn("BCDA v3", tables("--show", "claim").stderr)
        self.assertEqual(tables("--show", "claim", "--generation", "stu3").stderr, "")


class WhileItExports(Case):
    def test_the_summary_names_the_tables(self):
        with Sandbox(*FAST) as sandbox:
            done = bcda("export", "--out", self.out, "--tables", "beneficiary,coverage", "--type", "Patient,Coverage",
                        env=sandbox.env, text=True)
        self.assertEqual(done.returncode, OK, done.stderr)
        self.assertIn("table beneficiary: 40 rows, 1 file", done.stdout)
        self.assertIn("table coverage: ", done.stdout)


if __name__ == "__main__":
    unittest.main()
