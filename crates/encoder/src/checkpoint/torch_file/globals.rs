//! The names that a pickle looks up: those that tensors and dictionaries are made of, and those that only a hostile
//! file has. All others are carried as data.

use super::pickle::{Node, Object, TorchStorage, TorchTensor, Value, node};

/// Modules whose functions run commands or code, reach files or the network, or get at those that do.
const RUNNING_MODULES: [&str; 23] = [
    "_posixsubprocess",
    "_thread",
    "asyncio",
    "bdb",
    "cProfile",
    "codeop",
    "ctypes",
    "importlib",
    "marshal",
    "nt",
    "os",
    "pdb",
    "pip",
    "popen2",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "timeit",
    "webbrowser",
];

/// Functions of Python itself, and of modules that are harmless otherwise, with which anything can be run.
const RUNNING_NAMES: [&str; 41] = [
    "__builtin__.__import__",
    "__builtin__.apply",
    "__builtin__.compile",
    "__builtin__.delattr",
    "__builtin__.eval",
    "__builtin__.execfile",
    "__builtin__.file",
    "__builtin__.getattr",
    "__builtin__.globals",
    "__builtin__.input",
    "__builtin__.open",
    "__builtin__.setattr",
    "_io.FileIO",
    "_io.open",
    "_pickle.loads",
    "builtins.__import__",
    "builtins.breakpoint",
    "builtins.compile",
    "builtins.delattr",
    "builtins.eval",
    "builtins.exec",
    "builtins.getattr",
    "builtins.globals",
    "builtins.input",
    "builtins.open",
    "builtins.setattr",
    "code.InteractiveConsole",
    "code.InteractiveInterpreter",
    "code.interact",
    "commands.getoutput",
    "commands.getstatusoutput",
    "io.FileIO",
    "io.open",
    "operator.attrgetter",
    "operator.methodcaller",
    "pickle.loads",
    "profile.Profile",
    "profile.run",
    "torch.hub.load",
    "types.CodeType",
    "types.FunctionType",
];

/// Whether a name is known to run things. A file of weights has no use for such a name, wherever it stands.
pub(super) fn runs_things(module: &str, name: &str) -> bool {
    let is_running = |part: &str| RUNNING_MODULES.contains(&part);
    // Later protocols also look up attributes of attributes: `torch.serialization` `os.system`.
    let inner = name.contains('.') && name.split('.').any(is_running);
    let outer = module.split('.').next().is_some_and(is_running);
    inner || outer || RUNNING_NAMES.contains(&format!("{module}.{name}").as_str())
}

/// What a call gives, as data.
pub(super) fn call(
    nodes: &[Node],
    function: &str,
    arguments: &[Value],
    is_new: bool,
) -> Result<Node, String> {
    let first = arguments.first().and_then(|&value| node(nodes, value));
    let made = match function {
        "collections.OrderedDict"
        | "collections.defaultdict"
        | "builtins.dict"
        | "__builtin__.dict" => Node::Dict(pairs(nodes, first)),
        "builtins.list" | "__builtin__.list" => Node::List(items(first)),
        "builtins.tuple" | "__builtin__.tuple" | "torch.Size" => Node::Tuple(items(first)),
        "torch._utils._rebuild_parameter"
        | "torch._utils._rebuild_parameter_with_state"
        | "torch.nn.parameter.Parameter" => match first {
            Some(tensor @ (Node::Tensor(_) | Node::Object(_))) => tensor.clone(),
            _ => return Err(WRONG_TENSOR.into()),
        },
        // A kind of tensor of its own: (the function, the kind, the function's arguments, attributes).
        "torch._tensor._rebuild_from_type_v2" => {
            let arguments: Vec<_> = arguments.iter().map(|&it| node(nodes, it)).collect();
            match arguments.as_slice() {
                [
                    Some(Node::Global(function)),
                    _,
                    Some(Node::Tuple(items)),
                    ..,
                ] if *function != "torch._tensor._rebuild_from_type_v2" => {
                    return call(nodes, function, items, false);
                }
                _ => return Err(WRONG_TENSOR.into()),
            }
        }
        "torch._utils._rebuild_tensor"
        | "torch._utils._rebuild_tensor_v2"
        | "torch._utils._rebuild_tensor_v3" => {
            let tensor = tensor(nodes, arguments, function.ends_with("_v3"));
            Node::Tensor(Box::new(tensor.ok_or(WRONG_TENSOR)?))
        }
        // The oldest way to make an object: (its class, the class it extends, nothing).
        "copy_reg._reconstructor" | "copyreg._reconstructor" => match first {
            Some(Node::Global(class)) => Node::Object(Box::new(Object::new(class.clone()))),
            _ => Node::Object(Box::new(Object::new(function))),
        },
        _ => Node::Object(Box::new(Object {
            fields: if is_new {
                arguments.to_vec()
            } else {
                Vec::new()
            },
            ..Object::new(function)
        })),
    };
    Ok(made)
}

const WRONG_TENSOR: &str = "a tensor is described in a way that torch doesn't";

fn items(list: Option<&Node>) -> Vec<Value> {
    match list {
        Some(Node::Tuple(items) | Node::List(items)) => items.clone(),
        _ => Vec::new(),
    }
}

/// The entries of a dictionary that is made of a list of pairs, as Python 2 writes it.
fn pairs(nodes: &[Node], list: Option<&Node>) -> Vec<(Value, Value)> {
    if let Some(Node::Dict(entries)) = list {
        return entries.clone();
    }
    items(list)
        .into_iter()
        .filter_map(|pair| match items(node(nodes, pair)).as_slice() {
            &[key, value] => Some((key, value)),
            _ => None,
        })
        .collect()
}

/// `(storage, offset, shape, strides, ...)`; the third version has the type in the seventh place. What follows are marks
/// of torch, as in `{'neg': True}`.
fn tensor(nodes: &[Node], arguments: &[Value], typed: bool) -> Option<TorchTensor> {
    let [storage, Value::Int(offset), shape, strides, ..] = arguments else {
        return None;
    };
    let Some(Node::Storage(storage)) = node(nodes, *storage) else {
        return None;
    };
    let dtype = match arguments.get(6) {
        Some(&dtype) if typed => match node(nodes, dtype) {
            Some(Node::Global(name)) => Some(name.strip_prefix("torch.")?.to_owned()),
            _ => return None,
        },
        _ => None,
    };
    let mut is_negative = false;
    let mut mark = None;
    let marks = arguments.get(if typed { 7 } else { 6 });
    if let Some(Node::Dict(marks)) = marks.and_then(|&marks| node(nodes, marks)) {
        for &(name, value) in marks {
            match (node(nodes, name), value) {
                (Some(Node::Text(name)), Value::True) if name == "neg" => is_negative = true,
                (Some(Node::Text(name)), Value::Plain) if name == "neg" || name == "conj" => {}
                (Some(Node::Text(name)), _) => mark = Some(name.clone()),
                _ => return None,
            }
        }
    }
    let tensor = TorchTensor {
        storage: storage.as_ref().clone(),
        dtype,
        offset: storage.offset.checked_add(usize::try_from(*offset).ok()?)?,
        shape: sizes(nodes, *shape)?,
        strides: sizes(nodes, *strides)?,
        is_negative,
        mark,
    };
    (tensor.shape.len() == tensor.strides.len() && tensor.shape.len() <= 8).then_some(tensor)
}

fn sizes(nodes: &[Node], value: Value) -> Option<Vec<usize>> {
    let Some(Node::Tuple(items) | Node::List(items)) = node(nodes, value) else {
        return None;
    };
    let size = |item: &Value| match item {
        Value::Int(number) => usize::try_from(*number).ok(),
        _ => None,
    };
    items.iter().map(size).collect()
}

/// What a reference to the outside of a pickle stands for: `('storage', torch.FloatStorage, '0', 'cpu', 256)` is a row
/// of numbers, in files before torch 1.6 with a sixth item where it is part of another row: `(key, offset, numbers)`;
/// `('module', class, file, text)` is a class with its source.
pub(super) fn persistent(nodes: &[Node], items: &[Value]) -> Option<Node> {
    let kind = node(nodes, *items.get(1)?)?;
    let Node::Text(what) = node(nodes, *items.first()?)? else {
        return None;
    };
    let Node::Global(class) = kind else {
        return None;
    };
    match what.as_str() {
        "module" => Some(kind.clone()),
        "storage" => {
            let (module, name) = class.rsplit_once('.')?;
            let Some(Node::Text(key)) = node(nodes, *items.get(2)?) else {
                return None;
            };
            let view = items.get(5).and_then(|&view| node(nodes, view));
            let offset = match view {
                Some(Node::Tuple(view)) => match view.get(1) {
                    Some(Value::Int(offset)) => usize::try_from(*offset).ok()?,
                    _ => return None,
                },
                _ => 0,
            };
            (module == "torch" || module.starts_with("torch.")).then_some(())?;
            Some(Node::Storage(Box::new(TorchStorage {
                kind: name.strip_suffix("Storage")?.to_owned(),
                key: key.clone(),
                offset,
            })))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_run_things_are_known_wherever_they_hide() {
        for (module, name) in [
            ("posix", "system"),
            ("os", "popen"),
            ("subprocess", "Popen"),
            ("builtins", "eval"),
            ("__builtin__", "getattr"),
            ("torch.serialization", "os.system"),
            ("importlib", "import_module"),
            ("os.path", "join"),
        ] {
            assert!(runs_things(module, name), "{module}.{name}");
        }
        for (module, name) in [
            ("torch._utils", "_rebuild_tensor_v2"),
            ("argparse", "Namespace"),
            ("pathlib", "PosixPath"),
            ("numpy.core.multiarray", "scalar"),
            ("builtins", "set"),
            ("omegaconf.dictconfig", "DictConfig"),
            ("my_code.models", "Encoder.Config"),
        ] {
            assert!(!runs_things(module, name), "{module}.{name}");
        }
    }
}
