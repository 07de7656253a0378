//! Starts programs that must not outlive the tests, however these end.
//!
//! `setpriv --pdeathsig` has the kernel send a signal to the program when the thread that started it is gone. So there is
//! one thread that starts all of them and stays for as long as the process of the tests.

use std::{
    process::{Child, Command},
    sync::{
        LazyLock,
        mpsc::{Sender, channel},
    },
    thread,
};

type Order = (Command, Sender<std::io::Result<Child>>);

static NURSERY: LazyLock<Sender<Order>> = LazyLock::new(|| {
    let (sender, orders) = channel::<Order>();
    thread::spawn(move || {
        for (mut command, answer) in orders {
            answer.send(command.spawn()).unwrap();
        }
    });
    sender
});

/// A command that runs `program` under the nursery's care; add arguments and environment, then [`spawn`] it.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--", program]);
    command
}

/// Starts it. The process is the program's own: `setpriv` becomes it.
pub(crate) fn spawn(command: Command) -> Child {
    let (answer, born) = channel();
    NURSERY.send((command, answer)).unwrap();
    born.recv().unwrap().unwrap()
}
