//! A store whose keys are small numbers: what a packet is looked up by must not be hashed.

/// Values at numbered places; a place that is free is taken again.
#[derive(Debug)]
pub(super) struct Arena<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// Puts a value somewhere and says where.
    pub fn insert(&mut self, value: T) -> usize {
        if let Some(at) = self.free.pop() {
            self.places[at] = Some(value);
            return at;
        }
        self.places.push(Some(value));
        self.places.len() - 1
    }

    /// Takes the value at a place out.
    pub fn remove(&mut self, at: usize) -> Option<T> {
        let value = self.places.get_mut(at)?.take()?;
        self.free.push(at);
        Some(value)
    }

    /// The value at a place.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.places.get(at)?.as_ref()
    }

    /// The value at a place.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.places.get_mut(at)?.as_mut()
    }

    /// All values with their places.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.places.iter().enumerate().filter_map(|(at, value)| Some((at, value.as_ref()?)))
    }

    /// All values with their places.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        self.places.iter_mut().enumerate().filter_map(|(at, value)| Some((at, value.as_mut()?)))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_places_are_taken_again() {
        let mut arena = Arena::default();
        let (a, b) = (arena.insert('a'), arena.insert('b'));
        assert_eq!(arena.remove(a), Some('a'));
        assert_eq!(arena.remove(a), None);
        assert_eq!(arena.insert('c'), a);
        assert_eq!(arena.len(), 2);
        assert_eq!(arena.iter().collect::<Vec<_>>(), [(a, &'c'), (b, &'b')]);
    }
}
