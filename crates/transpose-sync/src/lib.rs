//! Locks whose holder may have panicked.
//!
//! The standard library poisons a lock when a thread panics while it holds it. We go on: the panic
//! itself ends the run or is reported where the thread is joined, and whoever still waits for the
//! lock must be able to clean up.
//!
//! Invariant: a value behind one of our locks is consistent after every statement, so that a panic
//! between two statements does not spoil it.
//!
//! This is a crate of its own because crates that see no files (`transpose-sheet`) and crates that
//! know no formats (`transpose-io`) both need it.

use std::sync::{LockResult, Mutex, MutexGuard, PoisonError};

/// Takes a lock, whatever happened to the thread that held it before.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    unpoisoned(mutex.lock())
}

/// The value of a mutex that nobody else holds any more.
pub fn into_inner<T>(mutex: Mutex<T>) -> T {
    unpoisoned(mutex.into_inner())
}

/// What any other call of a lock or a condition variable gives, poisoned or not.
pub fn unpoisoned<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poisoned_lock_still_gives_its_value() {
        let mutex = Mutex::new(1);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let mut value = lock(&mutex);
                *value = 2;
                panic!("on purpose");
            });
            holder.join().is_err()
        });
        assert!(panicked && mutex.is_poisoned());
        assert_eq!(*lock(&mutex), 2);
        assert_eq!(into_inner(mutex), 2);
    }
}
