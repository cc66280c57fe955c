//! A stack machine for the pickle of a state dict (Python's `pickletools` documents the opcodes). It builds data only:
//! the names it may look up are listed here, and "calling" one of them means copying its arguments into a struct.
//! Shared values are shared here too, so a small file cannot unfold into a large one.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// Nesting of a state dict is below 10; deeper data would only serve to overflow the stack.
const MAX_DEPTH: usize = 64;
/// Entries of all dictionaries that are looked at.
const MAX_VISITS: usize = 100_000;

/// Where a tensor's numbers lie.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TensorPlace {
    /// `FloatStorage`, `HalfStorage`, ...
    pub storage: String,
    /// Name of its file in `data/`.
    pub key: String,
    /// In numbers, not bytes.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

impl TensorPlace {
    /// The type of its numbers in the terms of safetensors; `None` unless they are floating point.
    pub fn float_type(&self) -> Option<&'static str> {
        match self.storage.as_str() {
            "FloatStorage" => Some("F32"),
            "DoubleStorage" => Some("F64"),
            "HalfStorage" => Some("F16"),
            "BFloat16Storage" => Some("BF16"),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Value {
    /// None, True, False, floats: never needed.
    Plain,
    Int(i64),
    Text(Rc<str>),
    Name(Known),
    Tuple(Rc<Tuple>),
    Dict(Rc<Dict>),
    List,
    Storage(Rc<(String, String)>),
    Tensor(Rc<TensorPlace>),
}

#[derive(Debug)]
struct Tuple {
    items: Vec<Value>,
    depth: usize,
}

#[derive(Debug, Default)]
struct Dict {
    items: RefCell<Vec<(Value, Value)>>,
}

/// The names that a state dict may use.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    Storage(String),
}

impl Known {
    fn look_up(module: &str, name: &str) -> Result<Self, String> {
        match (module, name) {
            ("collections", "OrderedDict") => Ok(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Ok(Self::RebuildTensor),
            ("torch._utils", "_rebuild_parameter") => Ok(Self::RebuildParameter),
            ("torch", name) if name.ends_with("Storage") => Ok(Self::Storage(name.to_owned())),
            _ => Err(format!(
                "it asks to run '{module}.{name}', which no list of weights needs; it was not run. Don't trust this file"
            )),
        }
    }
}

/// The tensors that a pickled state dict names, nested names joined by dots.
pub(super) fn state_dict(pickle: &[u8]) -> Result<Vec<(String, TensorPlace)>, String> {
    let mut machine = Machine {
        rest: pickle,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        dicts: Vec::new(),
    };
    let root = machine.run()?;
    let mut tensors = Vec::new();
    collect(&root, "", 0, &mut tensors, &mut { MAX_VISITS })?;
    Ok(tensors)
}

fn collect(
    value: &Value,
    prefix: &str,
    depth: usize,
    out: &mut Vec<(String, TensorPlace)>,
    visits_left: &mut usize,
) -> Result<(), String> {
    let Value::Dict(dict) = value else {
        return Err(if depth == 0 {
            "it is a whole model or a single value, not a state dict; save model.state_dict()"
                .into()
        } else {
            "its dictionaries are wrong".into()
        });
    };
    // Dictionaries could also contain each other.
    if depth > 4 {
        return Err("its dictionaries are nested too deeply".into());
    }
    let items = dict
        .items
        .try_borrow()
        .map_err(|_| "its dictionaries are wrong")?;
    for (key, value) in items.iter() {
        *visits_left = visits_left
            .checked_sub(1)
            .ok_or("it names more tensors than any model has")?;
        let key = match key {
            Value::Text(text) => text.to_string(),
            Value::Int(number) => number.to_string(),
            _ => continue,
        };
        match value {
            Value::Tensor(place) => out.push((format!("{prefix}{key}"), place.as_ref().clone())),
            Value::Dict(_) => collect(
                value,
                &format!("{prefix}{key}."),
                depth + 1,
                out,
                visits_left,
            )?,
            _ => {}
        }
    }
    Ok(())
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    /// All dictionaries there are: they may contain each other, so they are emptied one by one at the end, which
    /// neither recurses nor leaks.
    dicts: Vec<Rc<Dict>>,
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        for dict in &self.dicts {
            if let Ok(mut items) = dict.items.try_borrow_mut() {
                items.clear();
            }
        }
    }
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or("its list of tensors is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, String> {
        let taken = self.take(bytes)?;
        Ok(taken
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let end = self
            .rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or("its list of tensors is cut off")?;
        let line = self.take(end)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| "its names are no text".into())
    }

    fn text(&mut self, length_bytes: usize) -> Result<Value, String> {
        let length = self.number(length_bytes)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| "its names are no text")?;
        Ok(Value::Text(text.into()))
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack
            .pop()
            .ok_or_else(|| "its list of tensors is wrong".into())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or("its list of tensors is wrong")?;
        if mark > self.stack.len() {
            return Err("its list of tensors is wrong".into());
        }
        Ok(self.stack.split_off(mark))
    }

    fn put(&mut self, index: u32) -> Result<(), String> {
        let top = self.stack.last().ok_or("its list of tensors is wrong")?;
        self.memo.insert(index, top.clone());
        Ok(())
    }

    fn get(&mut self, index: u32) -> Result<(), String> {
        let value = self
            .memo
            .get(&index)
            .ok_or("its list of tensors is wrong")?;
        self.stack.push(value.clone());
        Ok(())
    }

    fn tuple(&mut self, items: Vec<Value>) -> Result<(), String> {
        let depth = 1 + items
            .iter()
            .map(|item| match item {
                Value::Tuple(tuple) => tuple.depth,
                _ => 0,
            })
            .max()
            .unwrap_or(0);
        if depth > MAX_DEPTH {
            return Err("its list of tensors is nested too deeply".into());
        }
        self.stack
            .push(Value::Tuple(Rc::new(Tuple { items, depth })));
        Ok(())
    }

    fn last(&mut self, count: usize) -> Result<(), String> {
        let start = self
            .stack
            .len()
            .checked_sub(count)
            .ok_or("its list of tensors is wrong")?;
        let items = self.stack.split_off(start);
        self.tuple(items)
    }

    fn dict(&mut self) -> Value {
        let dict = Rc::<Dict>::default();
        self.dicts.push(Rc::clone(&dict));
        Value::Dict(dict)
    }

    fn set_items(&mut self, items: Vec<Value>) -> Result<(), String> {
        let Some(Value::Dict(dict)) = self.stack.last() else {
            return Err("its list of tensors is wrong".into());
        };
        let mut dict = dict
            .items
            .try_borrow_mut()
            .map_err(|_| "its list of tensors is wrong")?;
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            dict.push((key, value));
        }
        Ok(())
    }

    fn rebuild(&mut self, function: &Value, arguments: &Value) -> Result<Value, String> {
        let (Value::Name(known), Value::Tuple(arguments)) = (function, arguments) else {
            return Err("it calls something that is no name".into());
        };
        let items = arguments.items.as_slice();
        let wrong = || "a tensor is described in a way that torch doesn't".to_owned();
        match (known, items) {
            (Known::OrderedDict, []) => Ok(self.dict()),
            (Known::RebuildParameter, [tensor @ Value::Tensor(_), ..]) => Ok(tensor.clone()),
            (
                Known::RebuildTensor,
                [
                    Value::Storage(storage),
                    Value::Int(offset),
                    shape,
                    strides,
                    ..,
                ],
            ) => {
                let (storage, key) = storage.as_ref();
                let place = TensorPlace {
                    storage: storage.clone(),
                    key: key.clone(),
                    offset: usize::try_from(*offset).map_err(|_| wrong())?,
                    shape: sizes(shape).ok_or_else(wrong)?,
                    strides: sizes(strides).ok_or_else(wrong)?,
                };
                if place.shape.len() == place.strides.len() && place.shape.len() <= 8 {
                    Ok(Value::Tensor(Rc::new(place)))
                } else {
                    Err(wrong())
                }
            }
            _ => Err(wrong()),
        }
    }

    fn run(&mut self) -> Result<Value, String> {
        loop {
            let [opcode] = *self.take(1)? else {
                return Err("its list of tensors is cut off".into());
            };
            match opcode {
                0x80 => {
                    self.take(1)?; // PROTO
                }
                b'.' => return self.pop(),
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.stack.push(Value::Name(Known::look_up(module, name)?));
                }
                b'q' => {
                    let index = self.number(1)? as u32;
                    self.put(index)?;
                }
                b'r' => {
                    let index = self.number(4)? as u32;
                    self.put(index)?;
                }
                b'h' => {
                    let index = self.number(1)? as u32;
                    self.get(index)?;
                }
                b'j' => {
                    let index = self.number(4)? as u32;
                    self.get(index)?;
                }
                b'(' => self.marks.push(self.stack.len()),
                b')' => self.tuple(Vec::new())?,
                b't' => {
                    let items = self.pop_to_mark()?;
                    self.tuple(items)?;
                }
                0x85 => self.last(1)?,
                0x86 => self.last(2)?,
                0x87 => self.last(3)?,
                b'}' => {
                    let dict = self.dict();
                    self.stack.push(dict);
                }
                b']' => self.stack.push(Value::List),
                b'a' => {
                    self.pop()?;
                }
                b'e' => {
                    self.pop_to_mark()?;
                }
                b's' => {
                    let value = self.pop()?;
                    let key = self.pop()?;
                    self.set_items(vec![key, value])?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set_items(items)?;
                }
                b'X' => {
                    let text = self.text(4)?;
                    self.stack.push(text);
                }
                0x8c | b'U' => {
                    let text = self.text(1)?;
                    self.stack.push(text);
                }
                b'K' => {
                    let number = self.number(1)?;
                    self.stack.push(Value::Int(number as i64));
                }
                b'M' => {
                    let number = self.number(2)?;
                    self.stack.push(Value::Int(number as i64));
                }
                b'J' => {
                    let number = self.number(4)? as u32 as i32;
                    self.stack.push(Value::Int(i64::from(number)));
                }
                0x8a => {
                    let bytes = self.number(1)? as usize;
                    if bytes > 8 {
                        return Err("it holds a number that no shape has".into());
                    }
                    let number = self.number(bytes)?;
                    self.stack
                        .push(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)));
                }
                b'G' => {
                    self.take(8)?;
                    self.stack.push(Value::Plain);
                }
                b'N' | 0x88 | 0x89 => self.stack.push(Value::Plain),
                b'Q' => {
                    let id = self.pop()?;
                    let storage = persistent_storage(&id)?;
                    self.stack.push(storage);
                }
                b'R' => {
                    let arguments = self.pop()?;
                    let function = self.pop()?;
                    let value = self.rebuild(&function, &arguments)?;
                    self.stack.push(value);
                }
                // Attributes of the dict (its `_metadata`) carry no tensor.
                b'b' => {
                    self.pop()?;
                }
                other => {
                    return Err(format!(
                        "its list of tensors uses pickle operation 0x{other:02x}, which a state dict never does"
                    ));
                }
            }
        }
    }
}

/// `('storage', torch.FloatStorage, '0', 'cpu', 256)`: the type and the file name.
fn persistent_storage(id: &Value) -> Result<Value, String> {
    if let Value::Tuple(tuple) = id
        && let [_, Value::Name(Known::Storage(kind)), Value::Text(key), ..] = tuple.items.as_slice()
    {
        return Ok(Value::Storage(Rc::new((kind.clone(), key.to_string()))));
    }
    Err("it refers to data in a way that torch doesn't".into())
}

fn sizes(value: &Value) -> Option<Vec<usize>> {
    let Value::Tuple(tuple) = value else {
        return None;
    };
    tuple
        .items
        .iter()
        .map(|item| match item {
            Value::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pickle_that_calls_the_system_is_refused_and_not_run() {
        // pickle.dumps of an object whose __reduce__ returns (os.system, ("touch ...",)), protocol 2.
        let hostile =
            b"\x80\x02cposix\nsystem\nq\x00X\x0b\x00\x00\x00touch /pwndq\x01\x85q\x02Rq\x03.";
        let error = state_dict(hostile).unwrap_err();
        assert!(
            error.contains("posix.system") && error.contains("not run"),
            "{error}"
        );
    }

    #[test]
    fn bombs_and_garbage_end_in_an_error_at_once() {
        // t = (t, t) 60 times over: 2^60 values if it were unfolded, shared here.
        let mut memo_bomb = b"\x80\x02)q\x00".to_vec();
        for _ in 0..60 {
            memo_bomb.extend(b"h\x00h\x00\x86q\x00");
        }
        memo_bomb.push(b'.');
        assert!(state_dict(&memo_bomb).is_err());
        let mut nested = vec![b')'];
        nested.extend(vec![0x85; 1 << 19]);
        nested.push(b'.');
        assert!(state_dict(&nested).unwrap_err().contains("deep"));
        // Dictionaries in each other, outermost first: freeing them must not recurse.
        let mut dicts = b"\x80\x02}".to_vec();
        for _ in 0..100_000 {
            dicts.extend(b"K\x00}q\x00sh\x00");
        }
        dicts.push(b'.');
        assert!(state_dict(&dicts).is_ok_and(|tensors| tensors.is_empty()));
        for garbage in [
            &b"X\xff\xff\xff\xffabc"[..],
            b"",
            b".",
            b"R.",
            b"(t(t.",
            b"(u.",
            b"\x8a\xff",
        ] {
            assert!(state_dict(garbage).is_err(), "{garbage:?}");
        }
    }
}
