//! What the program ffmpeg says while it decodes: the codec, and what of the file it could not decode.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::{AudioError, decode::SILENT};

/// No packet of sound lasts longer.
const GAP_SECS: f64 = 0.5;
/// Bytes of one message that are looked at.
const MAX_LINE: u64 = 1 << 12;

/// Facts picked from its messages; the messages themselves are not kept.
#[derive(Debug, Default)]
pub(super) struct Log {
    codec: Option<String>,
    /// The codec that it knows of but does not decode.
    undecoded: Option<String>,
    pub no_such_track: bool,
    unknown_format: bool,
    pub bad_packets: u64,
    /// Packets of which the container holds a part only.
    pub half_packets: u64,
    errors: u64,
    pub cut: bool,
    /// When the first packet sounds, where the program tells times; when the last one of which it spoke does, and the first that
    /// it could not decode, counted from that.
    origin_secs: Option<f64>,
    /// Between which packets the last gap was.
    gap_secs: Option<[f64; 2]>,
    pub packet_secs: Option<f64>,
    pub first_bad_secs: Option<f64>,
}

impl Log {
    /// Reads the messages until they end.
    pub(super) fn fill(pipe: impl Read, log: &Mutex<Self>) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            line.clear();
            match Read::by_ref(&mut pipe)
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)
            {
                Ok(1..) => {
                    let text = String::from_utf8_lossy(&line);
                    log.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .add(&text);
                }
                _ => return,
            }
        }
    }

    fn add(&mut self, line: &str) {
        let bad_before = self.bad_packets + self.half_packets;
        let error = line.contains("[error]") || line.contains("[fatal]");
        self.errors += u64::from(error);
        // "  Stream #0:0 -> #0:0 (ac3 (native) -> pcm_f32be (native))"
        if let Some((_, mapping)) = line.split_once(" -> #0:0 (") {
            self.codec = mapping.split([' ', ')']).next().map(str::to_owned);
        } else if let Some((_, rest)) = line.split_once("Audio: ")
            && self.undecoded.is_none()
        {
            self.undecoded = rest.split([' ', ',']).next().map(str::to_owned);
        }
        if let Some(secs) = packet_secs(line) {
            let origin_secs = *self.origin_secs.get_or_insert(secs);
            let secs = (secs - origin_secs).max(0.0);
            // What it could not read before it told the first time shows in a gap.
            let last_secs = self.packet_secs.replace(secs).unwrap_or_default();
            if secs - last_secs > GAP_SECS {
                self.gap_secs = Some([last_secs, secs]);
                if self.is_bad() && self.first_bad_secs.is_none() {
                    self.first_bad_secs = Some(last_secs);
                }
            }
            return;
        }
        if line.contains("matches no streams") || line.contains("does not contain any stream") {
            self.no_such_track = true;
        } else if line.contains("not on whitelist")
            || line.contains("Invalid data found when opening")
        {
            self.unknown_format = true;
        } else if line.contains("partial file") || line.contains("File ended prematurely") {
            self.cut = true;
        } else if is_empty_packet(line) {
            // FLAC ends with one, which only told its container what the encoder had counted.
        } else if error
            && (line.contains("rror while decoding")
                || line.contains("rror submitting packet")
                || line.contains("rror decoding the audio block")
                || line.contains("[alac @") && line.contains("bits left")
                || line.contains("CRC mismatch"))
            || line.contains("corrupt decoded frame in stream")
        {
            self.bad_packets += 1;
        } else if error && line.contains("[matroska,webm @") && is_broken_matroska(line) {
            // It goes on at the next cluster.
            self.bad_packets += 1;
        } else if line.contains("corrupt input packet in stream") {
            self.half_packets += 1;
        }
        if bad_before == 0 && self.is_bad() {
            self.first_bad_secs = match self.gap_secs {
                // It tells of what lacks in front of the packet behind it.
                Some([before, behind]) if self.packet_secs == Some(behind) => Some(before),
                _ => self.packet_secs,
            };
        }
    }

    /// Short name of the codec that it decodes.
    pub(super) fn codec(&self) -> Option<String> {
        self.codec.clone()
    }

    /// Why there is no sound.
    pub(super) fn refusal(&self, path: &Path) -> AudioError {
        if self.unknown_format {
            return AudioError::unsupported(path, "no known sound format is found in it");
        }
        if self.bad_packets > 0 || self.cut || (self.codec.is_some() && self.errors > 0) {
            return AudioError::damaged(path, "nothing in it could be decoded");
        }
        match (&self.codec, &self.undecoded) {
            (Some(_), _) => AudioError::Empty {
                path: path.to_path_buf(),
            },
            (None, Some(codec)) => AudioError::unsupported(
                path,
                format!("its codec is {codec}, which this ffmpeg does not decode either"),
            ),
            (None, None) if self.no_such_track => AudioError::no_sound(path, SILENT),
            (None, None) => AudioError::damaged(path, "its header could not be read"),
        }
    }

    pub(super) fn is_bad(&self) -> bool {
        self.bad_packets + self.half_packets > 0
    }
}

/// Whether the program cannot make sense of an element.
fn is_broken_matroska(line: &str) -> bool {
    line.contains("invalid as first byte of an EBML number")
        || line.contains("exceeds containing master element")
}

/// Whether the program's decoder was given nothing to decode.
fn is_empty_packet(line: &str) -> bool {
    (line.contains("rror while decoding") || line.contains("rror submitting packet"))
        && line.trim_end().ends_with(": Invalid argument")
}

/// The time of the packet of sound that is decoded next.
fn packet_secs(line: &str) -> Option<f64> {
    let (_, told) = line.split_once("demuxer+ffmpeg -> ")?;
    let (_, time) = told
        .split_once("type:audio ")?
        .1
        .split_once("pkt_pts_time:")?;
    time.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Log {
        let log = Mutex::default();
        Log::fill(text.as_bytes(), &log);
        log.into_inner().unwrap()
    }

    #[test]
    fn facts_are_picked_from_messages() {
        let log = read(
            "[info] Input #0, ac3, from 'file:a':\n\
             [info]   Stream #0:0 -> #0:0 (ac3 (native) -> pcm_f32be (native))\n\
             [error] Error while decoding stream #0:0: Invalid data found when processing input\n",
        );
        assert_eq!(log.codec().as_deref(), Some("ac3"));
        assert_eq!((log.bad_packets, log.half_packets), (1, 0));
        let log = read("[error] Error while decoding stream #0:0: Invalid argument\n");
        assert!(!log.is_bad());
        let log = read("[warning] file:a: corrupt input packet in stream 0\n");
        assert_eq!((log.bad_packets, log.half_packets), (0, 1));
        let log = read("[ogg @ 0x1] [error] Format not on whitelist 'mov'\n");
        assert!(log.refusal(Path::new("a")).to_string().contains("no known"));
        assert!(!log.is_bad());
        // Damage that is told only behind the gap that it left.
        let packet = |secs: f64| {
            format!(
                "[info] demuxer+ffmpeg -> ist_index:0 type:audio pkt_pts:1 pkt_pts_time:{secs} pkt_dts:1\n"
            )
        };
        let bad = "[warning] file:a: corrupt input packet in stream 0\n";
        let steps = (0..40).map(|step| packet(1.4 + 0.1 * f64::from(step)));
        let steps: String = steps.collect();
        let log = read(&[steps, packet(8.4), bad.to_owned()].concat());
        let found = log.first_bad_secs.unwrap();
        assert!((found - 3.9).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_message_without_an_end_takes_no_memory() {
        let endless = std::io::repeat(b'x').take(4 << 20);
        let log = Mutex::default();
        Log::fill(endless, &log);
        assert_eq!(log.into_inner().unwrap().codec(), None);
    }
}
