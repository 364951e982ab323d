"""CSV that no spreadsheet runs, and CSV as spreadsheets write it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.core.kit.sheets import (
    UnreadableSheet,
    csv_cell,
    csv_lines,
    decoded,
    listed,
    plain_cell,
    read,
    torn_names,
)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+8613800138000", "'+8613800138000"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1＋1", "'＝1＋1"),
        ("'=1", "''=1"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
        ("小林", "小林"),
        (-2, "-2"),
        (1.5, "1.5"),
        (None, ""),
        ("", ""),
    ],
)
def test_text_that_might_run_gets_a_guard_and_numbers_stay_numbers(value, cell):
    assert csv_cell(value) == cell


@given(st.text())
def test_reading_a_cell_gives_back_what_was_written(text):
    assert plain_cell(csv_cell(text)) == text


@given(st.text())
def test_no_written_text_begins_as_a_formula(text):
    assert csv_cell(text)[:1] not in set("=+-@\t\r\n＝＋－＠") - {""}


def test_a_file_begins_with_the_mark_excel_looks_for():
    lines = "".join(csv_lines(["Name", "n"], [["=x, y", 3]]))
    assert lines == '\ufeffName,n\r\n"\'=x, y",3\r\n'
    assert list(csv.reader(io.StringIO(lines[1:]))) == [["Name", "n"], ["'=x, y", "3"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encodings_of_spreadsheets_are_read(encoding):
    assert decoded("姓名,邮箱\n小林,a@b.cn\n".encode(encoding)) == "姓名,邮箱\n小林,a@b.cn\n"


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_empty_lines_are_passed_over(sign):
    sheet = read(f'\n姓名{sign}"标{sign}签"\n小林{sign}甲\n\n{sign}\n"二\n行"{sign}\'=x\n')
    assert sheet.header == ("姓名", f"标{sign}签")
    assert sheet.rows == ((3, ("小林", "甲")), (6, ("二\n行", "=x")))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"x" * (5 * 1024 * 1024 + 1), "5 MB"),
        (b"PK\x03\x04....", "Excel"),
        (b"a,b\n\x00\x01\x02", "CSV"),
        (b"\xff\xfe\x00", "CSV"),
    ],
)
def test_what_is_no_csv_is_refused_with_what_to_do(content, says):
    with pytest.raises(UnreadableSheet) as refused:
        decoded(content)
    assert says in str(refused.value.message)


@pytest.mark.parametrize("text", ["", "\n\n", "姓名,邮箱\n"])
def test_a_table_without_rows_is_refused(text):
    with pytest.raises(UnreadableSheet):
        read(text)


def test_an_open_quote_is_told_with_its_line():
    with pytest.raises(UnreadableSheet) as refused:
        read('a,b\nc,d\n"e,f\n')
    assert "3" in str(refused.value.message)


def test_a_row_of_several_lines_is_told_by_its_first():
    assert [line for line, _ in read('"a\n\nb",c\n\n"1\r\n\r\n2",x\n3,y\n').rows] == [5, 8]
    with pytest.raises(UnreadableSheet) as refused:
        read('a,b\n"c\n\n","d\n\n')
    assert "2" in str(refused.value.message)


def test_a_cell_may_have_as_much_as_the_file():
    text = "字" * 200_001
    assert read(f"a,b\n{text},x\n").rows == ((2, (text, "x")),)


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("数据、模型与决策", ["数据、模型与决策"]),
        ("数据、模型与决策; 统计|入门、甲", ["数据、模型与决策", "统计|入门", "甲"]),
        ("甲、数据", ["甲", "数据"]),
        ("数据、模型", ["数据", "模型"]),
        ("a; b; c；d", ["a; b; c", "d"]),
        ("；、甲、甲;", ["甲"]),
        (
            " 数据、模型与决策 ；统计|入门\n数据、模型与决策X",
            ["数据、模型与决策", "统计|入门", "数据", "模型与决策X"],
        ),
        ("", []),
    ],
)
def test_a_known_name_stays_whole_whatever_signs_it_has(cell, parts):
    known = {"数据", "数据、模型与决策", "统计|入门", "a", "a; b; c"}
    assert listed(cell, torn_names(known)) == parts


def test_many_signs_are_read_in_no_time():
    assert listed("甲、" * 200_000 + "甲", torn_names(["甲、" * 40 + "乙"])) == ["甲"]


def test_more_rows_than_are_taken_are_refused():
    with pytest.raises(UnreadableSheet):
        read("a\n" + "x\n" * 20_001)
    assert len(read("a\n" + "x\n" * 20_000).rows) == 20_000
