//! Tables of a file that change single keys of another one's.

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use toml::Spanned;

/// What a key is changed to.
#[derive(Clone)]
pub enum Change<T> {
    /// Another value.
    To(T),
    /// None: written as `false`.
    Out,
}

/// A text with its place in the file.
pub type Text = Spanned<String>;

/// Changes by their keys.
pub type Changes<T> = IndexMap<Text, Spanned<Change<T>>>;

impl<T> Change<T> {
    /// The value that it is changed to.
    pub fn to(&self) -> Option<&T> {
        match self {
            Self::To(value) => Some(value),
            Self::Out => None,
        }
    }

    /// The same.
    pub fn into(self) -> Option<T> {
        match self {
            Self::To(value) => Some(value),
            Self::Out => None,
        }
    }
}

/// A table with the changes of another one: what both have becomes what `both` makes of them, in its old place.
pub fn merge<T>(mut all: Changes<T>, own: Changes<T>, both: impl Fn(T, T) -> T) -> Changes<T> {
    for (key, change) in own {
        let span = change.span();
        let (at, old) = all.insert_full(key, Spanned::new(0..0, Change::Out));
        let change = match (old.map(Spanned::into_inner), change.into_inner()) {
            (Some(Change::To(old)), Change::To(own)) => Change::To(both(old, own)),
            (_, change) => change,
        };
        all[at] = Spanned::new(span, change);
    }
    all.retain(|_, change| change.get_ref().to().is_some());
    all
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Change<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or false to take out the one that is built in")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                if value {
                    return T::deserialize(value.into_deserializer()).map(Change::To);
                }
                Ok(Change::Out)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(Change::To)
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(Change::To)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Change::To)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}
