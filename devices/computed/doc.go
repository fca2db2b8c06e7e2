// Package computed is the fields of a device that are computed from other fields, for example voltage * current / 1000.
//
// Most callers need two functions: [New] compiles the computed fields of a device, and [Computation.Derive] sets their
// values. [Check] reports everything in a mapping that cannot work, and New expects a mapping in which it has found
// nothing.
//
// # Promises
//
// A computed field is null while one of the fields it uses is, and if its result is not a plausible value. Nothing is
// computed again unless one of those fields has changed. The time for an expression is bounded by its length. A
// Computation serves one goroutine.
//
// # Deliberately absent
//
// Expressions have no state, no time, no loops, and no access to other devices.
package computed
