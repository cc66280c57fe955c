//! What a pickle holds, as data. All values lie in one list and refer to each other by number, so that values that share or
//! contain each other neither unfold nor recurse.

use std::io::Read;

use super::machine::Machine;

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
        let (nodes, root) = Machine::new(stream).run()?;
        Ok(Self { nodes, root })
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
