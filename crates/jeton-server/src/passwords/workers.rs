//! Threads that do nothing but hash: few, of the lowest priority, each with memory that it keeps.
//!
//! A hash takes a core for some ten milliseconds. On threads of ordinary priority, people who guess passwords would take
//! half of the server's time; at this one, requests with tokens hardly notice them. Memory that is kept spares the kernel
//! from clearing 19 MiB for each hash.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::Block;
use rustix::process::setpriority_process;
use tokio::sync::{Semaphore, oneshot};

use super::Unhashed;
use crate::metrics::Tally;

/// The lowest priority that still gets its turn when the machine is fully used (nice(2)).
const NICE: i32 = 19;
/// Places in the queue for each thread: about half a second of work.
const QUEUE: usize = 32;

/// What a thread hashes in.
pub(super) type Arena = Vec<Block>;

type Job = Box<dyn FnOnce(&mut Arena) + Send>;

/// Hands work to the threads.
#[derive(Debug)]
pub(super) struct Workers {
    queue: SyncSender<Job>,
    /// Work that waits for a thread.
    pub(super) waiting: Tally,
    /// Work in hand.
    pub(super) running: Tally,
    /// One for each piece of work that can be in hand or wait.
    pub(super) seats: Arc<Semaphore>,
    /// Work that was ever done.
    pub(super) done: Arc<AtomicU64>,
}

impl Workers {
    /// Starts that many threads. They end when the last handle to them is dropped.
    pub(super) fn start(threads: usize) -> io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(threads * QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("passwords".to_owned()).spawn(move || work(&jobs))?;
        }
        let seats = Arc::new(Semaphore::new(threads * QUEUE));
        Ok(Self { queue, waiting: Tally::default(), running: Tally::default(), seats, done: Arc::default() })
    }

    /// Does one piece of work. What nobody waits for any more when its turn comes is left undone.
    ///
    /// # Errors
    /// [`Unhashed::Busy`] at once when the queue is full.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Arena) -> T + Send + 'static,
    ) -> Result<T, Unhashed> {
        let (tell, told) = oneshot::channel();
        let (waiting, running, done) = (self.waiting.count(), self.running.clone(), Arc::clone(&self.done));
        let job: Job = Box::new(move |arena| {
            drop(waiting);
            if !tell.is_closed() {
                let counted = running.count();
                let result = job(arena);
                drop(counted);
                done.fetch_add(1, Ordering::Relaxed);
                // Whoever left meanwhile does not hear it.
                let _ = tell.send(result);
            }
        });
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Unhashed::Busy,
            TrySendError::Disconnected(_) => Unhashed::Failed("its threads have ended".to_owned()),
        })?;
        told.await.map_err(|_| Unhashed::Failed("its thread gave it up".to_owned()))
    }
}

/// One thread's life.
fn work(jobs: &Mutex<Receiver<Job>>) {
    // On Linux this is about the calling thread alone. Without it the work is done all the same.
    let _ = setpriority_process(None, NICE);
    let mut arena = Arena::new();
    loop {
        // The lock is held while waiting: the other threads wait for it instead of for the queue.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic costs its own work only; whoever waits for that is told by the broken channel.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut arena)));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::mpsc::{Sender, channel};

    use tokio::task::JoinHandle;

    use super::*;

    /// Gives the only thread work that ends at a word.
    async fn occupy(workers: &Arc<Workers>) -> (JoinHandle<Result<(), Unhashed>>, Sender<()>) {
        let (go, wait) = channel();
        let (begun, begins) = oneshot::channel();
        let busy = Arc::clone(workers);
        let work = tokio::spawn(async move {
            busy.run(move |_| {
                begun.send(()).unwrap();
                wait.recv().unwrap();
            })
            .await
        });
        begins.await.unwrap();
        (work, go)
    }

    #[tokio::test]
    async fn who_comes_to_a_full_queue_is_turned_away_at_once() {
        let workers = Arc::new(Workers::start(1).unwrap());
        let (first, go) = occupy(&workers).await;
        let queued: Vec<_> = (0..QUEUE)
            .map(|number| {
                let workers = Arc::clone(&workers);
                tokio::spawn(async move { workers.run(move |_| number).await })
            })
            .collect();
        while workers.waiting.now() < QUEUE {
            tokio::task::yield_now().await;
        }
        assert!(matches!(workers.run(|_| ()).await, Err(Unhashed::Busy)));
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for (number, queued) in queued.into_iter().enumerate() {
            assert_eq!(queued.await.unwrap().unwrap(), number);
        }
        assert_eq!((workers.waiting.now(), workers.running.now()), (0, 0));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done() {
        let workers = Arc::new(Workers::start(1).unwrap());
        let (first, go) = occupy(&workers).await;
        let (tell, told) = channel::<()>();
        // It is put into the queue, and then given up.
        let left = tokio::time::timeout(std::time::Duration::ZERO, workers.run(move |_| tell.send(()).unwrap()));
        assert!(left.await.is_err());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        workers.run(|_| ()).await.unwrap();
        assert!(told.try_recv().is_err());
    }
}
