//! Matroska and WebM. Times in them are in milliseconds, so frames are counted from the beginning, and a place that was
//! passed is found by beginning anew.

use std::{ffi::OsStr, fs::File};

use super::{
    Refused, Step,
    fence::Fence,
    packets::{Input, Packets},
};
use crate::{AudioError, AudioInfo, Incomplete};

/// A file being read.
pub(super) struct Matroska {
    packets: Packets,
    length: u64,
}

impl Matroska {
    /// Opens a file of `length` bytes.
    pub(super) fn open(
        length: u64,
        search: Option<&OsStr>,
        fence: &Fence<'_>,
    ) -> Result<Self, Refused> {
        let mut packets = read(length, fence)?;
        // Not every file is written in a way that its reader understands: the first packet shows it.
        packets.check_first_packet(fence)?;
        if let Some(refused) = Refused::where_he_aac(packets.info(), false, None, search, fence) {
            return Err(refused);
        }
        let mut packets = read(length, fence)?;
        // Where a film lies beside the sound, the length may be the film's.
        if packets.track_count() > 1 {
            packets = packets.with_duration_secs(0.0);
        } else if let Some(secs) = packets.claimed_secs() {
            let before = packets.frames_before_sound() as f64;
            let rate = f64::from(packets.info().sample_rate.max(1));
            packets = packets.with_duration_secs((secs - before / rate).max(0.0));
        }
        Ok(Self { packets, length })
    }

    pub(super) fn info(&self) -> &AudioInfo {
        self.packets.info()
    }

    pub(super) fn incomplete(&self) -> Option<Incomplete> {
        self.packets.incomplete()
    }

    pub(super) fn step(
        &mut self,
        samples: &mut Vec<f32>,
        fence: &Fence<'_>,
    ) -> Result<Step, AudioError> {
        self.packets.step(samples, fence)
    }

    pub(super) fn seek(&mut self, secs: f64, fence: &Fence<'_>) -> Result<bool, AudioError> {
        if self.packets.must_reopen(secs) {
            let info = self.packets.info().duration_secs;
            self.packets = read(self.length, fence)?.with_duration_secs(info);
        }
        self.packets.seek(secs, fence)
    }
}

fn read(length: u64, fence: &Fence<'_>) -> Result<Packets, AudioError> {
    let file = File::open(fence.path).map_err(|error| AudioError::from_io(fence.path, &error))?;
    let input = Input {
        file,
        range: 0..length,
        patches: Vec::new(),
    };
    let packets = Packets::open(input, fence.path, fence.clock)?;
    Ok(packets.telling_its_end().counting_frames())
}
