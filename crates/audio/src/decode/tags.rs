//! What a file says of its music: title, artist, album, genre and date, from ID3, APE, Vorbis comments, MP4 atoms,
//! Matroska tags and the texts of WAV and AIFF.

use std::{
    fs::File,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use symphonia::core::{
    common::Limit,
    formats::{
        FormatOptions,
        probe::{Hint, Probe},
    },
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::{MetadataOptions, MetadataReader, MetadataRevision, StandardTag, Tag},
};

use symphonia_metadata::{ape::ApeReader, id3v1::Id3v1Reader, id3v2::Id3v2Reader};

use super::{fence::Fence, pcm::texts::texts};
use crate::source::{Clock, Section, Watched};
use mynascope_base::jobs::Cancel;

/// What a file says of its music.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileTags {
    /// What the piece is called.
    pub title: Option<String>,
    /// Who plays.
    pub artist: Option<String>,
    /// The album that it is on.
    pub album: Option<String>,
    /// Its genre.
    pub genre: Option<String>,
    /// When it was recorded or published, as the file writes it: a year or a date.
    pub date: Option<String>,
}

/// Bytes of a tag or cover picture that the reader may keep.
const MAX_TAG_BYTES: usize = 1 << 20;
const MAX_PICTURE_BYTES: usize = 16 << 20;
/// A longer text is no name.
const MAX_LETTERS: usize = 300;
/// A file that is read for longer has none.
const PATIENCE: Duration = Duration::from_secs(5);

impl FileTags {
    /// Whether the file says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn take(&mut self, tag: &Tag) {
        let Some(tag) = &tag.std else { return };
        let (place, text) = match tag {
            StandardTag::TrackTitle(text) => (&mut self.title, text.to_string()),
            StandardTag::Artist(text) => (&mut self.artist, text.to_string()),
            StandardTag::Album(text) => (&mut self.album, text.to_string()),
            StandardTag::Genre(text) => (&mut self.genre, text.to_string()),
            StandardTag::RecordingDate(text) | StandardTag::ReleaseDate(text) => {
                (&mut self.date, text.to_string())
            }
            StandardTag::RecordingYear(year) | StandardTag::ReleaseYear(year) => {
                (&mut self.date, year.to_string())
            }
            _ => return,
        };
        say(place, &text);
    }

    /// Takes the texts of a WAV or AIFF.
    fn take_texts(&mut self, named: &[([u8; 4], String)]) {
        for (name, text) in named {
            let place = match name {
                b"INAM" | b"NAME" => &mut self.title,
                b"IART" | b"AUTH" => &mut self.artist,
                b"IPRD" => &mut self.album,
                b"IGNR" => &mut self.genre,
                b"ICRD" => &mut self.date,
                _ => continue,
            };
            say(place, text);
        }
    }
}

/// Says what a file says of itself. The first of several texts counts: the others are further artists, genres, dates.
fn say(place: &mut Option<String>, text: &str) {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(MAX_LETTERS)
        .collect();
    let text = text.trim();
    if place.is_none() && !text.is_empty() {
        *place = Some(text.to_owned());
    }
}

/// Every format, and tags before and behind it, which the decoders of this program pass over unread.
fn probe() -> &'static Probe {
    static PROBE: OnceLock<Probe> = OnceLock::new();
    PROBE.get_or_init(|| {
        let mut probe = Probe::default();
        symphonia::default::register_enabled_formats(&mut probe);
        probe.register_metadata::<ApeReader<'_>>();
        probe.register_metadata::<Id3v1Reader<'_>>();
        probe.register_metadata::<Id3v2Reader<'_>>();
        probe
    })
}

/// Reads the tags of a file; a file that has none, or whose tags cannot be read, says nothing.
pub fn read_tags(path: &Path) -> FileTags {
    let mut tags = FileTags::default();
    let Ok(file) = File::open(path) else {
        return tags;
    };
    let Ok(length) = file.metadata().map(|metadata| metadata.len()) else {
        return tags;
    };
    let clock = Clock::new(&Cancel::default(), PATIENCE);
    let fence = Fence {
        path,
        clock: &clock,
    };
    let watched = |section: Section, length| {
        let source = Watched::new(section, Some(length), Arc::clone(&clock));
        MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default())
    };
    let limits = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(MAX_TAG_BYTES))
        .limit_visual_bytes(Limit::Maximum(MAX_PICTURE_BYTES));
    // A fault of the reader costs the tags, no more.
    let _ = fence.guard(|| {
        let mut take = |revision: &MetadataRevision| {
            let own = revision
                .per_track
                .iter()
                .flat_map(|track| &track.metadata.tags);
            for tag in revision.media.tags.iter().chain(own) {
                tags.take(tag);
            }
        };
        let Ok(mut again) = file
            .try_clone()
            .map(|file| Watched::new(file, Some(length), Arc::clone(&clock)))
        else {
            return;
        };
        let texts = texts(&mut again, length, path, &clock).unwrap_or_default();
        if let Some(range) = texts.id3 {
            // A tag in a chunk of its own.
            let length = range.end - range.start;
            let stream = watched(Section::new(file, 0..0, range), length);
            let read =
                Id3v2Reader::try_new(stream, limits).and_then(|mut reader| reader.read_all());
            if let Ok(read) = read {
                take(&read.revision);
            }
        } else if texts.named.is_empty() {
            let stream = watched(Section::new(file, 0..0, 0..length), length);
            let opened = probe().probe(&Hint::new(), stream, FormatOptions::default(), limits);
            let Ok(mut reader) = opened else { return };
            let mut metadata = reader.metadata();
            while let Some(revision) = metadata.pop() {
                take(&revision);
            }
            if let Some(revision) = metadata.current() {
                take(revision);
            }
        }
        tags.take_texts(&texts.named);
    });
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ID3v2.3 frame of text in Latin-1.
    fn frame(id: &str, text: &str) -> Vec<u8> {
        let mut bytes = id.as_bytes().to_vec();
        bytes.extend((text.len() as u32 + 1).to_be_bytes());
        bytes.extend([0, 0, 0]);
        bytes.extend(text.as_bytes());
        bytes
    }

    /// MPEG-1 Layer III at 128 kbit/s and 44.1 kHz: silence.
    fn silent_frames() -> Vec<u8> {
        let mut frame = vec![0xff, 0xfb, 0x90, 0x64];
        frame.resize(417, 0);
        frame.repeat(40)
    }

    #[test]
    fn title_artist_album_genre_and_date_are_read_and_files_without_them_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let frames: Vec<u8> = [
            frame("TIT2", "My Song"),
            frame("TPE1", "The Band"),
            frame("TALB", "An Album"),
            frame("TCON", "Folk"),
            frame("TYER", "1998"),
        ]
        .concat();
        let size = frames.len() as u32;
        let mut bytes = b"ID3\x03\x00\x00".to_vec();
        bytes.extend([21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8));
        bytes.extend(frames);
        bytes.extend(silent_frames());
        let path = folder.path().join("a.mp3");
        std::fs::write(&path, bytes).unwrap();
        let some = |text: &str| Some(text.to_owned());
        let expected = FileTags {
            title: some("My Song"),
            artist: some("The Band"),
            album: some("An Album"),
            genre: some("Folk"),
            date: some("1998"),
        };
        assert_eq!(read_tags(&path), expected);
        let plain = folder.path().join("b.mp3");
        std::fs::write(&plain, silent_frames()).unwrap();
        assert!(read_tags(&plain).is_empty());
        std::fs::write(&plain, b"ID3\x03\x00\x00\x7f\x7f\x7f\x7fTIT2").unwrap();
        assert!(read_tags(&plain).is_empty(), "it ends in its tag");
        assert!(read_tags(&folder.path().join("nothing.mp3")).is_empty());
    }

    /// A chunk, padded to an even size.
    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut bytes = name.to_vec();
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    }

    #[test]
    fn wav_files_speak_in_front_of_their_sound_and_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let write = |chunks: &[Vec<u8>]| {
            let content = [b"WAVE".to_vec(), chunks.concat()].concat();
            std::fs::write(&path, chunk(b"RIFF", &content)).unwrap();
            read_tags(&path)
        };
        let format = chunk(
            b"fmt ",
            &[1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0],
        );
        let sound = chunk(b"data", &[0; 101]);
        let info = [
            b"INFO".to_vec(),
            chunk(b"INAM", b"Chanson d'\xe9t\xe9\0"),
            chunk(b"IART", b"The Band\0"),
            chunk(b"IGNR", b"Folk"),
            chunk(b"ICRD", b"1998-05-01\0"),
        ];
        let list = chunk(b"LIST", &info.concat());
        let some = |text: &str| Some(text.to_owned());
        let expected = FileTags {
            title: some("Chanson d'\u{e9}t\u{e9}"),
            artist: some("The Band"),
            album: None,
            genre: some("Folk"),
            date: some("1998-05-01"),
        };
        assert_eq!(
            write(&[format.clone(), list.clone(), sound.clone()]),
            expected
        );
        assert_eq!(
            write(&[format.clone(), sound.clone(), list.clone()]),
            expected
        );
        let frames = frame("TALB", "An Album");
        let mut tag = b"ID3\x03\x00\x00".to_vec();
        tag.extend([0, 0, 0, frames.len() as u8]);
        tag.extend(frames);
        let both = write(&[format.clone(), sound.clone(), chunk(b"id3 ", &tag), list]);
        assert_eq!((both.album, both.title), (some("An Album"), expected.title));
        assert!(write(&[format, sound]).is_empty());
    }
}
