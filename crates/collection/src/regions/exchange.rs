//! Regions as other programs write them.
//!
//! - Audacity's label track: a line a label, `start<TAB>end<TAB>name`; a line that begins with a backslash holds the range of
//!   frequencies of the label before it (Audacity manual, "Importing and Exporting Labels"). The `.lab` files of chord
//!   and segment data sets are the same with blanks.
//! - Sonic Visualiser's annotation layers as CSV: of regions `time,value,duration,label`, of notes `time,pitch,duration,
//!   velocity,label`, of moments `time,label`, of values `time,value,label`; since version 4 with a row of headings if
//!   that is ticked (`TIME,VALUE,DURATION,LABEL`, `TIME,LABEL`, ...).

use std::{fs, io::Write as _, path::Path};

use super::{Region, sort};
use crate::CollectionError;
use mynascope_base::storage::{StorageError, write_atomic};

/// Endings of files of regions.
pub const REGION_ENDINGS: [&str; 3] = ["txt", "csv", "lab"];

/// Larger files hold something else: a hundred thousand regions have some megabytes.
const LARGEST_BYTES: u64 = 64 << 20;

/// What a file held.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRegions {
    /// The regions, in order of time.
    pub regions: Vec<Region>,
    /// Lines that hold none.
    pub skipped: usize,
}

/// Reads a file of regions: `.csv` as Sonic Visualiser writes it, any other as Audacity's label track.
///
/// # Errors
/// If the file cannot be read, or if no line of it holds a region.
pub fn read_regions(path: &Path) -> Result<ReadRegions, CollectionError> {
    let unreadable = |source| CollectionError::Unreadable {
        source,
        path: path.to_path_buf(),
    };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > LARGEST_BYTES {
        return Err(unreadable(std::io::Error::other(
            "it is too large to be a list of regions",
        )));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let is_csv = is_csv(path);
    let mut read = match is_csv {
        true => of_csv(text),
        false => of_labels(text),
    };
    if read.regions.is_empty() {
        let form = match is_csv {
            true => "time,value,duration,label",
            false => "start, end and name with tabs between",
        };
        return Err(CollectionError::Labels {
            line: 1,
            why: format!("no line holds a region; each should hold {form}, in seconds"),
            path: path.to_path_buf(),
        });
    }
    sort(&mut read.regions);
    Ok(read)
}

/// Whether a file is as Sonic Visualiser writes it, by its name.
fn is_csv(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// A time in seconds: finite and not below zero.
fn secs(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = text.parse::<f64>();
    // Where the comma is the sign of decimals.
    let number = number.or_else(|_| text.replace(',', ".").parse());
    number.ok().filter(|secs| secs.is_finite() && *secs >= 0.0)
}

fn region(start_secs: f64, end_secs: f64, name: &str) -> Region {
    Region {
        start_secs,
        end_secs: end_secs.max(start_secs),
        name: name.trim().to_owned(),
    }
}

fn of_labels(text: &str) -> ReadRegions {
    let mut regions = Vec::new();
    let mut skipped = 0;
    for line in text.lines() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('\\') || line.starts_with('#') {
            continue;
        }
        let by_tabs = line.contains('\t');
        let mut fields = line.splitn(3, |letter: char| match by_tabs {
            true => letter == '\t',
            false => letter == ' ',
        });
        let mut next = || fields.next().unwrap_or_default();
        match (secs(next()), secs(next())) {
            (Some(start), Some(end)) => regions.push(region(start, end, next())),
            _ => skipped += 1,
        }
    }
    ReadRegions { regions, skipped }
}

/// Where the columns stand that tell a region.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Columns {
    start: usize,
    end: Option<usize>,
    duration: Option<usize>,
    name: Option<usize>,
}

impl Columns {
    /// Of a row of headings; `None` if it is none.
    fn named(header: &csv::StringRecord) -> Option<Self> {
        let place = |names: &[&str]| {
            header
                .iter()
                .position(|heading| names.contains(&heading.trim().to_lowercase().as_str()))
        };
        Some(Self {
            start: place(&["time", "start", "start_time", "onset"])?,
            end: place(&["end", "end_time", "offset"]),
            duration: place(&["duration", "length"]),
            name: place(&["label", "name", "text"]),
        })
    }

    /// Of rows of so many fields without headings, as Sonic Visualiser has them.
    fn of_width(fields: usize) -> Self {
        let (duration, name) = match fields {
            1 => (None, None),
            2 => (None, Some(1)),
            3 => (None, Some(2)),
            4 => (Some(2), Some(3)),
            _ => (Some(2), Some(4)),
        };
        Self {
            start: 0,
            end: None,
            duration,
            name,
        }
    }
}

fn of_csv(text: &str) -> ReadRegions {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut columns = None;
    let mut regions = Vec::new();
    let mut skipped = 0;
    for (row, record) in reader.records().enumerate() {
        let Ok(record) = record else {
            skipped += 1;
            continue;
        };
        if row == 0 {
            columns = Columns::named(&record);
            if columns.is_some() {
                continue;
            }
        }
        let columns = columns.unwrap_or_else(|| Columns::of_width(record.len()));
        let field = |place: usize| record.get(place).unwrap_or_default();
        let Some(start) = secs(field(columns.start)) else {
            skipped += 1;
            continue;
        };
        let by_end = columns.end.and_then(|place| secs(field(place)));
        let by_duration = columns.duration.and_then(|place| secs(field(place)));
        let end = by_end.or(by_duration.map(|duration| start + duration));
        let name = columns.name.map_or("", field);
        regions.push(region(start, end.unwrap_or(start), name));
    }
    ReadRegions { regions, skipped }
}

/// Writes regions as Audacity's label track, or into a `.csv` as Sonic Visualiser's regions.
///
/// # Errors
/// If the file cannot be written; an old one is untouched.
pub fn write_regions(path: &Path, regions: &[Region]) -> Result<(), StorageError> {
    let is_csv = is_csv(path);
    write_atomic(path, |file| {
        if is_csv {
            let mut writer = csv::Writer::from_writer(file);
            for region in regions {
                let length = region.end_secs - region.start_secs;
                let times = [region.start_secs, 0.0, length].map(|secs| format!("{secs:.9}"));
                let fields = times
                    .iter()
                    .map(String::as_str)
                    .chain([region.name.as_str()]);
                writer.write_record(fields).map_err(std::io::Error::other)?;
            }
            return writer.flush();
        }
        for region in regions {
            // A tab or a line break would end the field.
            let name = region.name.replace(['\t', '\n', '\r'], " ");
            writeln!(
                file,
                "{:.6}\t{:.6}\t{name}",
                region.start_secs, region.end_secs
            )?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> ReadRegions {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        read_regions(&file).unwrap()
    }

    fn of(start_secs: f64, end_secs: f64, name: &str) -> Region {
        Region {
            start_secs,
            end_secs,
            name: name.to_owned(),
        }
    }

    #[test]
    fn label_tracks_are_read_with_and_without_frequencies() {
        let text = "2.500000\t4.000000\tsecond verse\r\n\\\t200.0\t4000.0\r\n0.000000\t0.000000\tstart\r\n";
        let two = [of(0.0, 0.0, "start"), of(2.5, 4.0, "second verse")];
        assert_eq!(read("a.txt", text).regions, two);
        // As the chords of data sets are kept.
        let chords = read("a.lab", "0.0 2.61 N\n2.61 11.4 E:min\n");
        assert_eq!(
            chords.regions,
            [of(0.0, 2.61, "N"), of(2.61, 11.4, "E:min")]
        );
        let told = read("b.txt", "0.5\t1.5\tx\nnot a label\n");
        assert_eq!((told.regions.len(), told.skipped), (1, 1));
        // A label without a name.
        assert_eq!(read("c.txt", "1.0\t2.0\n").regions, [of(1.0, 2.0, "")]);
    }

    #[test]
    fn layers_of_sonic_visualiser_are_read_with_and_without_headings() {
        let regions = [of(1.25, 3.25, "verse, quiet")];
        assert_eq!(
            read("a.csv", "1.250000000,0,2.000000000,\"verse, quiet\"\n").regions,
            regions
        );
        let headed = "TIME,VALUE,DURATION,LABEL\n1.25,0,2,\"verse, quiet\"\n";
        assert_eq!(read("a.csv", headed).regions, regions);
        assert_eq!(read("a.csv", "0.5,beat 1\n1.0,beat 2\n").regions.len(), 2);
        assert_eq!(
            read("a.csv", "0.5,beat 1\n").regions,
            [of(0.5, 0.5, "beat 1")]
        );
        let notes = read("a.csv", "0.5,60,0.25,0.8,C4\n");
        assert_eq!(notes.regions, [of(0.5, 0.75, "C4")]);
        // Columns of other programs, in any order.
        let other = read("a.csv", "label,start,end\nx,1,2\n");
        assert_eq!(other.regions, [of(1.0, 2.0, "x")]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let regions = [
            of(0.0, 1.5, "a \"b\", c"),
            of(2.0, 2.0, ""),
            of(2.25, 9.0, "né"),
        ];
        for name in ["r.txt", "r.csv"] {
            let file = folder.path().join(name);
            write_regions(&file, &regions).unwrap();
            assert_eq!(read_regions(&file).unwrap().regions, regions, "{name}");
        }
    }

    #[test]
    fn a_file_without_a_region_says_what_was_expected() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["r.txt", "r.csv"] {
            let file = folder.path().join(name);
            fs::write(&file, "artist,title\nsomebody,something\n").unwrap();
            let said = read_regions(&file).unwrap_err().to_string();
            assert!(said.contains("no line holds a region"), "{said}");
        }
    }
}
