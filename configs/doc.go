// Package configs reads minirelay.toml. Most callers need Load, which gives a Config or everything that is wrong
// with it, and Schema, with which editors complete and check the file.
//
// The way of a file, a step in each source file:
//
//	source.go    readSources     bytes of one file, or of each *.toml of a directory
//	tree.go      parseSource     a tree of tables and values that know where they stand
//	syntax.go    syntaxFault     what TOML does not allow, in words for people
//	shape.go     shapeOf         what may stand where, derived from the structs of each package and their tags
//	walk.go      walker.table    keys, types and bounds, and the values put into the structs
//	check*.go    checker         what only a whole config can show: references, sense, safety
//	fault.go     Fault           what is wrong, where, and what to try
//	schema.go    Schema          the shapes again, as JSON Schema
//	view.go      ViewOf          the file as a screen may show it, without its secrets
//
// # Promises
//
// A config that is not fully understood is refused: unknown keys, values out of bounds and references to nothing
// are faults, and all of them are told at once, over all files. Order is kept: what stands first in the file is first in
// the Config. Secrets never appear in a fault or a View. Nothing is opened but the files themselves and those that secrets
// are kept in; no hardware is touched.
//
// Deliberately absent: writing. People's files, with their comments, are theirs.
package configs

//go:generate go test -run "TestSchemaFile|TestProfilesInTheDocs|TestReferenceInTheDocs" -update
