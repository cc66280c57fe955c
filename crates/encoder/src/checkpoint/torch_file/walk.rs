//! From the values of a pickle to named tensors.

use std::{collections::HashSet, fmt::Write};

use super::pickle::{Node, Object, Pickle, TorchTensor, Value};

/// Nesting of a whole model with its trainer is below 30.
const MAX_DEPTH: usize = 48;
/// Values that are looked at.
const MAX_VISITS: usize = 4_000_000;
/// No tensor has a longer name.
const MAX_NAME_BYTES: usize = 1024;
/// Tensors and unreadable values together; models have thousands.
const MAX_NAMES: usize = 200_000;

/// What stands under which name.
#[derive(Debug, Default)]
pub(super) struct Named<'a> {
    pub tensors: Vec<(String, &'a TorchTensor)>,
    /// Objects that are no tensors, with what would have made them.
    pub objects: Vec<(String, &'a str)>,
}

/// All tensors of a pickle, nested names joined by dots. Lists count their items; a whole model is read as if its
/// state dict had been saved.
pub(super) fn named(pickle: &Pickle) -> Result<Named<'_>, String> {
    let mut walk = Walk {
        pickle,
        out: Named::default(),
        visits_left: MAX_VISITS,
        above: HashSet::new(),
        name: String::new(),
    };
    walk.visit(pickle.root)?;
    Ok(walk.out)
}

struct Walk<'a> {
    pickle: &'a Pickle,
    out: Named<'a>,
    visits_left: usize,
    /// The values that the current one lies in: values could also contain each other.
    above: HashSet<u32>,
    name: String,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, value: Value) -> Result<(), String> {
        const TOO_MANY: &str = "it names more tensors than any model has";
        self.visits_left = self.visits_left.checked_sub(1).ok_or(TOO_MANY)?;
        let (Value::Node(at), Some(node)) = (value, self.pickle.node(value)) else {
            return Ok(());
        };
        if self.out.tensors.len() + self.out.objects.len() > MAX_NAMES {
            return Err(TOO_MANY.into());
        }
        match node {
            Node::Tensor(tensor) => {
                self.out.tensors.push((self.name.clone(), tensor));
                return Ok(());
            }
            Node::Object(object) => self.out.objects.push((self.name.clone(), &object.class)),
            Node::Dict(_) | Node::List(_) | Node::Tuple(_) => {}
            Node::Text(_) | Node::Long(_) | Node::Global(_) | Node::Storage(_) => return Ok(()),
        }
        if self.above.len() >= MAX_DEPTH || !self.above.insert(at) {
            return Ok(());
        }
        match node {
            Node::Dict(entries) => self.entries(entries)?,
            Node::List(items) | Node::Tuple(items) => self.items(items)?,
            Node::Object(object) => self.object(object)?,
            _ => {}
        }
        self.above.remove(&at);
        Ok(())
    }

    fn under(&mut self, part: impl std::fmt::Display, value: Value) -> Result<(), String> {
        let length = self.name.len();
        let dot = if length == 0 { "" } else { "." };
        // Writing to a text cannot fail.
        let _ = write!(self.name, "{dot}{part}");
        if self.name.len() <= MAX_NAME_BYTES {
            self.visit(value)?;
        }
        self.name.truncate(length);
        Ok(())
    }

    fn entries(&mut self, entries: &[(Value, Value)]) -> Result<(), String> {
        for &(key, value) in entries {
            match (key, self.pickle.node(key)) {
                (Value::Int(number), _) => self.under(number, value)?,
                (_, Some(Node::Text(text))) => self.under(text, value)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn items(&mut self, items: &[Value]) -> Result<(), String> {
        // What dict.items() gave names its tensors as the dictionary did.
        if let Some(entries) = self.pairs(items) {
            return self.entries(&entries);
        }
        for (index, &item) in items.iter().enumerate() {
            self.under(index, item)?;
        }
        Ok(())
    }

    /// The items as entries, where each is a pair of a name and a tensor.
    fn pairs(&self, items: &[Value]) -> Option<Vec<(Value, Value)>> {
        let pair = |&item: &Value| match self.pickle.node(item)? {
            Node::Tuple(pair) | Node::List(pair) => match pair[..] {
                [name, tensor] => Some((name, tensor)),
                _ => None,
            },
            _ => None,
        };
        let is_named = |&(name, tensor): &(Value, Value)| {
            matches!(self.pickle.node(name), Some(Node::Text(_)))
                && matches!(self.pickle.node(tensor), Some(Node::Tensor(_)))
        };
        let pairs: Vec<(Value, Value)> = items.iter().map(pair).collect::<Option<_>>()?;
        (!pairs.is_empty() && pairs.iter().all(is_named)).then_some(pairs)
    }

    fn object(&mut self, object: &'a Object) -> Result<(), String> {
        self.items(&object.fields)?;
        self.entries(&object.entries)?;
        let Some(state) = object.state else {
            return Ok(());
        };
        match self.pickle.node(state) {
            Some(Node::Dict(attributes)) => self.attributes(attributes),
            // Attributes of a dictionary and those that are slots.
            Some(Node::Tuple(states)) => {
                for &state in states {
                    if let Some(Node::Dict(attributes)) = self.pickle.node(state) {
                        self.attributes(attributes)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A module keeps its parts in three dictionaries that its state dict doesn't name.
    fn attributes(&mut self, attributes: &'a [(Value, Value)]) -> Result<(), String> {
        for &(key, value) in attributes {
            let Some(Node::Text(name)) = self.pickle.node(key) else {
                continue;
            };
            match name.as_str() {
                "_parameters" | "_buffers" | "_modules" => self.visit(value)?,
                _ => self.under(name, value)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Pickle {
        Pickle::read(&mut bytes).unwrap()
    }

    #[test]
    fn values_in_values_end() {
        // t = (t, t) 60 times over: 2^60 values if it were unfolded.
        let mut memo_bomb = b"\x80\x02)q\x00".to_vec();
        for _ in 0..60 {
            memo_bomb.extend(b"h\x00h\x00\x86q\x00");
        }
        memo_bomb.push(b'.');
        let error = named(&read(&memo_bomb)).unwrap_err();
        assert!(error.contains("more tensors"), "{error}");
        // Tuples and dictionaries in each other, a list in itself: nothing recurses.
        let mut nested = vec![b')'];
        nested.extend(vec![0x85; 1 << 19]);
        nested.push(b'.');
        let mut dicts = b"\x80\x02}".to_vec();
        for _ in 0..100_000 {
            dicts.extend(b"K\x00}q\x00sh\x00");
        }
        dicts.push(b'.');
        for bytes in [&nested[..], &dicts, b"]q\x00h\x00ah\x00a."] {
            assert!(named(&read(bytes)).unwrap().tensors.is_empty());
        }
    }
}
