//! What Linux says of processes and of the machine, in `/proc`.

use std::{fs, io::Write as _, path::Path, time::Duration};

use anyhow::{Context, Result};

use crate::{clock::Timer, statistics::median};

/// Seconds of one tick: Linux reports CPU time in hundredths of a second, whatever its own clock does.
const TICK: f64 = 0.01;

/// CPU seconds of a process with all its threads, in its own name and the kernel's.
pub(crate) fn cpu_of(pid: u32) -> Result<f64> {
    Ok(TICK * (stat_field(&pid.to_string(), 13)? + stat_field(&pid.to_string(), 14)?))
}

/// CPU seconds of the programs that this one started and that have ended.
pub(crate) fn cpu_of_ended_children() -> Result<f64> {
    Ok(TICK * (stat_field("self", 15)? + stat_field("self", 16)?))
}

/// The field of that number, counted from 0 as in `proc(5)` less one.
fn stat_field(pid: &str, number: usize) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field, the name in parentheses, may hold spaces.
    let (_, rest) = stat.rsplit_once(") ").context("unexpected /proc/…/stat")?;
    Ok(rest.split(' ').nth(number - 2).context("short /proc/…/stat")?.parse()?)
}

/// CPU seconds of everything on the machine since it was started.
pub(crate) fn cpu_of_all() -> Result<f64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.flat_map(str::parse).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in the first two already.
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|number| ticks.get(*number));
    Ok(TICK * busy.sum::<f64>())
}

/// Memory of a process in MiB: its own, and its share of what it shares (PSS).
pub(crate) struct Memory {
    /// All of it.
    pub(crate) all: f64,
    /// What of it is pages of files, which the kernel can take back: the program, and the database as far as it was read.
    pub(crate) files: f64,
}

/// The memory of a process.
pub(crate) fn memory_of(pid: u32) -> Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let mib = |field: &str| -> Result<f64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(field)).context("short smaps_rollup")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    };
    Ok(Memory { all: mib("Pss:")?, files: mib("Pss_File:")? })
}

/// How long this disk takes to make 4 KiB safe, the median of many; what every answered change has to wait for.
pub(crate) fn sync_time(directory: &Path) -> Result<Duration> {
    let mut file = tempfile::tempfile_in(directory)?;
    let mut waits = Vec::new();
    for _ in 0..200 {
        let timer = Timer::start();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        waits.push(timer.elapsed().as_secs_f64());
    }
    Ok(Duration::from_secs_f64(median(&waits)))
}

/// The processor's name, for the report.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    format!("{} × {}", cores, name.trim_start_matches(['\t', ':', ' ']))
}
