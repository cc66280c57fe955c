//! What a file is by its first bytes. Its name decides nothing.

use super::{adts, foreign, mpeg, pcm::Container};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// Bytes that are looked at.
pub(super) const HEAD_BYTES: u64 = 4096;
/// Tags that may stand in front of the sound, one behind the other.
const MAX_TAGS: usize = 16;

/// A file's format, and who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// MP4, M4A, MOV, 3GP.
    Mp4,
    Ogg,
    Flac,
    /// Raw AAC with ADTS headers.
    Adts,
    Matroska,
    /// WAV, AIFF and what else holds its samples as they are.
    Pcm(Container),
    /// MPEG audio.
    Mpeg,
    /// What else Symphonia may recognise.
    Other,
    /// A sound format, by its name, that only the program ffmpeg decodes.
    Foreign(&'static str),
    /// No sound, by what it is.
    NoSound(&'static str),
    Unknown,
}

/// Names a file's format and says where it begins (behind ID3 tags). The position is undefined afterwards.
pub(super) fn sniff(file: &mut File) -> io::Result<(Format, u64)> {
    let start = after_tags(file)?;
    file.seek(SeekFrom::Start(start))?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    let format = format_behind(start, &head);
    // Within a frame anything may stand, also what looks like the beginning of another format's.
    if matches!(format, Format::Unknown | Format::Mpeg)
        && !mpeg::begins(&head)
        && let Some(behind) = adts::first_frame(&head)
    {
        return Ok((Format::Adts, start + behind as u64));
    }
    Ok((format, start))
}

/// The format of a file in which these bytes stand behind tags that end at `start`.
pub(super) fn format_behind(start: u64, head: &[u8]) -> Format {
    match format(head) {
        // Only sound has such tags: the picture of one with a wrong size.
        Format::NoSound(_) if start > 0 => Format::Unknown,
        format => format,
    }
}

/// Where ID3 tags end. Their size has seven bits a byte; the contents are not read.
fn after_tags(file: &mut File) -> io::Result<u64> {
    let mut start = 0;
    for _ in 0..MAX_TAGS {
        file.seek(SeekFrom::Start(start))?;
        let mut tag = Vec::new();
        Read::by_ref(file).take(10).read_to_end(&mut tag)?;
        let &[b'I', b'D', b'3', 0..=0xfe, 0..=0xfe, flags, a, b, c, d] = tag.as_slice() else {
            break;
        };
        let size = [a, b, c, d]
            .iter()
            .fold(0_u64, |size, &byte| size << 7 | u64::from(byte & 0x7f));
        const HAS_FOOTER: u8 = 0x10;
        start += 10 + size + if flags & HAS_FOOTER == 0 { 0 } else { 10 };
    }
    Ok(start)
}

pub(super) fn format(head: &[u8]) -> Format {
    if let Some(container) = Container::of(head) {
        return Format::Pcm(container);
    }
    use Format::{Adts, Flac, Foreign, Matroska, Mp4, Mpeg, NoSound, Ogg, Other, Unknown};
    // Marks at the beginning.
    const MARKS: [(&[u8], Format); 45] = [
        (b"OggS", Ogg),
        (b"fLaC", Flac),
        (b"\x1a\x45\xdf\xa3", Matroska),
        (b"FORM", Other),
        (b"wvpk", Foreign("WavPack")),
        (b"MAC ", Foreign("Monkey's Audio")),
        (b"TTA1", Foreign("True Audio (TTA)")),
        (b"TTA2", Foreign("True Audio (TTA)")),
        (b"tBaK", Foreign("TAK")),
        (b"MPCK", Foreign("Musepack")),
        (b"MP+", Foreign("Musepack")),
        (b"DSD ", Foreign("DSD")),
        (b"FRM8", Foreign("DSD")),
        (
            b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
            Foreign("Windows Media (WMA)"),
        ),
        (b"#!AMR", Foreign("AMR")),
        (b".ra\xfd", Foreign("RealAudio")),
        (b".RMF", Foreign("RealAudio")),
        (b"FLV\x01", Foreign("Flash video (FLV)")),
        (b"\x0b\x77", Foreign("AC-3 (Dolby Digital)")),
        (b"\x7f\xfe\x80\x01", Foreign("DTS")),
        (b"DTSHDHDR", Foreign("DTS")),
        (b"nut/multimedia container\0", Foreign("NUT")),
        (b"ALawSoundFile**\0", Foreign("Psion sound (WVE)")),
        (b"\x84\x10\xff\xff\xff\xff", Foreign("a film (RoQ)")),
        (b"ajkg", Foreign("Shorten")),
        (b"Creative Voice File", Foreign("Creative Voice (VOC)")),
        (b"qoaf", Foreign("QOA")),
        (b".SoX", Foreign("SoX")),
        (b"XoS.", Foreign("SoX")),
        (b"\x00\x00\x01\xba", Foreign("an MPEG film")),
        (b"EA3", Foreign("ATRAC (OMA)")),
        (
            b"MThd",
            NoSound("it is MIDI, which holds notes and no sound"),
        ),
        (b"\x89PNG", NoSound("it is a picture (PNG)")),
        (b"\xff\xd8\xff", NoSound("it is a picture (JPEG)")),
        (b"GIF8", NoSound("it is a picture (GIF)")),
        (b"II*\0", NoSound("it is a picture (TIFF)")),
        (b"MM\0*", NoSound("it is a picture (TIFF)")),
        (b"8BPS", NoSound("it is a picture (Photoshop)")),
        (b"%PDF", NoSound("it is a document (PDF)")),
        (b"PK\x03\x04", NoSound("it is an archive (ZIP)")),
        (b"Rar!\x1a\x07", NoSound("it is an archive (RAR)")),
        (b"7z\xbc\xaf\x27\x1c", NoSound("it is an archive (7z)")),
        (b"\x1f\x8b\x08", NoSound("it is an archive (gzip)")),
        (b"\x28\xb5\x2f\xfd", NoSound("it is an archive (zstd)")),
        (b"\xfd7zXZ\0", NoSound("it is an archive (xz)")),
    ];
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"AVI ") => Foreign("a film (AVI)"),
            Some(b"RMID") => NoSound("it is MIDI, which holds notes and no sound"),
            Some(b"WEBP") => NoSound("it is a picture (WebP)"),
            _ => Other,
        };
    }
    if head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"8SVX" | b"16SV")) {
        return Foreign("Amiga sound (8SVX)");
    }
    if is_web_page(head) {
        return NoSound("it is a web page (HTML), as a site gives it in place of a file");
    }
    if let Some((_, format)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return *format;
    }
    // Two letters, then the size, nothing, and the size of the next header.
    if head.starts_with(b"BM")
        && head.get(6..10) == Some(&[0; 4])
        && matches!(head.get(14..18), Some([12..=124, 0, 0, 0]))
    {
        return NoSound("it is a picture (BMP)");
    }
    // QuickTime files of old begin without "ftyp".
    if let Some(kind) = head.get(4..8)
        && [
            b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp",
        ]
        .iter()
        .any(|known| kind == *known)
    {
        return Mp4;
    }
    match head.get(4..8) {
        Some(b"\xf8\x72\x6f\xba") => return Foreign("Dolby TrueHD"),
        Some(b"\xf8\x72\x6f\xbb") => return Foreign("Meridian Lossless Packing (MLP)"),
        _ => {}
    }
    if transport_packets(head).is_some() {
        return Foreign("an MPEG transport stream");
    }
    match head {
        // Layer 0 of MPEG audio is ADTS.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Adts,
        // The same word, and a second one where the first frame ends.
        [0x56, second, third, ..] if second & 0xe0 == 0xe0 => {
            let length = 3 + (usize::from(second & 0x1f) << 8 | usize::from(*third));
            let next = head.get(length..length + 2);
            if matches!(next, Some([0x56, again]) if again & 0xe0 == 0xe0) {
                Foreign("AAC in LATM")
            } else {
                Unknown
            }
        }
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Mpeg,
        _ if foreign::ircam_begins(head) => Foreign("IRCAM sound (SF)"),
        _ if foreign::gsm_begins(head) => Foreign("GSM 06.10"),
        _ if foreign::sbc_begins(head) => Foreign("SBC (Bluetooth)"),
        _ => Unknown,
    }
}

/// Size of the packets of an MPEG transport stream that begins with these bytes (ISO/IEC 13818-1, 2.4.3), and where the first of
/// them begins: 188 bytes, with four in front of each where a camera or a disc made it, with 16 behind each in broadcasts.
pub(super) fn transport_packets(head: &[u8]) -> Option<(usize, usize)> {
    const SYNC: u8 = 0x47;
    const LEAST: usize = 4;
    [(188, 0), (192, 4), (204, 0)]
        .into_iter()
        .find(|&(size, first)| {
            let mut marks = head.iter().skip(first).step_by(size);
            marks.len() >= LEAST && marks.all(|&byte| byte == SYNC)
        })
}

/// Whether a file holds sound by its first bytes, whatever its name. A short mark alone, which texts and tables may begin with, does
/// not count: sound must follow.
pub(super) fn is_sound(file: &mut File) -> io::Result<bool> {
    use Format::{Adts, Flac, Foreign, Matroska, Mp4, Mpeg, NoSound, Ogg, Other, Pcm, Unknown};
    // Pictures in the same boxes as films.
    const PICTURES: [&[u8; 4]; 9] = [
        b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis", b"crx ",
    ];
    let start = after_tags(file)?;
    file.seek(SeekFrom::Start(start))?;
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    let begins = match format(&head) {
        Mp4 => !PICTURES
            .iter()
            .any(|name| head.get(8..12) == Some(name.as_slice())),
        Foreign(_) if head.starts_with(b"\x0b\x77") => foreign::dolby_follows(&head),
        Ogg | Flac | Matroska | Pcm(_) | Foreign(_) => true,
        Adts => adts::begins(&head),
        // Frames may begin with what looks like another's mark.
        Mpeg | Unknown => mpeg::begins(&head),
        Other | NoSound(_) => false,
    };
    Ok(begins && no_sound(&head).is_none())
}

/// Whether bytes behind a mark of UTF-16 are letters of it. (The mark is also the beginning of a Layer I frame.)
fn is_utf_16(head: &[u8]) -> bool {
    let is_little = head.first() == Some(&0xff);
    let units = head.as_chunks::<2>().0.iter().map(|two| match is_little {
        true => u16::from_le_bytes(*two),
        false => u16::from_be_bytes(*two),
    });
    let mut letters = char::decode_utf16(units).peekable();
    while let Some(letter) = letters.next() {
        match letter {
            Ok(letter) if letter.is_whitespace() || !letter.is_control() => {}
            // The last one may be cut.
            Err(_) if letters.peek().is_none() => {}
            _ => return false,
        }
    }
    true
}

fn is_web_page(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let begins = |mark: &[u8]| {
        text.get(..mark.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(mark))
    };
    begins(b"<!doctype html") || begins(b"<html")
}

/// What a file is that begins with these bytes and in which no sound was found, if that shows.
pub(super) fn no_sound(head: &[u8]) -> Option<&'static str> {
    let is_control = |&byte: &u8| byte < 0x20 && !byte.is_ascii_whitespace() && byte != 0x1b;
    // The last letter may be cut.
    let is_utf_8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    // In older encodings a letter with an accent is one byte.
    let plain = head.iter().filter(|byte| byte.is_ascii()).count();
    // Silent frames of MPEG audio are padded with the letter U.
    let is_frame = matches!(head, [0xff, second, ..] if second & 0xe0 == 0xe0);
    let is_text = is_utf_8 || !is_frame && 4 * plain >= 3 * head.len();
    if head.iter().all(|&byte| byte == 0) {
        return Some("it holds zeros only, as a download that was never filled does");
    }
    let is_utf_16 = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) && is_utf_16(head);
    (is_utf_16 || is_text && !head.iter().any(is_control)).then_some("it is a text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        for (head, expected) in [
            (&b"OggS\0\x02"[..], Format::Ogg),
            (b"\0\0\0\x20ftypM4A ", Format::Mp4),
            (b"\0\0\0\x08wide\0\0", Format::Mp4),
            (b"\xff\xf1\x50\x80", Format::Adts),
            (b"RIFF\0\0\0\0WAVE", Format::Pcm(Container::Wave)),
            (b"RIFF\0\0\0\0AVI ", Format::Foreign("a film (AVI)")),
            (b"\xff\xfb\x90\x64", Format::Mpeg),
            (b"\xff\xfe\x54\0\x69\0\x74\0", Format::Mpeg),
            (b"wvpk....", Format::Foreign("WavPack")),
            (b"This is a text", Format::Unknown),
            (b"", Format::Unknown),
        ] {
            assert_eq!(format(head), expected, "{head:?}");
        }
    }

    #[test]
    fn a_text_in_which_no_sound_was_found_is_called_one() {
        assert_eq!(
            no_sound(b"\xff\xfe\x54\0\x69\0\x74\0"),
            Some("it is a text")
        );
        assert_eq!(no_sound(b"\xff\xfe\x54\0\0\0\x74\0"), None);
    }

    #[test]
    fn tags_in_front_are_passed_over_unread() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut bytes = b"ID3\x04\0\0\0\0\x02\x00".to_vec();
        bytes.resize(10 + 256, 0);
        bytes.extend(b"ID3\x03\0\0\0\0\0\x05.....fLaC");
        std::fs::write(&path, bytes).unwrap();
        let found = sniff(&mut File::open(&path).unwrap()).unwrap();
        assert_eq!(found, (Format::Flac, 281));
    }
}
