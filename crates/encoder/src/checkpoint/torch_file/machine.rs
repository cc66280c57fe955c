//! A stack machine for pickles (Python's `pickletools` documents the opcodes). It builds data only: looking a name up
//! means noting it, and "calling" it means noting its arguments; the few names that tensors and dictionaries are made
//! of are in `globals`.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use super::{
    globals,
    pickle::{Node, Object, Value, node},
};

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

pub(super) struct Machine<'a, R> {
    stream: &'a mut R,
    nodes: Vec<Node>,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    operations_left: usize,
    text_left: u64,
}

impl<'a, R: Read> Machine<'a, R> {
    /// Before the first operation of a stream.
    pub fn new(stream: &'a mut R) -> Self {
        Self {
            stream,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            operations_left: MAX_OPERATIONS,
            text_left: MAX_TEXTS_BYTES,
        }
    }

    /// Goes on to the end of the pickle: all values that take room, and what it is of.
    pub fn run(mut self) -> Result<(Vec<Node>, Value), String> {
        loop {
            self.operations_left = self.operations_left.checked_sub(1).ok_or(TOO_MUCH)?;
            match self.byte()? {
                b'.' => {
                    let root = self.pop()?;
                    return Ok((self.nodes, root));
                }
                opcode => self.step(opcode)?,
            }
        }
    }

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
