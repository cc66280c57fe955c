//! Blocks of 32 x 32 sums on the matrix unit of Intel's processors (Advanced Matrix Extensions: Intel's Software Developer's
//! Manual, volume 1, chapter 18): eight tiles of 16 rows of 64 bytes; one instruction multiplies two and adds to a third.
//!
//! Written in assembly because the compiler's intrinsics for it are not stable. The system grants the tiles to a process that
//! asks (Linux 5.16); elsewhere the unit is left alone.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use here::{Session, is_here, peak};

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub use elsewhere::{Session, is_here, peak};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[allow(unsafe_code)]
mod here {
    use std::{
        arch::{asm, x86_64::__cpuid_count},
        marker::PhantomData,
    };

    use super::super::{BLOCK, Line, Precision, Sums, TILE};

    /// Whether the processor has the unit and the system grants it.
    pub fn is_here() -> bool {
        /// Of leaf 7: bf16, tiles, int8.
        const BITS: u32 = (1 << 22) | (1 << 24) | (1 << 25);
        const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
        const XFEATURE_XTILEDATA: libc::c_ulong = 18;
        let most = __cpuid_count(0, 0).eax;
        if most < 7 || __cpuid_count(7, 0).edx & BITS != BITS {
            return false;
        }
        // SAFETY: asks the kernel for more room for registers of this process's threads; nothing else changes.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_arch_prctl,
                ARCH_REQ_XCOMP_PERM,
                XFEATURE_XTILEDATA,
            )
        };
        answer == 0
    }

    /// How the tiles are cut: the first form ("palette 1"), bytes of a row and rows of each tile.
    #[repr(C, align(64))]
    struct Form([u8; 64]);

    // Counted out when it is compiled.
    #[allow(clippy::indexing_slicing)]
    const FORM: Form = {
        let mut form = [0; 64];
        form[0] = 1;
        let mut tile = 0;
        while tile < 8 {
            form[16 + 2 * tile] = 64;
            form[48 + tile] = TILE as u8;
            tile += 1;
        }
        Form(form)
    };

    /// This thread's tiles, in use. They are given back at the end, so that the system need not save them.
    pub struct Session(PhantomData<*mut ()>);

    impl Session {
        pub fn begin() -> Self {
            // SAFETY: the form is valid, and who begins has found the unit here.
            unsafe {
                asm!("ldtilecfg [{}]", in(reg) FORM.0.as_ptr(), options(nostack, readonly, preserves_flags));
            }
            Self(PhantomData)
        }
    }

    impl Drop for Session {
        fn drop(&mut self) {
            // SAFETY: the tiles hold nothing that anybody waits for.
            unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
        }
    }

    /// Multiplies two tiles of rows `a` (the second only if `$two`) with two of columns `b` over all chunks and leaves the sums
    /// in tiles 0 to 3.
    macro_rules! multiply {
        ($product:literal, $a:expr, $a_stride:expr, $b:expr, $chunks:expr, two) => {
            asm!(
                "2:",
                "tileloadd tmm4, [{a0} + {a_stride}]",
                "tileloadd tmm6, [{b} + {line}]",
                "tileloadd tmm5, [{a1} + {a_stride}]",
                concat!($product, " tmm0, tmm4, tmm6"),
                "tileloadd tmm7, [{b} + {line} + 1024]",
                concat!($product, " tmm2, tmm5, tmm6"),
                concat!($product, " tmm1, tmm4, tmm7"),
                concat!($product, " tmm3, tmm5, tmm7"),
                "add {a0}, 64",
                "add {a1}, 64",
                "add {b}, 2048",
                "dec {chunks}",
                "jnz 2b",
                a0 = inout(reg) $a => _,
                a1 = inout(reg) $a.add(TILE * $a_stride) => _,
                b = inout(reg) $b => _,
                chunks = inout(reg) $chunks => _,
                a_stride = in(reg) $a_stride * 64,
                line = in(reg) 64_usize,
                options(nostack, readonly),
            )
        };
        ($product:literal, $a:expr, $a_stride:expr, $b:expr, $chunks:expr, one) => {
            asm!(
                "2:",
                "tileloadd tmm4, [{a0} + {a_stride}]",
                "tileloadd tmm6, [{b} + {line}]",
                concat!($product, " tmm0, tmm4, tmm6"),
                "tileloadd tmm7, [{b} + {line} + 1024]",
                concat!($product, " tmm1, tmm4, tmm7"),
                "add {a0}, 64",
                "add {b}, 2048",
                "dec {chunks}",
                "jnz 2b",
                a0 = inout(reg) $a => _,
                b = inout(reg) $b => _,
                chunks = inout(reg) $chunks => _,
                a_stride = in(reg) $a_stride * 64,
                line = in(reg) 64_usize,
                options(nostack, readonly),
            )
        };
    }

    /// What a block reads lies inside its lines.
    fn check(a: &[Line], a_stride: usize, b: &[Line], two: bool) -> usize {
        let chunks = b.len() / BLOCK;
        let rows = if two { BLOCK } else { TILE };
        assert!(
            chunks > 0 && a.len() >= (rows - 1) * a_stride + chunks,
            "a block lies inside its lines"
        );
        chunks
    }

    fn clear() {
        // SAFETY: tiles 0 to 3 are sums, which begin here.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nostack, nomem, preserves_flags)
            );
        }
    }

    fn store(sums: *mut f32, stride: usize, two: bool) {
        // SAFETY: the callers have checked that all rows lie inside their target.
        unsafe {
            asm!(
                "tilestored [{c} + {stride}], tmm0",
                "tilestored [{c} + {stride} + 64], tmm1",
                c = in(reg) sums,
                stride = in(reg) stride * 4,
                options(nostack, preserves_flags)
            );
            if two {
                asm!(
                    "tilestored [{c} + {stride}], tmm2",
                    "tilestored [{c} + {stride} + 64], tmm3",
                    c = in(reg) sums.add(TILE * stride),
                    stride = in(reg) stride * 4,
                    options(nostack, preserves_flags)
                );
            }
        }
    }

    /// Multiplies tiles that are in registers; operations done.
    pub fn peak(precision: Precision) -> f64 {
        const ROUNDS: usize = 20_000;
        let _session = Session::begin();
        clear();
        for _ in 0..ROUNDS {
            // SAFETY: tiles of this thread, which hold nothing that anybody waits for.
            unsafe {
                match precision {
                    Precision::Int8 => asm!(
                        "tdpbssd tmm0, tmm4, tmm6",
                        "tdpbssd tmm1, tmm4, tmm7",
                        "tdpbssd tmm2, tmm5, tmm6",
                        "tdpbssd tmm3, tmm5, tmm7",
                        options(nostack, nomem, preserves_flags)
                    ),
                    _ => asm!(
                        "tdpbf16ps tmm0, tmm4, tmm6",
                        "tdpbf16ps tmm1, tmm4, tmm7",
                        "tdpbf16ps tmm2, tmm5, tmm6",
                        "tdpbf16ps tmm3, tmm5, tmm7",
                        options(nostack, nomem, preserves_flags)
                    ),
                }
            }
        }
        let inputs = super::super::inputs_of_line(precision);
        (ROUNDS * 4 * 2 * TILE * TILE * inputs) as f64
    }

    impl Session {
        /// Multiplies 32 rows (16 unless `two`) with 32 columns of bf16.
        pub fn halves(&self, a: &[Line], a_stride: usize, b: &[Line], two: bool, sums: &mut Sums) {
            let chunks = check(a, a_stride, b, two);
            clear();
            // SAFETY: `check` has seen that all lines are there; tiles are this thread's.
            unsafe {
                let (a, b) = (a.as_ptr(), b.as_ptr());
                match two {
                    true => multiply!("tdpbf16ps", a, a_stride, b, chunks, two),
                    false => multiply!("tdpbf16ps", a, a_stride, b, chunks, one),
                }
            }
            store(sums.0.as_mut_ptr(), BLOCK, two);
        }

        /// The same of int8: whole numbers, in the places of the sums.
        pub fn bytes(&self, a: &[Line], a_stride: usize, b: &[Line], two: bool, sums: &mut Sums) {
            let chunks = check(a, a_stride, b, two);
            clear();
            // SAFETY: as above.
            unsafe {
                let (a, b) = (a.as_ptr(), b.as_ptr());
                match two {
                    true => multiply!("tdpbssd", a, a_stride, b, chunks, two),
                    false => multiply!("tdpbssd", a, a_stride, b, chunks, one),
                }
            }
            store(sums.0.as_mut_ptr(), BLOCK, two);
        }

        /// As [`Self::halves`] of 32 rows, straight into 32 columns of a target whose rows begin `stride` numbers apart; `add` to
        /// what it holds.
        pub fn halves_into(
            &self,
            a: &[Line],
            a_stride: usize,
            b: &[Line],
            (out, stride): (&mut [f32], usize),
            add: bool,
        ) {
            let chunks = check(a, a_stride, b, true);
            assert!(
                out.len() >= (BLOCK - 1) * stride + BLOCK,
                "a block fits its target"
            );
            match add {
                false => clear(),
                // SAFETY: all rows lie inside the target, as was just checked.
                true => unsafe {
                    asm!(
                        "tileloadd tmm0, [{c} + {stride}]",
                        "tileloadd tmm1, [{c} + {stride} + 64]",
                        "tileloadd tmm2, [{d} + {stride}]",
                        "tileloadd tmm3, [{d} + {stride} + 64]",
                        c = in(reg) out.as_ptr(),
                        d = in(reg) out.as_ptr().add(TILE * stride),
                        stride = in(reg) stride * 4,
                        options(nostack, readonly, preserves_flags)
                    );
                },
            }
            // SAFETY: as above.
            unsafe {
                let (a, b) = (a.as_ptr(), b.as_ptr());
                multiply!("tdpbf16ps", a, a_stride, b, chunks, two);
            }
            store(out.as_mut_ptr(), stride, true);
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod elsewhere {
    use super::super::{Line, Precision, Sums};

    pub fn peak(_: Precision) -> f64 {
        0.0
    }

    pub fn is_here() -> bool {
        false
    }

    /// Nobody begins one.
    pub enum Session {}

    impl Session {
        pub fn begin() -> Self {
            unreachable!("the unit was not found")
        }

        pub fn halves(&self, _: &[Line], _: usize, _: &[Line], _: bool, _: &mut Sums) {
            match *self {}
        }

        pub fn bytes(&self, _: &[Line], _: usize, _: &[Line], _: bool, _: &mut Sums) {
            match *self {}
        }

        pub fn halves_into(
            &self,
            _: &[Line],
            _: usize,
            _: &[Line],
            _: (&mut [f32], usize),
            _: bool,
        ) {
            match *self {}
        }
    }
}
