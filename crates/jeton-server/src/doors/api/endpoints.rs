//! The door's part of the route table, together with the parameters that each endpoint takes. Both are read off the
//! handlers' arguments, so they cannot say something else than what the handlers do.

use axum::{Router, extract::State, handler::Handler, http::HeaderMap};

use super::{
    page::Links,
    params::{Declared, Given, Input},
    path::InPath,
};
use crate::{
    app::App,
    guard::{Grant, Guarded, Need, Route, Routes},
};

/// What a handler's argument tells about the request.
pub(crate) trait Argument {
    /// The parameters that it reads from the query or the body.
    fn parameters() -> Vec<Declared> {
        Vec::new()
    }
}

impl<I: Input> Argument for Given<I> {
    fn parameters() -> Vec<Declared> {
        I::declared()
    }
}

impl Argument for State<App> {}
impl Argument for InPath {}
impl Argument for Links {}
impl Argument for HeaderMap {}

/// All arguments of a handler after its grant.
pub(crate) trait Arguments {
    /// The parameters that they read.
    fn parameters() -> Vec<Declared>;
}

macro_rules! arguments {
    ($([$($argument:ident)*])*) => { $(
        impl<M, N: Need, $($argument: Argument),*> Arguments for (M, Grant<N>, $($argument,)*) {
            fn parameters() -> Vec<Declared> {
                [$($argument::parameters()),*].concat()
            }
        }
    )* };
}
arguments! { [A] [A B] [A B C] [A B C D] }

/// Endpoints and what each takes, in the order of the table.
#[derive(Default)]
pub(crate) struct Endpoints {
    routes: Routes,
    parameters: Vec<Vec<Declared>>,
}

macro_rules! methods {
    ($($name:ident)*) => { $(
        /// Adds an endpoint for this method.
        pub(crate) fn $name<H, T>(mut self, path: &'static str, summary: &'static str, handler: H) -> Self
        where
            H: Handler<T, App>,
            T: Guarded + Arguments + 'static,
        {
            self.routes = self.routes.$name(path, summary, handler);
            self.parameters.push(T::parameters());
            self
        }
    )* };
}

impl Endpoints {
    methods! { get post put patch delete }

    /// Adds the endpoints of another file.
    pub(crate) fn with(self, more: impl FnOnce(Self) -> Self) -> Self {
        more(self)
    }

    /// The rows of the table.
    pub(crate) fn routes(&self) -> &[Route] {
        self.routes.table()
    }

    /// Each row with the parameters that its endpoint takes.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Route, &[Declared])> {
        self.routes.table().iter().zip(self.parameters.iter().map(Vec::as_slice))
    }

    /// The router, to be wrapped in the door's own layers.
    pub(crate) fn into_router(self) -> Router<App> {
        self.routes.into_router()
    }
}
