//! The one place that knows all backends. A [`DeviceJob`] is generic over the backend; here the chosen device picks
//! which one it is compiled for. Every backend compiles all jobs again, so keep jobs few.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(feature = "cuda")]
use burn::backend::{Cuda, cuda::CudaDevice};
use burn::backend::{
    Flex, Wgpu,
    flex::FlexDevice,
    wgpu::{
        WgpuDevice,
        graphics::{AutoGraphicsApi, GraphicsApi},
    },
};

use super::{
    ComputeDevice, ComputeKind, DeviceChoice, DeviceError, EncoderError, Precision,
    families::{Network, NetworkWeights},
    kernels::Kernels,
};
use mynascope_base::jobs::panic_message;

/// Work that is written once for all backends.
pub trait DeviceJob {
    /// What the work gives.
    type Output;

    /// Does the work on a device of the backend.
    fn run<B: Kernels>(self, device: B::Device) -> Self::Output;
}

/// A device that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    target: Target,
    /// How to ask for it: `cpu`, `gpu:0`.
    pub spec: String,
    /// Its name for people.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Target {
    Cpu,
    Gpu(WgpuDevice),
    #[cfg(feature = "cuda")]
    Cuda(usize),
}

/// Runs a job on a device. Backends panic when memory runs out or a device is lost; that ends the job, not the program.
///
/// # Errors
/// [`EncoderError::Compute`] if the backend panicked.
pub fn on_place<J: DeviceJob>(place: &Place, job: J) -> Result<J::Output, EncoderError> {
    guarded(&place.spec, || match &place.target {
        Target::Cpu => job.run::<Flex>(FlexDevice),
        Target::Gpu(device) => job.run::<Wgpu>(device.clone()),
        #[cfg(feature = "cuda")]
        Target::Cuda(index) => job.run::<Cuda>(CudaDevice::new(*index)),
    })
}

/// Whether a device can compute in these numbers, and gains by it.
///
/// # Errors
/// [`EncoderError::Precision`] if it cannot or gains nothing, [`EncoderError::Compute`] if the device fails.
pub fn check_precision(place: &Place, precision: Precision) -> Result<(), EncoderError> {
    let known = match &place.target {
        Target::Cpu => precision.problem_on_cpu().map_or(Ok(true), Err),
        Target::Gpu(device) => Ok(guarded(&place.spec, || {
            precision.is_known_to::<Wgpu>(device)
        })?),
        #[cfg(feature = "cuda")]
        Target::Cuda(index) => Ok(guarded(&place.spec, || {
            precision.is_known_to::<Cuda>(&CudaDevice::new(*index))
        })?),
    };
    match known {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(EncoderError::Precision {
            precision,
            device: place.name.clone(),
            why: known
                .err()
                .unwrap_or("the device or its driver doesn't know these numbers"),
        }),
    }
}

fn guarded<T>(device: &str, work: impl FnOnce() -> T) -> Result<T, EncoderError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| EncoderError::Compute {
        device: device.to_owned(),
        why: panic_message(&*payload),
    })
}

/// What an encoder is asked, written once for all backends.
pub trait EncoderJob {
    /// The answer.
    type Output;

    /// Asks it.
    fn run<B: Kernels>(
        self,
        network: &Network<B>,
        device: &B::Device,
    ) -> Result<Self::Output, JobError>;
}

/// Why an encoder gave no answer.
#[derive(Debug)]
pub enum JobError {
    /// It was asked what it can't be.
    Asked(EncoderError),
    /// What the backend said.
    Backend(String),
}

impl From<EncoderError> for JobError {
    fn from(error: EncoderError) -> Self {
        Self::Asked(error)
    }
}

impl From<String> for JobError {
    fn from(why: String) -> Self {
        Self::Backend(why)
    }
}

/// An encoder on one of the backends.
#[derive(Debug)]
pub enum PlacedEncoder {
    Cpu(Network<Flex>),
    Gpu(Network<Wgpu>, WgpuDevice),
    #[cfg(feature = "cuda")]
    Cuda(Network<Cuda>, CudaDevice),
}

impl PlacedEncoder {
    /// Puts weights on a device, where they multiply in these numbers.
    pub fn place(
        weights: NetworkWeights,
        place: &Place,
        precision: Precision,
    ) -> Result<Self, EncoderError> {
        check_precision(place, precision)?;
        let placed = guarded(&place.spec, || {
            Some(match &place.target {
                Target::Cpu => Self::Cpu(Network::assemble(weights, precision, &FlexDevice)?),
                Target::Gpu(device) => Self::Gpu(
                    Network::assemble(weights, precision, device)?,
                    device.clone(),
                ),
                #[cfg(feature = "cuda")]
                Target::Cuda(index) => {
                    let device = CudaDevice::new(*index);
                    Self::Cuda(Network::assemble(weights, precision, &device)?, device)
                }
            })
        })?;
        placed.ok_or_else(|| EncoderError::Sizes("the weights don't follow their layout".into()))
    }

    /// Asks the encoder, on the device `spec`.
    pub fn ask<J: EncoderJob>(&self, job: J, spec: &str) -> Result<J::Output, EncoderError> {
        guarded(spec, || match self {
            Self::Cpu(encoder) => job.run(encoder, &FlexDevice),
            Self::Gpu(encoder, device) => job.run(encoder, device),
            #[cfg(feature = "cuda")]
            Self::Cuda(encoder, device) => job.run(encoder, device),
        })?
        .map_err(|error| match error {
            JobError::Asked(error) => error,
            JobError::Backend(why) => EncoderError::Compute {
                device: spec.to_owned(),
                why,
            },
        })
    }
}

/// All devices that tensors can be computed on: the CPU, the adapters that wgpu finds, and NVIDIA GPUs where this build
/// and the machine have CUDA. One of them is the default: CUDA, else a real GPU, else the CPU.
pub fn compute_devices() -> Vec<ComputeDevice> {
    let places = places();
    let default = default_place(&places).map(|(place, _)| place.spec.clone());
    places
        .into_iter()
        .map(|(place, software)| ComputeDevice {
            kind: match place.target {
                Target::Cpu => ComputeKind::Cpu,
                Target::Gpu(_) => ComputeKind::Gpu,
                #[cfg(feature = "cuda")]
                Target::Cuda(_) => ComputeKind::Cuda,
            },
            is_default: default.as_ref() == Some(&place.spec),
            name: place.name,
            spec: place.spec,
            software,
        })
        .collect()
}

/// Finds the device that was asked for.
///
/// # Errors
/// [`DeviceError`] if it is not there, or if this build has no CUDA.
pub fn find_place(choice: DeviceChoice) -> Result<Place, DeviceError> {
    // Looking for adapters takes a while; the CPU needs none of it.
    if choice == DeviceChoice::Cpu {
        return Ok(cpu());
    }
    if cfg!(not(feature = "cuda")) && matches!(choice, DeviceChoice::Cuda(_)) {
        return Err(DeviceError::NoCudaBuild);
    }
    let places = places();
    let found = match choice {
        DeviceChoice::Auto => default_place(&places),
        DeviceChoice::Gpu(None) => places
            .iter()
            .find(|(place, software)| place.spec.starts_with("gpu") && !software)
            .or_else(|| places.iter().find(|(place, _)| place.spec == "gpu:0")),
        DeviceChoice::Cuda(None) => places.iter().find(|(place, _)| place.spec == "cuda:0"),
        DeviceChoice::Cpu | DeviceChoice::Gpu(Some(_)) | DeviceChoice::Cuda(Some(_)) => places
            .iter()
            .find(|(place, _)| place.spec == choice.to_string()),
    };
    found
        .map(|(place, _)| place.clone())
        .ok_or_else(|| DeviceError::Absent {
            wanted: choice,
            present: places
                .iter()
                .map(|(place, _)| format!("{} ({})", place.spec, place.name))
                .collect::<Vec<_>>()
                .join(", "),
        })
}

fn default_place(places: &[(Place, bool)]) -> Option<&(Place, bool)> {
    let real = |start: &'static str| {
        places
            .iter()
            .find(move |(place, software)| place.spec.starts_with(start) && !software)
    };
    real("cuda").or_else(|| real("gpu")).or_else(|| real("cpu"))
}

fn cpu() -> Place {
    let threads = rayon::current_num_threads();
    Place {
        target: Target::Cpu,
        spec: "cpu".into(),
        name: format!("CPU, {threads} threads"),
    }
}

/// All devices, each with whether it is a software rasteriser.
fn places() -> Vec<(Place, bool)> {
    let mut places = vec![(cpu(), false)];
    places.extend(adapters());
    #[cfg(feature = "cuda")]
    places.extend(
        super::cuda::gpus()
            .into_iter()
            .enumerate()
            .map(|(index, name)| {
                let place = Place {
                    target: Target::Cuda(index),
                    spec: format!("cuda:{index}"),
                    name,
                };
                (place, false)
            }),
    );
    places
}

/// The adapters in wgpu's order, numbered as the user sees them; Burn counts them by type.
fn adapters() -> Vec<(Place, bool)> {
    // A broken driver may panic while it is asked; then there is no GPU for us.
    let found = catch_unwind(|| {
        let backends = wgpu::Backends::from(AutoGraphicsApi::backend());
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        pollster::block_on(instance.enumerate_adapters(backends))
            .iter()
            .map(wgpu::Adapter::get_info)
            .collect::<Vec<_>>()
    })
    .unwrap_or_default();
    let mut discrete = 0..;
    let mut integrated = 0..;
    let mut virtual_ = 0..;
    found
        .into_iter()
        .enumerate()
        .filter_map(|(index, info)| {
            let (device, software) = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => (WgpuDevice::DiscreteGpu(discrete.next()?), false),
                wgpu::DeviceType::IntegratedGpu => {
                    (WgpuDevice::IntegratedGpu(integrated.next()?), false)
                }
                wgpu::DeviceType::VirtualGpu => (WgpuDevice::VirtualGpu(virtual_.next()?), false),
                wgpu::DeviceType::Cpu => (WgpuDevice::Cpu, true),
                // Burn cannot address these by number.
                wgpu::DeviceType::Other => return None,
            };
            let place = Place {
                target: Target::Gpu(device),
                spec: format!("gpu:{index}"),
                name: format!("{} ({:?})", info.name, info.backend),
            };
            Some((place, software))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there_and_one_device_is_the_default() {
        let devices = compute_devices();
        assert!(devices.iter().any(|device| device.spec == "cpu"));
        let defaults: Vec<_> = devices.iter().filter(|device| device.is_default).collect();
        assert_eq!(defaults.len(), 1);
        assert!(!defaults[0].software, "a rasteriser is never the default");
    }

    #[test]
    fn an_absent_device_is_named_with_those_that_are_there() {
        let error = find_place(DeviceChoice::Gpu(Some(99)))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("gpu:99") && error.contains("cpu (CPU"),
            "{error}"
        );
    }

    #[test]
    fn auto_prefers_real_gpus_over_the_cpu_and_never_a_rasteriser() {
        let place = |spec: &str| Place {
            target: Target::Cpu,
            spec: spec.into(),
            name: String::new(),
        };
        let software = [(place("cpu"), false), (place("gpu:0"), true)];
        assert_eq!(default_place(&software).unwrap().0.spec, "cpu");
        let real = [
            (place("cpu"), false),
            (place("gpu:0"), true),
            (place("gpu:1"), false),
        ];
        assert_eq!(default_place(&real).unwrap().0.spec, "gpu:1");
    }
}
