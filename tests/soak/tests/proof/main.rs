//! The proof over several processes.
