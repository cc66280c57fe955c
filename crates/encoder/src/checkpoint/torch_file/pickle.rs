//! A stack machine for pickles (Python's `pickletools` documents the opcodes). It builds data only: looking a name up
//! means noting it, and "calling" it means noting its arguments; the few names that tensors and dictionaries are made
//! of are in `globals`. All values lie in one list and refer to each other by number, so that values that share or
//! contain each other neither unfold nor recurse.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use super::globals;

/// Operations of one pickle. An encoder with its optimiser takes some ten thousand.
const MAX_OPERATIONS: usize = 4_000_000;
/// Values that take room: names, tuples, lists and so on. An encoder with its optimiser has some thousand.
const MAX_NODES: usize = 1_000_000;
/// A longer text is no name of anything.
const MAX_TEXT_BYTES: u64 = 1 << 16;
/// All texts together.
const MAX_TEXTS_BYTES: u64 = 64 << 20;
/// A longer whole number is no size of anything.
const MAX_LONG_BYTES: u64 = 16;

const WRONG: &str = "its list of tensors is wrong";
const TOO_MUCH: &str = "it has more in it than any list of tensors";
const CUT: &str = "its list of tensors is cut off";

/// A value of a pickle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// None, False, floats, bytes: never needed.
    Plain,
    True,
    Int(i64),
    /// One of [`Pickle::node`].
    Node(u32),
}

/// A value that takes more room.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    /// A whole number of more than eight bytes, little-endian.
    Long(Vec<u8>),
    /// `module.name`.
    Global(String),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    // Boxed, so that the many small values stay small.
    Object(Box<Object>),
    Storage(Box<TorchStorage>),
    Tensor(Box<TorchTensor>),
}

/// Anything else: carried as data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Object {
    /// What would have made it.
    pub class: String,
    /// What was given to a class that is no function; empty otherwise.
    pub fields: Vec<Value>,
    /// Set as in a dictionary.
    pub entries: Vec<(Value, Value)>,
    /// Its attributes.
    pub state: Option<Value>,
}

impl Object {
    pub fn new(class: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            fields: Vec::new(),
            entries: Vec::new(),
            state: None,
        }
    }
}

/// A row of numbers that tensors are views of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TorchStorage {
    /// `Float`, `Half`, `Untyped`, ...
    pub kind: String,
    pub key: String,
    /// Numbers of the row before this part of it.
    pub offset: usize,
}

/// A view of a storage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TorchTensor {
    pub storage: TorchStorage,
    /// The name of its type in torch where the storage doesn't tell it.
    pub dtype: Option<String>,
    /// In numbers, not bytes.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
    /// Torch's negative bit: the numbers are meant with the other sign.
    pub is_negative: bool,
    /// Another mark of torch that changes what the numbers mean.
    pub mark: Option<String>,
}

/// What a pickle holds.
#[derive(Debug)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    pub root: Value,
}

impl Pickle {
    /// Reads one pickle up to its end.
    pub fn read(stream: &mut impl Read) -> Result<Self, String> {
        let mut machine = Machine {
            stream,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            operations_left: MAX_OPERATIONS,
            text_left: MAX_TEXTS_BYTES,
        };
        let root = machine.run()?;
        Ok(Self {
            nodes: machine.nodes,
            root,
        })
    }

    pub fn node(&self, value: Value) -> Option<&Node> {
        node(&self.nodes, value)
    }

    /// All rows of numbers that are referred to, also from what no tensor is made of.
    pub fn storages(&self) -> impl Iterator<Item = &TorchStorage> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Storage(storage) => Some(storage.as_ref()),
            _ => None,
        })
    }
}

pub(super) fn node(nodes: &[Node], value: Value) -> Option<&Node> {
    match value {
        Value::Node(at) => nodes.get(at as usize),
        Value::Plain | Value::True | Value::Int(_) => None,
    }
}

struct Machine<'a, R> {
    stream: &'a mut R,
    nodes: Vec<Node>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    operations_left: usize,
    text_left: u64,
}

impl<R: Read> Machine<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<(), String> {
        self.stream.read_exact(buffer).map_err(|_| CUT.into())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let [mut byte] = [0];
        self.read(std::slice::from_mut(&mut byte))?;
        Ok(byte)
    }

    /// A little-endian number of up to eight bytes.
    fn number(&mut self, bytes: usize) -> Result<u64, String> {
        let mut number = [0; 8];
        self.read(number.get_mut(..bytes).ok_or(WRONG)?)?;
        Ok(u64::from_le_bytes(number))
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        let mut part = (&mut *self.stream).take(count);
        match io::copy(&mut part, &mut io::sink()) {
            Ok(skipped) if skipped == count => Ok(()),
            _ => Err(CUT.into()),
        }
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>, String> {
        self.text_left = self
            .text_left
            .checked_sub(count)
            .ok_or("it names more than any model has")?;
        let mut bytes = Vec::new();
        let part = (&mut *self.stream).take(count).read_to_end(&mut bytes);
        match part {
            Ok(read) if read as u64 == count => Ok(bytes),
            _ => Err(CUT.into()),
        }
    }

    /// The rest of a line, as the oldest protocols write values.
    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                _ if line.len() as u64 >= MAX_TEXT_BYTES => return Err(WRONG.into()),
                byte => line.push(byte),
            }
        }
        self.text_left = self
            .text_left
            .checked_sub(line.len() as u64)
            .ok_or("it names more than any model has")?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn push(&mut self, node: Node) -> Result<(), String> {
        if self.nodes.len() >= MAX_NODES {
            return Err(TOO_MUCH.into());
        }
        let at = u32::try_from(self.nodes.len()).map_err(|_| WRONG)?;
        self.nodes.push(node);
        self.stack.push(Value::Node(at));
        Ok(())
    }

    fn text(&mut self, length_bytes: usize) -> Result<(), String> {
        let length = self.number(length_bytes)?;
        if length > MAX_TEXT_BYTES {
            return self.plain(length);
        }
        let text = self.bytes(length)?;
        self.push(Node::Text(String::from_utf8_lossy(&text).into_owned()))
    }

    /// A value of so many bytes that nothing here needs.
    fn plain(&mut self, bytes: u64) -> Result<(), String> {
        self.skip(bytes)?;
        self.stack.push(Value::Plain);
        Ok(())
    }

    fn long(&mut self, length: u64) -> Result<(), String> {
        if length > MAX_LONG_BYTES {
            return self.plain(length);
        }
        let bytes = self.bytes(length)?;
        if bytes.len() > 8 {
            return self.push(Node::Long(bytes));
        }
        // Two's complement: the highest bit fills what is not there.
        let fill = match bytes.last() {
            Some(last) if last & 0x80 != 0 => 0xff,
            _ => 0,
        };
        let mut number = [fill; 8];
        for (to, from) in number.iter_mut().zip(&bytes) {
            *to = *from;
        }
        self.stack.push(Value::Int(i64::from_le_bytes(number)));
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| WRONG.into())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or(WRONG)?;
        if mark > self.stack.len() {
            return Err(WRONG.into());
        }
        Ok(self.stack.split_off(mark))
    }

    fn pop_last(&mut self, count: usize) -> Result<Vec<Value>, String> {
        let start = self.stack.len().checked_sub(count).ok_or(WRONG)?;
        Ok(self.stack.split_off(start))
    }

    fn remember(&mut self, index: u32) -> Result<(), String> {
        let top = *self.stack.last().ok_or(WRONG)?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), String> {
        let value = *self.memo.get(&index).ok_or(WRONG)?;
        self.stack.push(value);
        Ok(())
    }

    fn node(&self, value: Value) -> Option<&Node> {
        node(&self.nodes, value)
    }

    fn top(&mut self) -> Result<&mut Node, String> {
        match self.stack.last() {
            Some(&Value::Node(at)) => self.nodes.get_mut(at as usize).ok_or_else(|| WRONG.into()),
            _ => Err(WRONG.into()),
        }
    }

    fn set_items(&mut self, items: &[Value]) -> Result<(), String> {
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err(WRONG.into());
        };
        let pairs = pairs.iter().map(|&[key, value]| (key, value));
        match self.top()? {
            Node::Dict(entries) => entries.extend(pairs),
            Node::Object(object) => object.entries.extend(pairs),
            _ => return Err(WRONG.into()),
        }
        Ok(())
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), String> {
        match self.top()? {
            Node::List(list) => list.extend(items),
            // A list of a kind of its own.
            Node::Object(object) => object.fields.extend(items),
            _ => return Err(WRONG.into()),
        }
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), String> {
        if globals::runs_things(module, name) {
            return Err(format!(
                "it asks to run '{module}.{name}', which no list of weights needs; it was not run. Don't trust this file"
            ));
        }
        self.push(Node::Global(format!("{module}.{name}")))
    }

    fn stack_global(&mut self) -> Result<(), String> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (self.node(module), self.node(name)) {
            (Some(Node::Text(module)), Some(Node::Text(name))) => {
                let (module, name) = (module.clone(), name.clone());
                self.global(&module, &name)
            }
            _ => Err(WRONG.into()),
        }
    }

    /// Notes what a call of `function` would give. `is_new`: it is a class, and makes an object of these fields.
    fn call(&mut self, function: Value, arguments: &[Value], is_new: bool) -> Result<(), String> {
        let made = match self.node(function) {
            Some(Node::Global(name)) => globals::call(&self.nodes, name, arguments, is_new)?,
            _ => Node::Object(Box::new(Object::new("something that is no name"))),
        };
        self.push(made)
    }

    fn arguments(&mut self) -> Result<Vec<Value>, String> {
        let value = self.pop()?;
        match self.node(value) {
            Some(Node::Tuple(items)) => Ok(items.clone()),
            _ => Err(WRONG.into()),
        }
    }

    /// Sets attributes. Those of dictionaries (their `_metadata`) and tensors carry no tensor.
    fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        if let Ok(Node::Object(object)) = self.top() {
            object.state = Some(state);
        }
        Ok(())
    }

    fn persistent(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let found = match self.node(id) {
            Some(Node::Tuple(items)) => globals::persistent(&self.nodes, items),
            _ => None,
        };
        let found = found.ok_or("it refers to data in a way that torch doesn't")?;
        self.push(found)
    }

    fn run(&mut self) -> Result<Value, String> {
        loop {
            self.operations_left = self.operations_left.checked_sub(1).ok_or(TOO_MUCH)?;
            match self.byte()? {
                b'.' => return self.pop(),
                opcode => self.step(opcode)?,
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), String> {
        match opcode {
            // PROTO and FRAME: how the rest is laid out matters to nobody who reads it byte by byte.
            0x80 => self.skip(1)?,
            0x95 => self.skip(8)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(&module, &name)?;
            }
            0x93 => self.stack_global()?,
            // What was said before.
            b'p' => {
                let index = self.line()?.parse().map_err(|_| WRONG)?;
                self.remember(index)?;
            }
            b'q' => {
                let index = self.number(1)? as u32;
                self.remember(index)?;
            }
            b'r' => {
                let index = self.number(4)? as u32;
                self.remember(index)?;
            }
            0x94 => {
                let index = u32::try_from(self.memo.len()).map_err(|_| WRONG)?;
                self.remember(index)?;
            }
            b'g' => {
                let index = self.line()?.parse().map_err(|_| WRONG)?;
                self.recall(index)?;
            }
            b'h' => {
                let index = self.number(1)? as u32;
                self.recall(index)?;
            }
            b'j' => {
                let index = self.number(4)? as u32;
                self.recall(index)?;
            }
            // The stack itself.
            b'(' => self.marks.push(self.stack.len()),
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.pop_to_mark()?;
            }
            b'2' => self.stack.push(*self.stack.last().ok_or(WRONG)?),
            // Containers.
            b')' => self.push(Node::Tuple(Vec::new()))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Node::Tuple(items))?;
            }
            0x85..=0x87 => {
                let items = self.pop_last(usize::from(opcode - 0x84))?;
                self.push(Node::Tuple(items))?;
            }
            b']' => self.push(Node::List(Vec::new()))?,
            b'l' => {
                let items = self.pop_to_mark()?;
                self.push(Node::List(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b'}' => self.push(Node::Dict(Vec::new()))?,
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Node::Dict(Vec::new()))?;
                self.set_items(&items)?;
            }
            b's' => {
                let items = self.pop_last(2)?;
                self.set_items(&items)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            0x8f => self.push(Node::Object(Box::new(Object::new("builtins.set"))))?,
            0x90 => {
                self.pop_to_mark()?;
            }
            0x91 => {
                self.pop_to_mark()?;
                self.push(Node::Object(Box::new(Object::new("builtins.frozenset"))))?;
            }
            // Texts and bytes.
            b'X' | b'T' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            0x8d => self.text(8)?,
            b'V' => {
                let text = self.line()?;
                self.push(Node::Text(text))?;
            }
            b'S' => {
                let quoted = self.line()?;
                let text = quoted.trim().trim_matches(['\'', '"']).to_owned();
                self.push(Node::Text(text))?;
            }
            b'B' => {
                let length = self.number(4)?;
                self.plain(length)?;
            }
            b'C' => {
                let length = self.number(1)?;
                self.plain(length)?;
            }
            0x8e | 0x96 => {
                let length = self.number(8)?;
                self.plain(length)?;
            }
            // Numbers.
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
                let length = self.number(1)?;
                self.long(length)?;
            }
            0x8b => {
                let length = self.number(4)?;
                self.long(length)?;
            }
            b'I' | b'L' => {
                let line = self.line()?;
                if (opcode, line.as_str()) == (b'I', "01") {
                    self.stack.push(Value::True);
                    return Ok(());
                }
                let number = line.trim_end_matches('L').parse();
                self.stack.push(number.map_or(Value::Plain, Value::Int));
            }
            b'F' => {
                self.line()?;
                self.stack.push(Value::Plain);
            }
            b'G' => self.plain(8)?,
            b'N' | 0x89 => self.stack.push(Value::Plain),
            0x88 => self.stack.push(Value::True),
            // Objects.
            b'Q' => self.persistent()?,
            b'R' | 0x81 => {
                let arguments = self.arguments()?;
                let function = self.pop()?;
                self.call(function, &arguments, opcode == 0x81)?;
            }
            0x92 => {
                self.pop()?; // Named arguments
                let arguments = self.arguments()?;
                let class = self.pop()?;
                self.call(class, &arguments, true)?;
            }
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                let arguments = self.pop_to_mark()?;
                self.global(&module, &name)?;
                let class = self.pop()?;
                self.call(class, &arguments, true)?;
            }
            b'o' => {
                let items = self.pop_to_mark()?;
                let (class, arguments) = items.split_first().ok_or(WRONG)?;
                self.call(*class, arguments, true)?;
            }
            b'b' => self.build()?,
            other => {
                return Err(format!(
                    "its list of tensors uses pickle operation 0x{other:02x}, which torch never writes"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Result<Pickle, String> {
        Pickle::read(&mut bytes)
    }

    #[test]
    fn a_pickle_that_calls_the_system_is_refused_and_not_run() {
        // pickle.dumps of an object whose __reduce__ returns (os.system, ("touch ...",)), protocols 2 and 4.
        for hostile in [
            &b"\x80\x02cposix\nsystem\nq\x00X\x0b\x00\x00\x00touch /pwndq\x01\x85q\x02Rq\x03."[..],
            b"\x80\x04\x95\x24\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x0btouch /pwnd\x94\x85\x94R\x94.",
        ] {
            let error = read(hostile).unwrap_err();
            assert!(
                error.contains("posix.system") && error.contains("not run"),
                "{error}"
            );
        }
    }

    #[test]
    fn unknown_things_are_carried_as_data() {
        // numpy.float64's way: a call, an object with attributes, a set, bytes.
        let pickle = b"\x80\x04}(X\x01\x00\x00\x00acmine\nScheduler\n)\x81}X\x01\x00\x00\x00bK\x01sbX\x01\x00\x00\x00ccnumpy.core.multiarray\nscalar\nC\x08\x00\x00\x00\x00\x00\x00\x00\x00\x85RX\x01\x00\x00\x00d\x8f(K\x01\x90u.";
        let pickle = read(pickle).unwrap();
        let Some(Node::Dict(entries)) = pickle.node(pickle.root) else {
            panic!("no dictionary: {pickle:?}");
        };
        let classes: Vec<&str> = entries
            .iter()
            .filter_map(|(_, value)| match pickle.node(*value) {
                Some(Node::Object(object)) => Some(object.class.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(
            classes,
            [
                "mine.Scheduler",
                "numpy.core.multiarray.scalar",
                "builtins.set"
            ]
        );
    }

    #[test]
    fn whole_numbers_keep_their_sign() {
        for (bytes, number) in [
            (&b"\x8a\x00."[..], 0),
            (b"\x8a\x01\xff.", -1),
            (b"\x8a\x02\xff\x00.", 255),
            (b"J\xfe\xff\xff\xff.", -2),
            (b"I-7\n.", -7),
            (b"L9L\n.", 9),
        ] {
            assert_eq!(read(bytes).unwrap().root, Value::Int(number), "{bytes:?}");
        }
    }

    #[test]
    fn bombs_and_garbage_end_at_once() {
        for garbage in [
            &b"X\xff\xff\xff\xffabc"[..],
            b"",
            b".",
            b"R.",
            b"(t(t",
            b"(u.",
            b"\x8a\xff",
            b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
            b"\x82\x01.",
            b"}K\x01as.",
        ] {
            assert!(read(garbage).is_err(), "{garbage:?}");
        }
        // Ten million values of one byte each; two million tuples in each other.
        let mut tuples = vec![0x85; 2_000_000];
        tuples.insert(0, b'N');
        for bomb in [&vec![b']'; 10_000_000], &tuples] {
            let error = read(bomb).unwrap_err();
            assert!(error.contains("more in it"), "{error}");
        }
        // A million values of this size are held at most.
        assert!(size_of::<Node>() <= 32, "{}", size_of::<Node>());
    }
}
