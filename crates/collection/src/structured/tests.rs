use super::*;

fn json(text: &str) -> Rows {
    read(Path::new("l.json"), text).unwrap().unwrap()
}

/// A row's line and its fields under some headings.
fn fields<'r>(rows: &'r Rows, row: usize, names: &[&str]) -> (u64, Vec<&'r str>) {
    let (headings, cells) = rows;
    let of = |name: &&str| {
        let place = headings.iter().position(|other| other == name).unwrap();
        cells.field(row, place).unwrap_or_default()
    };
    (cells.line(row), names.iter().map(of).collect())
}

#[test]
fn a_file_is_an_object_wherever_it_stands() {
    for (text, line) in [
        (
            "[\n {\"file\": \"a.wav\", \"label\": \"x\"},\n {\"file\": \"b.wav\", \"label\": \"dub\"}\n]",
            3,
        ),
        (
            "{\"file\": \"a.wav\", \"label\": \"x\"}\n{\"label\": \"dub\", \"file\": \"b.wav\"}\n",
            2,
        ),
        (
            "{\"version\": 1, \"tracks\": [{\"file\": \"a.wav\", \"label\": \"x\"},\n{\"file\": \"b.wav\", \"label\": \"dub\"}]}",
            2,
        ),
        (
            "[{\"audio\": {\"file\": \"a.wav\"}, \"label\": \"x\"}, {\"audio\": {\"file\": \"b.wav\"}, \"label\": \"dub\"}]",
            1,
        ),
        (
            "{\"file\": {\"0\": \"a.wav\", \"1\": \"b.wav\"}, \"label\": {\"0\": \"x\", \"1\": \"dub\"}}",
            1,
        ),
        (
            "{\"file\": [\"a.wav\", \"b.wav\"], \"label\": [\"x\", \"dub\"]}",
            1,
        ),
        (
            "{\"columns\": [\"file\", \"label\"], \"index\": [0, 1], \"data\": [[\"a.wav\", \"x\"], [\"b.wav\", \"dub\"]]}",
            1,
        ),
        ("{\"a.wav\": \"x\",\n\"b.wav\": \"dub\"}", 2),
        (
            "{\"a.wav\": {\"label\": \"x\"},\n\"b.wav\": {\"label\": \"dub\"}}",
            2,
        ),
        (
            "{\"tracks\": {\"a.wav\": {\"label\": \"x\"},\n\"b.wav\": {\"label\": \"dub\"}}}",
            2,
        ),
        (
            "{\"features\": [{\"name\": \"file\"}], \"rows\": [{\"row\": {\"file\": [{\"src\": \"a.wav\"}], \"label\": \"x\"}},
             {\"row\": {\"audio\": [{\"file\": \"b.wav\"}], \"label\": [\"dub\"]}}]}",
            2,
        ),
    ] {
        let rows = json(text);
        assert_eq!(rows.1.len(), 2, "{text}");
        let expected = (line, vec!["b.wav", "dub"]);
        assert_eq!(fields(&rows, 1, &["file", "label"]), expected, "{text}");
    }
}

#[test]
fn arrays_are_rows_without_headings() {
    let (names, cells) = json("[[\"a.wav\", \"x\", \"train\"],\n[\"b.wav\", \"dub\"]]");
    assert_eq!(names, ["", "", ""]);
    assert_eq!(
        (cells.line(1), cells.fields(1, 0).collect()),
        (2, vec!["b.wav", "dub"])
    );
}

#[test]
fn lists_by_their_parts_are_a_split_and_lists_in_a_field_are_tags() {
    let rows = json("{\"train\": [{\"file\": \"a.wav\"}], \"test\": [{\"file\": \"b.wav\"}]}");
    assert_eq!(
        fields(&rows, 1, &["file", "split"]),
        (1, vec!["b.wav", "test"])
    );
    let rows = json("[{\"file\": \"a.wav\", \"tags\": [\"loud\", \"fast\"], \"bpm\": null}]");
    let expected = (1, vec!["a.wav", "[\"loud\",\"fast\"]", ""]);
    assert_eq!(fields(&rows, 0, &["file", "tags", "bpm"]), expected);
}

#[test]
fn lists_by_their_labels_and_by_parts_and_labels_are_rows() {
    let rows = json("{\"rock\": [\"a.wav\"],\n\"dub\": [\"b.wav\", \"c.wav\"]}");
    assert_eq!(
        fields(&rows, 2, &["file", "label"]),
        (2, vec!["c.wav", "dub"])
    );
    let rows = json(
        "{\"train\": {\"rock\": [\"a.wav\"]}, \"test\": {\"rock\": [\"b.wav\"], \"dub\": [\"c.wav\"]}}",
    );
    assert_eq!(
        fields(&rows, 2, &["file", "split", "label"]),
        (1, vec!["c.wav", "test", "dub"])
    );
    // What a row says itself counts.
    let rows =
        json("{\"a\": [{\"file\": \"a.wav\", \"label\": \"x\"}], \"b\": [{\"file\": \"b.wav\"}]}");
    assert_eq!(fields(&rows, 0, &["label"]).1, ["x"]);
    assert_eq!(fields(&rows, 1, &["label"]).1, ["b"]);
}

#[test]
fn numbers_that_only_python_writes_are_nothing() {
    let rows = json(
        "[{\"file\": \"a.wav\", \"bpm\": NaN, \"label\": \"NaN, or Infinity\"},\n{\"file\": \"b.wav\", \"bpm\": -Infinity, \
         \"label\": \"x\"}]",
    );
    assert_eq!(
        fields(&rows, 0, &["file", "bpm", "label"]),
        (1, vec!["a.wav", "", "NaN, or Infinity"])
    );
    assert_eq!(fields(&rows, 1, &["bpm", "label"]), (2, vec!["", "x"]));
}

#[test]
fn tags_with_numbers_stay_together_and_other_objects_are_columns() {
    let rows = json("[{\"file\": \"a.wav\", \"tags\": {\"rock\": 0.8, \"pop\": 0}}]");
    assert_eq!(
        fields(&rows, 0, &["file", "tags"]).1,
        ["a.wav", "{\"pop\":0,\"rock\":0.8}"]
    );
    let rows = json("[{\"file\": \"a.wav\", \"tags\": {\"genre\": \"rock\", \"track\": 3}}]");
    assert_eq!(fields(&rows, 0, &["file", "genre"]).1, ["a.wav", "rock"]);
}

#[test]
fn what_is_no_list_says_what_is_wanted_and_where() {
    for (text, line, words) in [
        (
            "[{\"file\": \"a.wav\"},\n {\"file\": }]",
            2,
            "array of objects",
        ),
        (
            "{\"annotations\": [], \"file_metadata\": {}, \"sandbox\": {}}",
            1,
            "JAMS",
        ),
        ("3", 1, "no list"),
        ("", 1, "empty"),
        ("{\"lr\": 0.1, \"steps\": 10}", 1, "no list"),
        (
            "{\"file\": [\"a.wav\", \"b.wav\"], \"label\": [\"x\"]}",
            1,
            "`file` 2, `label` 1",
        ),
    ] {
        let (at, why) = read(Path::new("l.json"), text).unwrap().unwrap_err();
        assert!(
            at == line && why.contains(words),
            "{text}: line {at}: {why}"
        );
    }
}
