//! The fields of rows, one behind the other in one text: a row costs its letters and a few numbers, whatever it holds.

/// Rows of fields, each row with its line in the file, from 1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    text: String,
    /// Where each field ends in the text.
    ends: Vec<u32>,
    rows: Vec<Span>,
}

/// A row: its line, and which fields are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    line: u32,
    first: u32,
    fields: u32,
}

impl Cells {
    /// Adds a row. Of more than four billion letters or fields, which no table of the largest size has, the rest is lost.
    pub(crate) fn push<'a>(&mut self, line: u64, fields: impl Iterator<Item = &'a str>) {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let first = self.ends.len();
        for field in fields {
            self.text.push_str(field);
            self.ends.push(number(self.text.len()));
        }
        self.rows.push(Span {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            first: number(first),
            fields: number(self.ends.len() - first),
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes the first rows away.
    pub(crate) fn drop_first(&mut self, count: usize) {
        self.rows.drain(..count.min(self.rows.len()));
    }

    /// Gives back memory that was taken ahead.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.rows.shrink_to_fit();
    }

    /// The line of a row.
    pub(crate) fn line(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |span| u64::from(span.line))
    }

    /// How many fields a row has.
    pub(crate) fn width(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |span| span.fields as usize)
    }

    pub(crate) fn field(&self, row: usize, column: usize) -> Option<&str> {
        let span = self.rows.get(row)?;
        let column = u32::try_from(column).ok().filter(|it| *it < span.fields)?;
        let at = (span.first + column) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.map_or(0, |&end| end as usize);
        self.text.get(start..*self.ends.get(at)? as usize)
    }

    /// The fields of a row from a column on.
    pub(crate) fn fields(&self, row: usize, from: usize) -> impl Iterator<Item = &str> + Clone {
        (from..self.width(row)).filter_map(move |column| self.field(row, column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_width_come_back_with_their_lines() {
        let rows: [(u64, &[&str]); 4] = [
            (1, &["file", "label"]),
            (3, &["a.wav", ""]),
            (4, &[]),
            (9, &["Größe.wav", "x", "\u{1f3b8}"]),
        ];
        let mut cells = Cells::default();
        for (line, fields) in rows {
            cells.push(line, fields.iter().copied());
        }
        cells.shrink();
        for (row, (line, fields)) in rows.iter().enumerate() {
            assert_eq!((cells.line(row), cells.width(row)), (*line, fields.len()));
            assert_eq!(cells.fields(row, 0).collect::<Vec<_>>(), *fields);
        }
        assert_eq!(cells.field(1, 2), None);
        assert_eq!(cells.fields(3, 1).collect::<Vec<_>>(), ["x", "\u{1f3b8}"]);
        cells.drop_first(1);
        assert_eq!((cells.len(), cells.field(0, 0)), (3, Some("a.wav")));
    }
}
