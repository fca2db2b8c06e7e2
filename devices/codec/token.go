package codec

type tokenKind uint8

const (
	TokenNull tokenKind = iota
	TokenTrue
	TokenFalse
	TokenNumber // also what C and Arduino print for floats that are none: nan, inf, ovf
	TokenString
	TokenObject // skipped as a whole
	TokenArray
)

// Token is one JSON value.
type Token struct {
	Kind   tokenKind
	Text   []byte  // as written; of a string its contents, of objects and arrays nothing. Valid until the next token.
	Number float64 // NaN or an infinity if it is none that can be used
}

// ExactPowers are the powers of ten that a float64 holds exactly.
var ExactPowers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}
