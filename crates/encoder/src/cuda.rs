//! Which NVIDIA GPUs there are, found without loading the driver: the CUDA runtime panics where there is none.

use std::{fs, path::Path};

/// Where the driver's library lies on the systems that CUDA knows.
const LIBRARIES: [&str; 7] = [
    "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
    "/usr/lib/aarch64-linux-gnu/libcuda.so.1",
    "/usr/lib64/libcuda.so.1",
    "/usr/lib/libcuda.so.1",
    "/usr/lib/wsl/lib/libcuda.so.1",
    "/run/opengl-driver/lib/libcuda.so.1",
    "C:\\Windows\\System32\\nvcuda.dll",
];

/// Names of the GPUs, in the driver's order; empty without driver or GPU.
pub(super) fn gpus() -> Vec<String> {
    let in_path = std::env::var_os("LD_LIBRARY_PATH").is_some_and(|folders| {
        std::env::split_paths(&folders).any(|folder| folder.join("libcuda.so.1").exists())
    });
    if !in_path && !LIBRARIES.iter().any(|path| Path::new(path).exists()) {
        return Vec::new();
    }
    let mut nodes: Vec<_> = fs::read_dir("/proc/driver/nvidia/gpus")
        .map(|entries| {
            entries
                .filter_map(Result::ok)
                .map(|entry| entry.path())
                .collect()
        })
        .unwrap_or_default();
    nodes.sort();
    let named: Vec<String> = nodes
        .iter()
        .map(|node| {
            let text = fs::read_to_string(node.join("information")).unwrap_or_default();
            text.lines()
                .find_map(|line| line.strip_prefix("Model:"))
                .map_or_else(|| "NVIDIA GPU".to_owned(), |name| name.trim().to_owned())
        })
        .collect();
    if !named.is_empty() {
        return named;
    }
    // Containers hide /proc/driver; WSL and Windows have neither.
    let devices = (0..64)
        .take_while(|index| Path::new(&format!("/dev/nvidia{index}")).exists())
        .count();
    let devices = if devices == 0 && (cfg!(windows) || Path::new("/dev/dxg").exists()) {
        1
    } else {
        devices
    };
    vec!["NVIDIA GPU".to_owned(); devices]
}
