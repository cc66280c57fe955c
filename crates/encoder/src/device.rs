//! Devices as the user names them and as they are listed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where tensors are computed, as the user says it: `auto`, `cpu`, `gpu`, `gpu:N`, `cuda`, `cuda:N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// A real GPU if there is one, else the CPU. Never a software rasteriser.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A graphics adapter of [`compute_devices`](super::compute_devices): the first real one, or the one of a number.
    Gpu(Option<usize>),
    /// An NVIDIA GPU through CUDA.
    Cuda(Option<usize>),
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(None) => f.write_str("gpu"),
            Self::Gpu(Some(index)) => write!(f, "gpu:{index}"),
            Self::Cuda(None) => f.write_str("cuda"),
            Self::Cuda(Some(index)) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no device; say auto, cpu, gpu, gpu:N, cuda or cuda:N");
        let (name, index) = match text.split_once(':') {
            Some((name, index)) => (name, Some(index.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        match (name, index) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu),
            ("gpu", index) => Ok(Self::Gpu(index)),
            ("cuda", index) => Ok(Self::Cuda(index)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

/// What a compute device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ComputeKind {
    /// The CPU.
    Cpu,
    /// A graphics adapter through wgpu.
    Gpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
}

/// A device that tensors can be computed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComputeDevice {
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: ComputeKind,
    /// How to ask for it: `cpu`, `gpu:0`, `cuda:0`.
    pub spec: String,
    /// Whether `auto` means this device.
    pub is_default: bool,
    /// Whether it is a software rasteriser, which is slower than the CPU device.
    pub software: bool,
}

/// A device that was asked for and isn't there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No device answers to what was asked for.
    #[error(
        "there is no device {wanted} here; there are: {present}. Choose one of them or say auto"
    )]
    Absent {
        /// What was asked for.
        wanted: DeviceChoice,
        /// What there is, in words.
        present: String,
    },
    /// CUDA was asked for, and this build has none.
    #[error(
        "this build has no CUDA support; choose cpu or gpu, or build with `cargo build --release --features cuda`"
    )]
    NoCudaBuild,
}

/// All memory of the machine in bytes, where the system tells (Linux: `MemTotal`); unlike what is free just now it stays
/// the same. Reads a file: not for the window's thread.
pub fn total_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_read_and_written() {
        for text in ["auto", "cpu", "gpu", "gpu:1", "cuda", "cuda:0"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        for wrong in ["", "cpu:0", "auto:1", "gpu:", "gpu:-1", "tpu"] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }
}
