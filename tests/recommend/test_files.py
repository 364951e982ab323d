"""Reading files of interactions: what is understood, and what is refused with its row and reason."""

import gzip
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhiyue.recommend.errors import BadFile, NotPossible
from zhiyue.recommend.files import read_interactions, read_items, read_pairs, read_users
from zhiyue.recommend.outputs import reserved


def csv(tmp_path, text, name="rows.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def parquet(tmp_path, **columns):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(columns), path)
    return path


REFUSED = {
    "": "the file is empty",
    "user_id,item_id\n": "the file has no data rows",
    "user_id,item\n1,2\n": "the column item_id is missing (columns found: user_id, item)",
    "user_id;item_id\n1;2\n": "the column user_id is missing (columns found: user_id;item_id)",
    "user_id,user_id,item_id\n1,1,2\n": "the column user_id stands in the file twice",
    "user_id,item_id\n1,2\n,3\n": "data row 2 (line 3): user_id is missing",
    "user_id,item_id\n\n1,2\n\n\n,3\n": "data row 2 (line 6): user_id is missing",
    "user_id,item_id\r\n1,2\r\n\r\n1,3,4\r\n": "data row 2 (line 4): 2 columns were expected, 3 found",
    'user_id,item_id,says\n1,2,"one\n\ntwo"\n\n,3,"x\ny"\n': "data row 2 (line 6): user_id is missing",
    "user_id,item_id\r1,2\r\r1,nan\r": "data row 2 (line 4): item_id is missing",
    'user_id,item_id\n1,2\n1,"3\n'
    + 299 * "4,5\n"
    + '6,7"\n8,9\n': "data row 2 (line 3): item_id holds a line break: a quote is open since line 3",
    'user_id,item_id\n"1\n",2\n': "data row 1 (line 2): user_id holds a line break: a quote is open since line 2",
    'user_id,item_id\n1,2\n"1,3\n'
    + 600_000 * "4,5\n"
    + '4",5\n': "the row that begins on line 3 is longer than 1 MB: a quote is "
    "open since line 3, or a text has to be cut",
    'user_id,item_id\n1,2\n"1,3\n4,5\n': "data row 2 (line 3): 2 columns were expected, 1 found: a quote is open since "
    "line 3",
    "user_id,item_id\n1,2\n\n 1, nan\n" + 9 * "\n": "data row 2 (line 4): item_id is missing",
    "user_id,item_id,long\n1,2," + 200_000 * "x" + "\n,3,y\n": "data row 2 (line 3): user_id is missing",
    "user_id,item_id\n\n1,2\n1\0,3\n": "line 4 holds a NUL byte",
    "user_id,item_id,unused\r\n1,2,a\r\n1,3,\0": "line 3 holds a NUL byte",
    "user_id,item_id\n1,2\n1,NaN\n": "data row 2 (line 3): item_id is missing",
    "user_id,item_id\n1,2\n1,3,4\n": "data row 2 (line 3): 2 columns were expected, 3 found",
    "user_id,item_id,rating\n1,2,5\n1,3,good\n": "data row 2 (line 3): rating is 'good', not a number",
    "user_id,item_id,rating\n1,2,5\n1,3,\n": "data row 2 (line 3): rating is missing or not a finite number",
    "user_id,item_id,rating\n1,2,inf\n": "data row 1 (line 2): rating is missing or not a finite number",
    "user_id,item_id,rating\n1,2,1e9\n1,3,1e308\n": "data row 2 (line 3): rating is 1e+308; it must lie between "
    "-1,000,000,000 and 1,000,000,000: divide all of them by the same number",
    "user_id,item_id,rating\n1,2,-1e9\n1,3,-2e9\n": "data row 2 (line 3): rating is -2e+09; it must lie between",
    "user_id,item_id,position\n1,2,first\n": "data row 1 (line 2): position is 'first', not a number",
    "user_id,item_id,time\n1,2,2026-01-01\n1,3,soon\n": "data row 2 (line 3): time is 'soon'; write it like",
    "user_id,item_id,time\n1,2,1772366400\n1,3,1772366400000\n": "data row 2 (line 3): time is 1772366400000, too "
    "large for seconds since 1970",
    "user_id,item_id,time\n1,2,1e300\n": "data row 1 (line 2): time is 1e+300, too large for nanoseconds",
    "user_id,item_id,time\n1,2,2026-01-01\n1,3,\n": "data row 2 (line 3): time is missing",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=lambda value: value[:60])
def test_a_bad_csv_is_refused_with_its_row_and_reason(tmp_path, text, reason):
    path = csv(tmp_path, text)

    with pytest.raises(BadFile) as refusal:
        read_interactions(path)

    assert str(refusal.value).startswith(str(path))
    assert reason in str(refusal.value)


def test_rows_that_a_quote_swallows_in_a_column_that_is_not_read_are_said(tmp_path):
    rows = 'user_id,item_id,title\n1,2,one\n1,3,"two\n' + 299 * "4,5,x\n" + '6,7,three"\n8,9,four\n'
    told: list[str] = []
    path = csv(tmp_path, rows)
    assert len(read_interactions(path, told.append).user) == 3
    assert told == [
        f"{path}: 300 lines are parts of quoted texts, the first since line 3; "
        "where no text goes over several lines, a quote is open there"
    ]
    told.clear()
    read_interactions(csv(tmp_path, 'user_id,item_id,title\n\n1,2,"one"\n\n1,3,two'), told.append)
    assert told == []


def test_what_is_no_file_of_a_known_kind_is_refused(tmp_path):
    for path, reason in (
        (tmp_path / "none.csv", "there is no such file"),
        (tmp_path, "this is not a file"),
        (csv(tmp_path, "user_id,item_id\n1,2\n", "rows.txt"), "only .parquet, .csv and .csv.gz"),
        (csv(tmp_path, "no parquet", "rows.parquet"), "the file cannot be read"),
        (csv(tmp_path, b"\x1f\x8b\x08 no gzip", "rows.csv.gz"), "the file cannot be read"),
        (csv(tmp_path, gzip.compress(b"user_id,item_id\n1,2\0\n"), "nul.csv.gz"), "line 2 holds a NUL byte"),
        (csv(tmp_path, "user_id,item_id\n1,2\n".encode("utf-16"), "wide.csv"), "save the file as UTF-8"),
        (csv(tmp_path, b"user_id,item_id\n\xff\xfe,1\n", "latin.csv"), "isn't UTF-8"),
    ):
        with pytest.raises(BadFile, match=reason):
            read_interactions(path)


@pytest.mark.parametrize("column", ["user_id", "item_id", "rating", "position"])
def test_a_missing_value_in_parquet_is_refused_with_its_row(tmp_path, column):
    columns = {name: [1.0, 2.0, 3.0] for name in ("user_id", "item_id", "rating", "position")}
    columns[column] = [1.0, None, float("nan")]

    with pytest.raises(BadFile, match=rf"data row 2: {column} is missing"):
        read_interactions(parquet(tmp_path, **columns))


@pytest.mark.parametrize("name", ["excel.csv", "excel.csv.gz"])
@pytest.mark.parametrize(
    "text",
    [
        "user_id,item_id\n张三,微积分\n𠮷野,1\n",
        "用户,user_id,item_id\n1,2,3\n",
        "user_id,item_id\n" + 50_000 * "王五,二\n" + "李四,1\n",
    ],
    ids=["cell", "header", "long"],
)
def test_a_csv_in_gb18030_is_read_and_that_is_told(tmp_path, text, name):
    raw = text.encode("gb18030")
    path = csv(tmp_path, gzip.compress(raw) if name.endswith("gz") else raw, name)
    heard: list[str] = []

    found = read_pairs(path, heard.append)

    plain = read_pairs(csv(tmp_path, text, "plain.csv"), heard.append)
    assert (found.user.values, found.item.values) == (plain.user.values, plain.item.values)
    assert heard == [f"{path}: the file isn't UTF-8; read as GB18030, as Excel in Chinese saves “CSV”"]


def test_a_bad_row_of_a_csv_in_gb18030_is_named_with_its_line(tmp_path):
    path = csv(tmp_path, 'user_id,item_id,says\n1,2,"学\n完"\n,3,好\n'.encode("gb18030"))
    with pytest.raises(BadFile, match=r"data row 2 \(line 4\): user_id is missing"):
        read_pairs(path)


@pytest.mark.parametrize("text", ["user_id,item_id\nJosé,1\n", "prénom,user_id,item_id\né,2,3\n"])
def test_a_csv_that_is_neither_says_how_to_save_it(tmp_path, text):
    heard: list[str] = []
    with pytest.raises(BadFile, match=r"the file isn't UTF-8: .* save it as “CSV UTF-8”$"):
        read_pairs(csv(tmp_path, text.encode("latin-1")), heard.append)
    assert heard == []


def test_ids_that_are_neither_whole_numbers_nor_text_are_refused(tmp_path):
    with pytest.raises(BadFile, match="data row 2: item_id is not a whole number"):
        read_pairs(parquet(tmp_path, user_id=[1, 2], item_id=[1.0, 2.5]))
    with pytest.raises(BadFile, match="user_id holds bool"):
        read_pairs(parquet(tmp_path, user_id=[True], item_id=[1]))


def test_a_csv_with_a_byte_order_mark_spaces_and_unused_columns_is_read(tmp_path):
    found = read_interactions(csv(tmp_path, '\ufeffuser_id, item_id ,negatives\n1, 2 ,"[3, 4]"\n5,6,\n'))

    assert found.user.values.to_pylist() == [1, 5]
    assert found.item.values.to_pylist() == [2, 6]
    assert found.weight.tolist() == [1.0, 1.0]
    assert found.order is None


def test_a_compressed_csv_is_read(tmp_path):
    path = csv(tmp_path, gzip.compress(b"user_id,item_id,rating\nu1,c1,-2.5\n"), "rows.csv.gz")

    found = read_interactions(path)

    assert (found.user.values.to_pylist(), found.weight.tolist()) == (["u1"], [-2.5])


def test_ids_keep_their_kind(tmp_path):
    numbers = read_pairs(csv(tmp_path, "user_id,item_id\n1,7\n2,8\n"))
    padded = read_pairs(csv(tmp_path, "user_id,item_id\n1,007\n2,8\n"))
    small = read_pairs(parquet(tmp_path, user_id=pa.array([1], pa.int32()), item_id=pa.array(["课"])))
    floats = read_pairs(csv(tmp_path, "user_id,item_id\n1.0,7\n2.0,8\n"))

    assert (numbers.item.is_text, numbers.item.values.to_pylist()) == (False, [7, 8])
    assert (padded.item.is_text, padded.item.values.to_pylist()) == (True, ["007", "8"])
    assert small.user.restored(small.user.values).type == pa.int32()
    assert small.item.values.to_pylist() == ["课"]
    assert floats.user.values.to_pylist() == [1, 2]


def test_times_are_days_and_positions_only_an_order(tmp_path):
    rows = "user_id,item_id,{}\n1,2,{}\n1,3,{}\n"
    midday = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()

    iso = read_interactions(
        csv(tmp_path, rows.format("time", "2026-03-01 12:00", "2026-03-01T19:00:00+08:00"))
    )
    epoch = read_interactions(csv(tmp_path, rows.format("time", midday, midday - 3600)))
    stamps = read_interactions(
        parquet(
            tmp_path,
            user_id=[1, 1],
            item_id=[2, 3],
            time=[datetime(2026, 3, 1, 12), datetime(2026, 3, 1, 11)],
        )
    )
    day_numbers = read_interactions(csv(tmp_path, rows.format("time", "3", "-5")))
    positions = read_interactions(csv(tmp_path, rows.format("position", "1", "0")))

    for found in (iso, epoch, stamps):
        assert found.days == pytest.approx([midday / 86400, (midday - 3600) / 86400])
    assert day_numbers.days is positions.days is None
    for found in (iso, epoch, stamps, day_numbers, positions):
        assert found.order.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("unit", "parts"),
    [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)],
)
def test_the_unit_of_times_since_1970_shows_in_their_size_and_is_noted(tmp_path, unit, parts):
    """From the first number that is taken for a moment (1973) to one of our days."""
    seconds = [100_000_000, 1_772_366_400]
    times = [second * parts for second in seconds]
    rows = "".join(f"1,{time},{time}\n" for time in times)

    for found in (
        read_interactions(csv(tmp_path, "user_id,item_id,time\n" + rows)),
        read_interactions(parquet(tmp_path, user_id=[1, 1], item_id=[2, 3], time=times)),
    ):
        assert found.days == pytest.approx([second / 86400 for second in seconds])
        assert found.order.tolist() == [0, 1]
        assert found.notes == (f"time is taken as {unit} since 1970",)


def test_small_numbers_as_time_are_an_order_only_and_it_is_noted(tmp_path):
    found = read_interactions(csv(tmp_path, "user_id,item_id,time\n1,2,1772366400\n1,3,99999999\n"))

    assert found.days is None
    assert found.notes == ("time goes down to 99999999: taken as an order only, without ages",)


def test_with_time_and_position_the_position_decides_between_equal_times(tmp_path):
    text = "user_id,item_id,time,position\n1,2,2026-01-02,5\n1,3,2026-01-02,4\n1,4,2026-01-01,9\n"

    found = read_interactions(csv(tmp_path, text))

    assert found.order.argsort().tolist() == [2, 1, 0]
    assert found.notes == ("has time and position: time decides, position between equal times",)


def test_repeated_pairs_are_counted_in_a_note(tmp_path):
    found = read_interactions(csv(tmp_path, "user_id,item_id\n1,2\n1,2\n1,3\n"))

    assert found.notes == ("1 rows repeat a pair of user and item; their weights are added up",)


def test_users_are_distinct_and_keep_their_order(tmp_path):
    assert read_users(csv(tmp_path, "user_id\n9\n3\n9\n")).values.to_pylist() == [9, 3]


def test_items_have_texts_and_labels_but_no_numbers_and_stand_once(tmp_path):
    found = read_items(csv(tmp_path, 'item_id,title,school_id,n\n1,"第一行\n第二行",S_1,4\n2,,S_2,5\n'))

    assert found.texts == {"title": ["第一行\n第二行", ""]}
    assert found.labels == {"school_id": ["S_1", "S_2"]}
    with pytest.raises(BadFile, match=r"data row 3 \(line 4\): item_id 1 stands in the file twice"):
        read_items(csv(tmp_path, "item_id,title\n1,a\n2,b\n1,c\n"))


def test_a_file_that_could_not_be_written_leaves_the_old_one(tmp_path):
    target = csv(tmp_path, "old", "out.parquet")

    def half(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(NotPossible, match="No space left on device"), reserved(target) as place:
        place.fill(half)

    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    assert target.read_text() == "old"
