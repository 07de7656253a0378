//! What the system says about this process (proc(5)). Where there is no `/proc`, nothing.

use std::fs;

use prometheus_client::registry::{Registry, Unit};

use super::exposition::gauge;

/// Registers it under the names that Prometheus' own clients use.
pub(super) fn register(registry: &mut Registry) {
    if let Some(bytes) = resident_memory() {
        registry.register_with_unit("resident_memory", "Memory in use", Unit::Bytes, gauge(bytes));
    }
    if let Some(files) = open_files() {
        registry.register("open_fds", "Open files and sockets", gauge(files));
    }
}

/// `VmRSS`, in bytes.
fn resident_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: usize = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn open_files() -> Option<usize> {
    fs::read_dir("/proc/self/fd").ok().map(Iterator::count)
}
