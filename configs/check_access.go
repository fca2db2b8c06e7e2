package configs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Bits of a file's mode that concern users other than the owner and the group.
const (
	othersRead   fs.FileMode = 0o004
	othersWrite  fs.FileMode = 0o002
	othersSearch fs.FileMode = 0o001
)

// othersMay reports whether other users of this machine have one of the rights to a file: every directory above it must
// let them pass. A file that does not exist, or that this user may not look at, gives them none.
func othersMay(path string, rights fs.FileMode) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	if real, err = filepath.Abs(real); err != nil {
		return false
	}
	info, err := os.Stat(real)
	if err != nil || info.Mode().Perm()&rights == 0 {
		return false
	}
	for real != filepath.Dir(real) {
		real = filepath.Dir(real)
		if info, err = os.Stat(real); err != nil || info.Mode().Perm()&othersSearch == 0 {
			return false
		}
	}
	return true
}

// checkAccess warns about files with secrets that other users of this machine may read.
func (k *checker) checkAccess(sources []*source) {
	for _, s := range sources {
		secret := slices.ContainsFunc(s.secrets(), func(p span) bool { return p.by != "" })
		if secret && othersMay(s.name, othersRead) {
			k.warnings = append(k.warnings, Fault{File: s.name, What: "every user of this machine may read this file, and it contains secrets",
				Try: "chmod o-rwx " + s.name, Exposed: true})
		}
	}
	if dir := k.doc.Gateway.DataDir; k.sound("gateway", "data_dir") {
		at := k.at("gateway", "data_dir")
		switch {
		case othersMay(dir, othersWrite):
			k.exposed(at, fmt.Sprintf("every user of this machine may write into %s", dir), "chmod o-rwx "+dir+", or name a directory of the gateway's own")
		case othersMay(dir, othersRead):
			k.exposed(at, fmt.Sprintf("every user of this machine may look into %s", dir), "chmod o-rwx "+dir)
		}
	}
}

// checkSecretFile warns if other users may read a file with a secret: a password, a token, a private key.
func (r *report) checkSecretFile(at place, path string) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && othersMay(path, othersRead) {
		r.exposed(at, fmt.Sprintf("every user of this machine may read %s", path), "chmod o-rwx "+path)
	}
}

// minPassword is the least length of a password, in characters.
const minPassword = 8

// common are passwords that are tried first, beyond those that are too short.
var common = []string{"password", "passw0rd", "12345678", "123456789", "1234567890", "87654321", "88888888", "11111111", "00000000",
	"raspberry", "minirelay", "password1", "password123", "admin123", "administrator", "qwertyui", "qwertyuiop", "iloveyou", "abcd1234", "1qaz2wsx", "a1234567", "woaini520"}

// commonStems are what is common with digits or marks around it.
var commonStems = []string{"admin", "root", "user", "qwerty", "pass", "test", "love", "home", "welcome", "abc", "aa", "woaini", "raspberrypi"}

// WeakPassword reports whether a stranger would soon guess the password of a user.
func WeakPassword(password, user string) bool {
	lower := strings.ToLower(password)
	// People who are asked for more add a year or a mark: Password2024! And digits alone are a date or a number to call.
	stem := strings.TrimFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) })
	one, _ := utf8.DecodeRuneInString(password)
	return utf8.RuneCountInString(password) < minPassword || slices.Contains(common, lower) || slices.Contains(common, stem) ||
		slices.Contains(commonStems, stem) || len(stem) == 0 && utf8.RuneCountInString(password) < 2*minPassword || lower == strings.ToLower(user) ||
		strings.Trim(password, string(one)) == ""
}

// sampleHashes are the password hashes that stand in the samples, and so in the documentation.
var sampleHashes = sync.OnceValue(func() []string {
	var all []string
	for _, s := range Samples() {
		all = append(all, regexp.MustCompile(`\$argon2id\$[^"\s]+`).FindAllString(string(s.Text), -1)...)
	}
	return all
})
