//! Values of settings, as they come from outside and go there.

use std::fmt;

use crate::{
    project::Visibility,
    token::{BadPrefix, Prefix},
};

/// A value that no setting has claimed yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// No value.
    Nothing,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Several words.
    Words(Vec<String>),
}

/// Which values fit a setting.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Yes or no.
    Boolean,
    /// A whole number between these, both included.
    Number {
        /// The smallest.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// The same, or none.
    MaybeNumber {
        /// The smallest.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// What tokens can start with ([`Prefix`]).
    Prefix,
    /// A text.
    Text {
        /// Characters that it may have.
        longest: usize,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these words.
    Words(&'static [&'static str]),
}

/// Why a value does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// There is no such setting.
    Unknown,
    /// It is of another type.
    Type,
    /// The number is smaller than this.
    TooSmall(i64),
    /// The number is greater than this.
    TooLarge(i64),
    /// The text has more characters than this.
    TooLong(usize),
    /// No token can start with it.
    Prefix(BadPrefix),
    /// It is none of the words.
    NotListed,
}

/// In the words of Rails' validations, as GitLab answers them.
impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("is no setting"),
            Self::Type => f.write_str("is invalid"),
            Self::TooSmall(least) => write!(f, "must be greater than or equal to {least}"),
            Self::TooLarge(most) => write!(f, "must be less than or equal to {most}"),
            Self::TooLong(longest) => write!(f, "is too long (maximum is {longest} characters)"),
            Self::Prefix(bad) => bad.fmt(f),
            Self::NotListed => f.write_str("is not included in the list"),
        }
    }
}

impl Kind {
    /// Whether the value fits.
    pub fn check(self, value: &Value) -> Result<(), Unfit> {
        match (self, value) {
            (Self::Number { least, most } | Self::MaybeNumber { least, most }, Value::Number(number)) => {
                match *number {
                    small if small < least => Err(Unfit::TooSmall(least)),
                    large if large > most => Err(Unfit::TooLarge(most)),
                    _ => Ok(()),
                }
            }
            (Self::Text { longest }, Value::Text(text)) if text.chars().count() > longest => {
                Err(Unfit::TooLong(longest))
            }
            (Self::Prefix, Value::Text(text)) => Prefix::parse(text).map(drop).map_err(Unfit::Prefix),
            (Self::Boolean, Value::Boolean(_))
            | (Self::MaybeNumber { .. }, Value::Nothing)
            | (Self::Text { .. }, Value::Text(_)) => Ok(()),
            (Self::Word(known), Value::Text(word)) => listed(known, word),
            (Self::Words(known), Value::Words(words)) => words.iter().try_for_each(|word| listed(known, word)),
            _ => Err(Unfit::Type),
        }
    }
}

fn listed(known: &[&str], word: &str) -> Result<(), Unfit> {
    if known.contains(&word) { Ok(()) } else { Err(Unfit::NotListed) }
}

/// What a setting's field can be.
pub trait Held: Sized {
    /// As it goes outside.
    fn to_value(&self) -> Value;
    /// As it comes from there; none if it is of another type.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! held {
    ($($type:ty: $variant:ident;)*) => { $(
        impl Held for $type {
            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }

            fn from_value(value: Value) -> Option<Self> {
                if let Value::$variant(held) = value { Some(held) } else { None }
            }
        }
    )* };
}
held! { bool: Boolean; i64: Number; String: Text; Vec<String>: Words; }

impl Held for Option<i64> {
    fn to_value(&self) -> Value {
        self.map_or(Value::Nothing, Value::Number)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Nothing => Some(None),
            other => i64::from_value(other).map(Some),
        }
    }
}

impl Held for Visibility {
    fn to_value(&self) -> Value {
        Value::Text(self.name().to_owned())
    }

    fn from_value(value: Value) -> Option<Self> {
        Self::named(&String::from_value(value)?)
    }
}
