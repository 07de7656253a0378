//! The doors of Jeton.

mod doors;
