package codec

// TokenKind is the type of a [Token].
type TokenKind uint8

// The kinds of tokens are those of JSON.
const (
	TokenNull TokenKind = iota
	TokenTrue
	TokenFalse
	TokenNumber // also the words that C and Arduino print for floats that are not numbers: nan, inf, ovf
	TokenString
	TokenObject // its contents are skipped
	TokenArray
)

// Token is one value as it was received: a JSON value, or what [WireField.Token] or [ByteValue.Token] make of another
// form.
type Token struct {
	Kind   TokenKind
	Text   []byte  // as received; of a string its contents, of objects and arrays nothing; valid until the next token
	Number float64 // NaN or infinite if it cannot be used
}

// ExactPowers are the powers of ten that a float64 holds exactly. A quotient or product of one of them and an integer
// of up to 15 digits is correctly rounded (W. Clinger, "How to Read Floating Point Numbers Accurately", 1990).
var ExactPowers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
