//! The program: everything is in the library, so that tests can reach it.

use std::process::ExitCode;

/// Tensors of a few megabytes come and go at every layer; the system's allocator returns them to the kernel each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mynascope::cli::main()
}
