"""Lists as people have them: every encoding and delimiter, and rows that are broken in every way."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audience.cells import guarded, unguarded
from bot.audience.importing import lists, newcomers
from bot.audience.importing.columns import UnusableHeader
from bot.audience.importing.files import UnreadableFile
from bot.audience.importing.lists import open_list

PEOPLE = "phone,locale,name\n+15550100001,es,Zoë\n+15550100002,,José Núñez\n+15550100003,fr,\n"
READ = [("+15550100001", "es", "Zoë"), ("+15550100002", None, "José Núñez"), ("+15550100003", "fr", None)]


class Reading:
    """What was read of a list."""

    def __init__(self, path: Path, content: bytes | str, region: str = "US") -> None:
        self.path = path / "list.csv"
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with open_list(self.path, region=region) as subscribers:
            found = [person for batch in subscribers.batches() for person in batch]
        self.people = [(person.number, person.locale, person.name) for person in found]
        self.lines = [person.line for person in found]
        self.list = subscribers

    @property
    def numbers(self) -> list[str]:
        return [number for number, _, _ in self.people]

    @property
    def rejects(self) -> dict[int, str]:
        """Why a line was rejected."""
        if self.list.rejects.path is None:
            return {}
        with self.list.rejects.path.open(encoding="utf-8-sig", newline="") as file:
            return {int(row["line"]): row["reason"] for row in csv.DictReader(file)}


@pytest.fixture
def read(tmp_path):
    return lambda content, **options: Reading(tmp_path, content, **options)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(PEOPLE.encode(), id="UTF-8"),
        pytest.param(PEOPLE.encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param(PEOPLE.encode("utf-16"), id="UTF-16 with a byte order mark"),
        pytest.param(b"\xfe\xff" + PEOPLE.encode("utf-16-be"), id="UTF-16, the other way round"),
        pytest.param(PEOPLE.encode("utf-16-le"), id="UTF-16 without a byte order mark"),
        pytest.param(PEOPLE.encode("utf-16-be"), id="UTF-16 without one, the other way round"),
        pytest.param(PEOPLE.encode("utf-32"), id="UTF-32"),
        pytest.param(PEOPLE.encode("cp1252"), id="Windows-1252"),
        pytest.param(PEOPLE.replace("\n", "\r\n").encode(), id="lines of Windows"),
        pytest.param(PEOPLE.replace("\n", "\r").encode(), id="lines of an old Mac"),
        pytest.param(PEOPLE.replace(",", ";").encode(), id="semicolons"),
        pytest.param(PEOPLE.replace(",", "\t").encode("utf-16"), id="what Excel calls Unicode text"),
        pytest.param(b"sep=;\r\n" + PEOPLE.replace(",", ";").encode(), id="Excel's own first line"),
        pytest.param(b"\n\n" + PEOPLE.encode() + b"\n,,\n", id="blank lines"),
    ],
)
def test_a_list_is_read_as_it_is_saved(read, encoded):
    reading = read(encoded)
    assert reading.people == READ
    assert reading.rejects == {}


def test_a_list_pasted_together_from_two_encodings_is_read_in_both(read):
    pasted = "phone,name\n+15550100001,Zoë\n".encode() + "+15550100002,Zoë\n".encode("cp1252")
    assert [name for _, _, name in read(pasted).people] == ["Zoë", "Zoë"]


@pytest.mark.parametrize(
    "header",
    [
        "name,PHONE Number,Lang",
        "Nombre;Teléfono;Idioma",
        "Prénom,Téléphone portable,Langue",
        "nome\ttelefone\tidioma",
        "姓名,手机号码,语言",
        "الاسم,رقم الهاتف,اللغة",
        '"Full name","Mobile_number","Language"',
    ],
)
def test_columns_are_known_by_their_names_in_any_order(read, header):
    delimiter = next(each for each in ";\t," if each in header)
    row = delimiter.join(("Zoë", "+1 555 010 0001", "Español"))
    assert read(f"{header}\n{row}\n").people == [("+15550100001", "es", "Zoë")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("phone,mobile,name\n", "Two columns could be the phone: 'phone' and 'mobile'. Rename or remove"),
        ("phone,name,Nombre\n", "Two columns could be the name: 'name' and 'Nombre'"),
        ("e-mail,name\na@b.example,Zoë\n", "It has 'e-mail', 'name'."),
        ("+15550100001\n+15550100002\n", "The first line must name the columns"),
        ("phone" * 20_000, "is longer than 65,536 characters"),
        ("\n \n\n,\n", "No column is the phone"),
        ("sep=;\n", "The list is empty"),
    ],
)
def test_a_header_that_can_not_be_used_is_explained(read, content, sentence):
    with pytest.raises(UnusableHeader) as error:
        read(content)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is empty"), (b" \n\n", "is empty"), (b"PK\x03\x04....", "save it as CSV")],
)
def test_what_is_no_list_is_refused(read, content, sentence):
    with pytest.raises(UnreadableFile, match=sentence):
        read(content)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("+1 (555) 010-0001", "+15550100001"),
        ("555 010 0001", "+15550100001"),
        ("15550100001", "+15550100001"),
        ("15550100001.0", "+15550100001"),
        ("'+15550100001", "+15550100001"),
        ("'5550100001", "+15550100001"),
        ('"=""5550100001"""', "+15550100001"),
        ("+34 600 100 001", "+34600100001"),
        ("+١٥٥٥٠١٠٠٠٠١", "+15550100001"),
    ],
)
def test_numbers_are_read_as_people_and_spreadsheets_write_them(read, cell, number):
    assert read(f"phone\n{cell}\n").numbers == [number]


def test_national_numbers_are_the_region_s(read):
    assert read("phone\n600 100 001\n+15550100001\n", region="ES").numbers == ["+34600100001", "+15550100001"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("soon,,", "'soon' is not a phone number"),
        ("12,,", "'12' is not a phone number"),
        (",en,Zoë", "it has no phone number"),
        ("1.5550100001E+10,,", "a spreadsheet has shortened the number to 1.5550100001E+10"),
        ('"1,5550100001E+10",,', "a spreadsheet has shortened the number"),
        ("+1555010\x000001,,", "is not a phone number"),
        ("+15550100001,en,Smith,Bob", "it has 4 cells where the header has 3"),
        ('+15550100001,en,Bob "the', None),
        ('+15550100001,en,"Bob" Smith', "a quotation mark"),
        ("x" * 10_000_000, "the line is longer than 65,536 characters"),
        ("+15550100001,en," + "x" * 100_000, "the line is longer than 65,536 characters"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_one_bad_row_is_said_to_be_bad_and_costs_no_other(read, row, reason):
    reading = read(f"phone,locale,name\n+15550100007,,\n{row}\n+15550100008,,\n")
    assert {"+15550100007", "+15550100008"} <= set(reading.numbers)
    if reason is None:
        assert reading.people[1] == ("+15550100001", "en", 'Bob "the')
    else:
        assert reading.numbers == ["+15550100007", "+15550100008"]
        assert list(reading.rejects) == [3]
        assert reason in reading.rejects[3]
    assert reading.lines[-1] == 4
    assert reading.list.rows == 3


FOLLOWING_LINES = "".join(f"+1555010{number:04}, en,Ann\n" for number in range(100, 200))


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(FOLLOWING_LINES, id="never closed"),
        pytest.param("", id="in the last line"),
        pytest.param('+15550100100,en,"Ann"\n' + FOLLOWING_LINES, id="closed by the next pair"),
        pytest.param('+15550100100,en,"\n' + FOLLOWING_LINES, id="closed at the end of a line"),
        pytest.param(FOLLOWING_LINES + "x" * 100_000 + "\n", id="with a line far too long below"),
        pytest.param("x" * 100_000 + "\n" + FOLLOWING_LINES, id="right above a line far too long"),
    ],
)
def test_a_quotation_mark_that_nobody_closes_swallows_no_row(read, rest):
    reading = read('phone,locale,name\n+15550100001,en,"Bob\n' + rest)
    expected = {line.split(",")[0] for line in rest.splitlines() if line.startswith("+")}
    assert set(reading.numbers) >= expected - {"+15550100100"}
    assert "a quotation mark" in reading.rejects[2]
    assert len(reading.numbers) + len(reading.rejects) == 1 + len(rest.splitlines())


def test_a_cell_of_several_lines_is_one_cell(read):
    note = '"called, then\nwrote\n\nthen came"'
    reading = read(f'phone,notes,name\n+15550100001,{note},"Bob\nSmith"\n+15550100002,,Ann\n')
    assert reading.people == [("+15550100001", None, "Bob Smith"), ("+15550100002", None, "Ann")]
    assert reading.lines == [2, 7]


def test_a_language_that_we_do_not_write_costs_nobody_their_row(read):
    reading = read("phone,locale\n+15550100001,tlh\n+15550100002,tlh\n+15550100003,es-MX\n")
    assert reading.people == [
        ("+15550100001", None, None), ("+15550100002", None, None), ("+15550100003", "es", None),
    ]  # fmt: skip
    assert reading.list.unknown_locales == {"tlh": 2}


def test_whoever_the_list_says_has_left_is_not_taken(read):
    reading = read("phone,status\n+15550100001,Left\n+15550100002,following\n+15550100003,VIP\n")
    assert reading.numbers == ["+15550100002", "+15550100003"]
    assert reading.rejects == {2: "the list says of this person: Left"}


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("  Zoë \t B ", "Zoë B"),
        ("Zoe\u0308", "Zoë"),
        ("a\x00b\x07c", "a b c"),
        ("\u202eevil\u2066", "evil"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 100, "x" * newcomers.LONGEST_NAME),
        ("'=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("'t Hooft", "'t Hooft"),
        ("\x00", None),
    ],
)
def test_names_are_one_plain_line(read, cell, name):
    assert read(f"phone,name\n+15550100001,{cell}\n").people == [("+15550100001", None, name)]


@given(st.text(st.sampled_from("'=+-@＝ab\t\r\n\0é"), max_size=6) | st.text())
def test_a_guarded_cell_comes_back_and_is_no_formula(cell):
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(tuple("=+-@\t\r\n＝＋－＠"))


def test_rejects_are_kept_with_their_cells_line_and_reason_and_never_overwritten(read):
    content = "phone,name\n+15550100001,Zoë\n=1+1,@SUM(A1)\n"
    first, second = read(content), read(content)
    assert first.list.rejects.path.name == "list.rejected.csv"
    assert second.list.rejects.path.name == "list.rejected-2.csv"
    for reading in (first, second):
        written = reading.list.rejects.path.read_text(encoding="utf-8-sig")
        assert written.splitlines() == [
            "line,reason,phone,name",
            "3,''=1+1' is not a phone number,'=1+1,'@SUM(A1)",
        ]


def test_without_rejects_there_is_no_file_of_them(read, tmp_path):
    read(PEOPLE)
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_rejects_that_were_mended_are_a_list_again(read):
    path = read("phone,name\n555 01,=Zoë\n").list.rejects.path
    mended = path.read_text(encoding="utf-8-sig").replace("555 01,", "555 010 0001,")
    assert read(mended).people == [("+15550100001", None, "=Zoë")]


def test_a_guarded_cell_is_guarded_once_among_the_rejects(read):
    path = read("phone,status\n'+1 305 555 0101,opted out\n").list.rejects.path
    assert path.read_text(encoding="utf-8-sig").splitlines()[1].split(",")[2] == "'+1 305 555 0101"


def test_batches_hold_so_many_rows_with_the_rejected(read, monkeypatch, tmp_path):
    monkeypatch.setattr(lists, "BATCH", 3)
    path = tmp_path / "list.csv"
    path.write_text("phone\n" + "+15550100001\nx\n" * 4)
    with open_list(path, region="US") as subscribers:
        assert [len(batch) for batch in subscribers.batches()] == [2, 1, 1]
        assert subscribers.position == path.stat().st_size
    assert (subscribers.rows, subscribers.rejected) == (8, 4)
