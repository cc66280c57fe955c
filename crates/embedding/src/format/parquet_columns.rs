//! Columns of whatever type other programs chose for texts, numbers and vectors.

use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType,
    cast::AsArray,
    types::{
        DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
        DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
        Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};

use super::MOST_DIM;
use mynascope_base::counted;

/// What a column holds, in words.
pub(super) fn words(kind: &DataType) -> String {
    match kind {
        kind if is_bytes(kind) => "bytes".to_owned(),
        DataType::Dictionary(_, value) => format!("categories of {}", words(value)),
        kind if is_text(kind) => "texts".to_owned(),
        kind if kind.is_integer() => "whole numbers".to_owned(),
        kind if kind.is_numeric() => "numbers".to_owned(),
        DataType::Boolean => "yes and no".to_owned(),
        DataType::Null => "nothing".to_owned(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("lists of {}", words(item.data_type())),
        DataType::Struct(_) | DataType::Union(..) => "records".to_owned(),
        DataType::Map(..) => "names with values".to_owned(),
        DataType::Duration(_) | DataType::Interval(_) => "lengths of time".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..) => "times".to_owned(),
        DataType::Date32 | DataType::Date64 => "dates".to_owned(),
        DataType::RunEndEncoded(_, values) => words(values.data_type()),
        _ => "something else".to_owned(),
    }
}

/// Whole numbers.
pub(super) fn is_whole(kind: &DataType) -> bool {
    kind.is_integer() || matches!(kind, DataType::Dictionary(_, value) if value.is_integer())
}

pub(super) fn is_number(kind: &DataType) -> bool {
    let plain = |kind: &DataType| kind.is_integer() || kind.is_floating();
    plain(kind) || matches!(kind, DataType::Dictionary(_, value) if plain(value))
}

/// Numbers, and times as programs count them.
pub(super) fn is_time(kind: &DataType) -> bool {
    is_number(kind) || matches!(kind, DataType::Duration(_))
}

/// Each cell as seconds: numbers are in a unit of `unit_secs` seconds, lengths of time know their own.
pub(super) fn times(column: &ArrayRef, unit_secs: f64) -> Result<Vec<Option<f64>>, String> {
    let of = |per_second: f64| move |time: i64| time as f64 / per_second;
    let found = match column.data_type() {
        DataType::Duration(TimeUnit::Second) => cells::<DurationSecondType, _>(column, of(1.0)),
        DataType::Duration(TimeUnit::Millisecond) => {
            cells::<DurationMillisecondType, _>(column, of(1e3))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            cells::<DurationMicrosecondType, _>(column, of(1e6))
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            cells::<DurationNanosecondType, _>(column, of(1e9))
        }
        _ => {
            let secs = |cell: Option<f64>| cell.map(|time| time * unit_secs);
            return Ok(numbers(column)?.into_iter().map(secs).collect());
        }
    };
    found.ok_or_else(|| format!("it holds {} and no times", words(column.data_type())))
}

/// Texts of any width, categories of them, and the bytes that some writers store without saying that they are text.
pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// Bytes that are not said to be text.
pub(super) fn is_bytes(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

/// Lists of numbers.
pub(super) fn is_vector(kind: &DataType) -> bool {
    match kind {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            item.data_type().is_integer() || item.data_type().is_floating()
        }
        _ => false,
    }
}

/// Values of a list where the type says how many.
pub(super) fn fixed_width(kind: &DataType) -> usize {
    match kind {
        DataType::FixedSizeList(_, size) => usize::try_from(*size).unwrap_or(0),
        _ => 0,
    }
}

/// Each cell as text; empty cells are none.
pub(super) fn texts(column: &ArrayRef) -> Result<Vec<Option<String>>, String> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let bytes = |text: Option<&[u8]>| -> Result<Option<String>, String> {
        let text = text
            .map(|bytes| String::from_utf8(bytes.to_vec()))
            .transpose();
        text.map_err(|_| "it holds bytes that are no text".to_owned())
    };
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().map(owned).collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().map(owned).collect(),
        DataType::Utf8View => column.as_string_view().iter().map(owned).collect(),
        DataType::Binary => {
            let texts = column.as_binary::<i32>().iter().map(bytes);
            texts.collect::<Result<_, _>>()?
        }
        DataType::LargeBinary => {
            let texts = column.as_binary::<i64>().iter().map(bytes);
            texts.collect::<Result<_, _>>()?
        }
        DataType::BinaryView => {
            let texts = column.as_binary_view().iter().map(bytes);
            texts.collect::<Result<_, _>>()?
        }
        DataType::Dictionary(..) => spread(column, texts)?,
        kind if kind.is_integer() => {
            let numbers = whole(column).ok_or("its numbers cannot be read")?;
            let text = |number: Option<i128>| number.map(|number| number.to_string());
            numbers.into_iter().map(text).collect()
        }
        kind if kind.is_floating() => {
            let text =
                |number: Option<f64>| number.filter(|it| !it.is_nan()).map(|it| it.to_string());
            numbers(column)?.into_iter().map(text).collect()
        }
        DataType::Null => vec![None; column.len()],
        other => return Err(format!("it holds {} and not texts", words(other))),
    })
}

/// The cells of a column of categories.
fn spread<T: Clone>(
    column: &ArrayRef,
    read: fn(&ArrayRef) -> Result<Vec<Option<T>>, String>,
) -> Result<Vec<Option<T>>, String> {
    let categories = column
        .as_any_dictionary_opt()
        .ok_or("its categories cannot be read")?;
    let values = read(categories.values())?;
    let keys = whole(&arrow_array::make_array(categories.keys().to_data()))
        .ok_or("its categories cannot be read")?;
    let cell = |key: Option<i128>| {
        let place = usize::try_from(key?).ok()?;
        values.get(place).cloned().flatten()
    };
    Ok(keys.into_iter().map(cell).collect())
}

fn cells<T: ArrowPrimitiveType, N>(
    column: &ArrayRef,
    convert: impl Fn(T::Native) -> N,
) -> Option<Vec<Option<N>>> {
    let column = column.as_primitive_opt::<T>()?;
    Some(column.iter().map(|cell| cell.map(&convert)).collect())
}

fn whole(column: &ArrayRef) -> Option<Vec<Option<i128>>> {
    match column.data_type() {
        DataType::Int8 => cells::<Int8Type, _>(column, i128::from),
        DataType::Int16 => cells::<Int16Type, _>(column, i128::from),
        DataType::Int32 => cells::<Int32Type, _>(column, i128::from),
        DataType::Int64 => cells::<Int64Type, _>(column, i128::from),
        DataType::UInt8 => cells::<UInt8Type, _>(column, i128::from),
        DataType::UInt16 => cells::<UInt16Type, _>(column, i128::from),
        DataType::UInt32 => cells::<UInt32Type, _>(column, i128::from),
        DataType::UInt64 => cells::<UInt64Type, _>(column, i128::from),
        _ => None,
    }
}

/// Each cell as a number; empty cells are none.
pub(super) fn numbers(column: &ArrayRef) -> Result<Vec<Option<f64>>, String> {
    let numbers = match column.data_type() {
        DataType::Float16 => cells::<Float16Type, _>(column, f64::from),
        DataType::Float32 => cells::<Float32Type, _>(column, f64::from),
        DataType::Float64 => cells::<Float64Type, _>(column, |value| value),
        DataType::Dictionary(..) => Some(spread(column, numbers)?),
        _ => {
            let float = |cell: Option<i128>| cell.map(|value| value as f64);
            whole(column).map(|cells| cells.into_iter().map(float).collect())
        }
    };
    numbers.ok_or_else(|| format!("it holds {} and not numbers", words(column.data_type())))
}

/// Appends the vectors of a column of lists; `dim` is their width, and set by the first where it is 0. `first` is the
/// number of the first row, for messages.
pub(super) fn vectors(
    column: &ArrayRef,
    first: usize,
    dim: &mut usize,
    values: &mut Vec<f32>,
) -> Result<(), String> {
    for row in 0..column.len() {
        let number = first + row;
        if column.is_null(row) {
            return Err(format!("row {number} has no vector; take such rows out"));
        }
        let list = match column.data_type() {
            DataType::List(_) => column.as_list::<i32>().value(row),
            DataType::LargeList(_) => column.as_list::<i64>().value(row),
            DataType::ListView(_) => column.as_list_view::<i32>().value(row),
            DataType::LargeListView(_) => column.as_list_view::<i64>().value(row),
            DataType::FixedSizeList(..) => column.as_fixed_size_list().value(row),
            other => return Err(format!("it holds {} and not vectors", words(other))),
        };
        if *dim == 0 {
            *dim = list.len();
        }
        if list.len() != *dim || *dim == 0 || *dim > MOST_DIM {
            return Err(format!(
                "row {number} has a vector of {}, the first has {dim}; all must have as many",
                counted(list.len(), "value")
            ));
        }
        // Most tables are of this type: without a detour.
        if let Some(list) = list.as_primitive_opt::<Float32Type>()
            && list.null_count() == 0
        {
            values.extend_from_slice(list.values());
            continue;
        }
        for (place, value) in numbers(&list)?.into_iter().enumerate() {
            let value = value
                .ok_or_else(|| format!("value {place} of the vector of row {number} is empty"))?;
            values.push(value as f32);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::Field;
    use std::sync::Arc;

    #[test]
    fn types_are_said_in_words() {
        let list = |kind| DataType::List(Arc::new(Field::new("item", kind, true)));
        for (kind, said) in [
            (DataType::LargeUtf8, "texts"),
            (DataType::Binary, "bytes"),
            (DataType::UInt8, "whole numbers"),
            (DataType::Float16, "numbers"),
            (list(list(DataType::Float32)), "lists of lists of numbers"),
            (
                DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
                "categories of texts",
            ),
            (DataType::Date32, "dates"),
        ] {
            assert_eq!(words(&kind), said);
        }
    }
}
