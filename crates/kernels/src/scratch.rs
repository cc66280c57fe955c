//! Buffers that are used again. A training step needs the same ones every time; asking for them anew means fresh pages that
//! the system fills with zeros on one thread, a fifth of a step.

use std::cell::RefCell;

/// Most buffers that a thread keeps; a pass over a deep encoder needs two a layer.
const MOST: usize = 64;

thread_local! {
    /// Of the thread that trains: they go when it ends.
    static SPARE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Room for so many numbers. What they are means nothing: all are written before they are read.
pub fn take_buffer(length: usize) -> Vec<f32> {
    let found = SPARE.with_borrow_mut(|spare| {
        let fits = |buffer: &Vec<f32>| (length..=2 * length).contains(&buffer.capacity());
        let place = spare.iter().position(fits)?;
        Some(spare.swap_remove(place))
    });
    match found {
        Some(mut buffer) => {
            buffer.resize(length, 0.0);
            buffer
        }
        None => vec![0.0; length],
    }
}

/// Keeps buffers for the next call.
pub fn give_back<const N: usize>(buffers: [Vec<f32>; N]) {
    SPARE.with_borrow_mut(|spare| {
        spare.extend(buffers);
        let many = spare.len().saturating_sub(MOST);
        spare.drain(..many);
    });
}

/// A buffer of this thread that comes back by itself.
pub struct Buffer(Vec<f32>);

impl Buffer {
    /// As [`take_buffer`].
    pub fn new(length: usize) -> Self {
        Self(take_buffer(length))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give_back([std::mem::take(&mut self.0)]);
    }
}

impl std::ops::Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_for_a_like_one_and_not_for_a_small_one() {
        let buffer = take_buffer(1000);
        let place = buffer.as_ptr();
        give_back([buffer]);
        let small = take_buffer(10);
        assert_ne!(small.as_ptr(), place);
        let again = take_buffer(900);
        assert_eq!((again.as_ptr(), again.len()), (place, 900));
        give_back(std::array::from_fn::<_, 100, _>(|_| vec![0.0; 8]));
        assert_eq!(SPARE.with_borrow(Vec::len), MOST);
    }
}
