//! Arrays of float32 as NumPy's .npy.

use std::{
    fs, io,
    io::{BufReader, Write},
    path::Path,
};

use npyz::{NpyFile, WriterBuilder};

use super::SpectrumError;
use mynascope_base::storage;

/// The largest array that is read back, in values (4 GiB).
const MAX_VALUES: u64 = 1 << 30;

/// Writes an array of float32 in C order as NumPy's .npy, atomically. The product of `shape` is the number of
/// `values`.
///
/// # Errors
/// A [`SpectrumError`] if `values` do not fill `shape`, or if the file cannot be written; an old one is untouched.
pub fn write_npy(path: &Path, shape: &[u64], values: &[f32]) -> Result<(), SpectrumError> {
    if shape.iter().product::<u64>() != values.len() as u64 {
        return Err(table(
            path,
            format!("{} values do not fill the shape {shape:?}", values.len()),
        ));
    }
    storage::write_atomic(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(shape)
            .writer(&mut *file)
            .begin_nd()?;
        writer.extend(values.iter().copied())?;
        writer.finish()?;
        file.flush()
    })?;
    Ok(())
}

/// Reads an array of float32 in C order: its shape and values.
///
/// # Errors
/// A [`SpectrumError`] if the file cannot be read, or is no array of float32 in C order.
pub fn read_npy(path: &Path) -> Result<(Vec<u64>, Vec<f32>), SpectrumError> {
    let open = || -> io::Result<_> {
        let file = fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok((NpyFile::new(BufReader::new(file))?, bytes))
    };
    let (array, bytes) = open().map_err(|error| table(path, error.to_string()))?;
    if array.order() != npyz::Order::C {
        return Err(table(path, "it is stored in Fortran order"));
    }
    let shape = array.shape().to_vec();
    // The header is not trusted: a size that the file cannot hold is refused before memory is asked for.
    let values = shape
        .iter()
        .try_fold(1_u64, |product, side| product.checked_mul(*side))
        .filter(|values| *values <= MAX_VALUES && *values <= bytes / 4)
        .ok_or_else(|| table(path, format!("the shape {shape:?} exceeds the file")))?;
    let mut read = Vec::with_capacity(values as usize);
    for value in array
        .data::<f32>()
        .map_err(|error| table(path, error.to_string()))?
    {
        read.push(value.map_err(|error| table(path, error.to_string()))?);
    }
    Ok((shape, read))
}

fn table(path: &Path, why: impl Into<String>) -> SpectrumError {
    SpectrumError::Table {
        why: why.into(),
        path: path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_comes_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let values = [0.0, -0.0, 1.5, f32::MIN_POSITIVE, 3e38, -7.25];
        write_npy(&path, &[2, 3], &values).unwrap();
        let (shape, read) = read_npy(&path).unwrap();
        assert_eq!(shape, [2, 3]);
        assert_eq!(
            read.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
            values.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_shape_that_lies_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        assert!(write_npy(&path, &[2, 2], &[0.0]).is_err());
        write_npy(&path, &[1000], &[0.0; 1000]).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(200);
        fs::write(&path, bytes).unwrap();
        assert!(matches!(read_npy(&path), Err(SpectrumError::Table { .. })));
    }
}
