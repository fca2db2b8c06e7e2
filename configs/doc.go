// Package configs reads minirelay.toml. Most callers need [Load], which returns a [Config] or all its faults, and
// [Schema], for the completion and the checks of editors.
//
// The processing of a file, with one step in each source file:
//
//	source.go    readSources     bytes of one file, or of each *.toml of a directory
//	text.go      Read            the same, kept to be checked later, and whether it looks cut off
//	tree.go      parseSource     a tree of tables and values with their places
//	syntax.go    syntaxFault     syntax errors in plain words
//	shape.go     shapeOf         the keys and types of each table, from the structs of each package and their tags
//	walk.go      walker.table    keys, types and bounds, and the values put into the structs
//	check*.go    checker         faults that only a whole config can show: references, sense, safety
//	fault.go     Fault           a fault, its place, and a suggestion
//	schema.go    Schema          the shapes again, as JSON Schema
//	view.go      ViewOf          the file without its secrets, for screens
//	kept.go      Text.Keep       the same, for a later start with a file that is broken
//
// # Promises
//
// A config that is not fully understood is rejected: unknown keys, values out of bounds and dangling references are
// faults, and all of them are reported at once, over all files. The [Config] keeps the order of the file. Secrets never
// appear in a [Fault] or a [View]. Only the files themselves, and those that contain secrets, are opened; no hardware is
// touched.
//
// Deliberately absent: writing. The files, with their comments, belong to the user.
package configs

//go:generate go test -run "TestSchemaFile|TestProfilesInTheDocs|TestReferenceInTheDocs" -update
