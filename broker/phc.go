package broker

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The parameters of HashPassword: the least memory that OWASP's Password Storage Cheat Sheet accepts for argon2id
// (m=7168 KiB, t=5, p=1), since the box may be a Pi Zero with 512 MB.
const (
	hashMemory = 7168 // KiB
	hashPasses = 5
	hashSalt   = 16 // bytes
	hashLength = 32 // bytes
)

// Bounds for hashes made by other tools. One login must leave a small box its memory and its processor: at most the
// second choice of RFC 9106 (m=65536, t=3, p=4) with one more pass, about seven times the work of our own hashes.
const (
	maxMemory  = 64 << 10 // KiB
	maxPasses  = 64
	maxThreads = 8
	maxWork    = 4 * maxMemory // memory by passes
)

// phc is an argon2id hash in the PHC string format:
// $argon2id$v=19$m=7168,t=5,p=1$salt$hash, base64 without padding.
type phc struct {
	memory, passes uint32
	threads        uint8
	salt, hash     []byte
}

// HashPassword makes the argon2id hash of a password, in the PHC string format, for password_hash in the config.
func HashPassword(password string) (string, error) {
	if password == "" {
		return "", hint(errors.New("an empty password cannot be hashed"), "enter a password")
	}
	p, err := usualWork(false)
	if err != nil {
		return "", err
	}
	p.hash = p.of(password)
	return p.String(), nil
}

// usualWork returns a hash that no password has, of the cost of HashPassword; cheap: of next to none.
func usualWork(cheap bool) (phc, error) {
	p := phc{memory: hashMemory, passes: hashPasses, threads: 1, salt: make([]byte, hashSalt), hash: make([]byte, hashLength)}
	if cheap {
		p.memory, p.passes = 8, 1
	}
	_, err := rand.Read(p.salt)
	return p, err
}

// work is what it takes to compute a hash, in KiB by passes.
func (p phc) work() float64 { return float64(p.memory) * float64(p.passes) }

// HashCost returns the memory in KiB that a login with a valid hash takes, and its work as a multiple of that of
// [HashPassword].
func HashCost(text string) (memory uint32, work float64) {
	p, err := parsePHC(text)
	if err != nil {
		return 0, 0
	}
	return p.memory, p.work() / (hashMemory * hashPasses)
}

// IsPassword reports whether hash is one of password.
func IsPassword(hash, password string) bool {
	p, err := parsePHC(hash)
	return err == nil && p.verify(password)
}

// CheckHash returns an error if text is not a valid password_hash.
func CheckHash(text string) error {
	_, err := parsePHC(text)
	return err
}

func (p phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads,
		enc.EncodeToString(p.salt), enc.EncodeToString(p.hash))
}

// of hashes password with the parameters of p. It takes p.memory and a good part of a second on a small box.
func (p phc) of(password string) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.threads, uint32(len(p.hash)))
}

func (p phc) verify(password string) bool {
	return subtle.ConstantTimeCompare(p.of(password), p.hash) == 1
}

func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || strings.ContainsAny(text, "\r\n") { // base64 skips those
		return phc{}, hint(errors.New("not an argon2id hash ($argon2id$v=19$…)"), "make one with minirelay user hash")
	}
	if parts[2] != "v=19" {
		return phc{}, hint(fmt.Errorf("unknown argon2 version %q; only v=19 is supported", parts[2]), "make the hash with minirelay user hash")
	}
	var p phc
	if err := p.parseCost(parts[3]); err != nil {
		return phc{}, err
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return phc{}, hint(errors.New("the salt of the hash is damaged"), "copy the hash again, to its end")
	}
	if p.hash, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(p.hash) < 16 || len(p.hash) > 64 {
		return phc{}, hint(errors.New("the end of the hash is damaged"), "copy the hash again, to its end")
	}
	return p, nil
}

func (p *phc) parseCost(text string) error {
	var threads uint32
	if n, err := fmt.Sscanf(text, "m=%d,t=%d,p=%d", &p.memory, &p.passes, &threads); err != nil || n != 3 ||
		text != fmt.Sprintf("m=%d,t=%d,p=%d", p.memory, p.passes, threads) {
		return hint(fmt.Errorf("the cost %q of the hash is damaged", text), "it looks like m=7168,t=5,p=1")
	}
	if threads < 1 || threads > maxThreads || p.passes < 1 || p.passes > maxPasses ||
		p.memory < 8*threads || p.memory > maxMemory || p.work() > maxWork {
		return hint(fmt.Errorf("a login with the cost %s of the hash would take too much of this machine", text),
			"make the hash with minirelay user hash: it takes 7 MiB (m=7168,t=5,p=1)")
	}
	p.threads = uint8(threads)
	return nil
}
