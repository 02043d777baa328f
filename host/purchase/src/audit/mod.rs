//! Checks of the invariants.
