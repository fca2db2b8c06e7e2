// Package mapping is the part of a config that describes devices: what a person has written, before anything is opened.
//
// Most callers need two functions: [DefaultDevice] is the [DeviceConfig] that a table of the config starts from, and
// [Checker.Add] records a [Problem] with it. The checks themselves are in the packages that carry a mapping out.
//
// The struct tags are the documentation of the config: doc is the sentence in the reference, codecs the codecs that have
// the key, min, max and oneof its values. After a change run go generate ./configs.
//
// # Promises
//
// A config is plain data: nothing here keeps state, touches hardware or fails. Units are those of the doc tags; times are
// a [time.Duration]. A slice or map that a config shares with another is never changed.
//
// # Deliberately absent
//
// There is no decoding of TOML, which package configs does, and no compiled form of a mapping.
package mapping
