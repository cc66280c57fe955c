//! Untrusted bytes -> samples -> loudspeaker: decode, resample, player.
