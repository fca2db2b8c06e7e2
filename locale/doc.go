// Package locale speaks to people in their language. The English sentence is the key: the rest of the program writes
// English and does not know that there is another language.
//
//	locale.go    Language    whose language it is: a terminal's, a browser's
//	text.go      Text        a finished sentence, of an error or a fault
//	format.go    Sprintf     a sentence that is about to be made; a list, clauses
//	catalogue.go             the table: locale/zh.toml
//	width.go     Width       how wide text is on a terminal
//	line.go      Line        what a terminal must not get to see
//
// A line of the table is a pattern: the English sentence as its format string has it, with {} in the place of each
// verb, and the Chinese one with as many {}, or {1}, {2} in another order. A hole whose value is a list is written {、} or
// {2、}: English separates the items by commas, Chinese by 、. An error that wraps another one needs no line for both: the
// parts of a sentence, at "; " and ": ", are translated one by one.
//
// # Promises
//
// A sentence that the table does not have stays English: nothing fails, and nothing is lost. What is in double quotes
// stays as it is. The tests find every sentence in the sources that reaches a person and fail if the table lacks it.
//
// Deliberately absent: languages of log lines, metrics and JSON for programs, which are searched and parsed.
package locale

//go:generate go test -run TestComplete|TestPhoneTable -update .
