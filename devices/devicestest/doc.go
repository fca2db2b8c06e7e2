// Package devicestest builds devices, fields and frames for tests.
//
// Most tests need two functions: [Device] makes a mapping from its fields, and [Field] makes a field from what differs
// from the default. The boards are real ones, and the frames follow the specifications, not the code that they test.
//
// It fails by panicking: it is for tests only.
package devicestest
