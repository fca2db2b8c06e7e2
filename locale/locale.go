package locale

import (
	"cmp"
	"strconv"
	"strings"
)

// Language is one in which people are spoken to.
type Language int

const (
	English Language = iota
	Chinese
)

// Parse gives the language of a short name: en or zh.
func Parse(name string) (Language, bool) {
	switch name {
	case "en":
		return English, true
	case "zh":
		return Chinese, true
	}
	return English, false
}

// String is the short name.
func (l Language) String() string {
	if l == Chinese {
		return "zh"
	}
	return "en"
}

// FromEnvironment gives the language of a terminal's user: LC_ALL overrides LC_MESSAGES, which overrides LANG. Chinese
// needs a terminal that shows UTF-8; all other locales get English.
func FromEnvironment(getenv func(string) string) Language {
	name := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	name, charset, named := strings.Cut(strings.ToLower(name), ".")
	charset, _, _ = strings.Cut(charset, "@")
	if named && charset != "utf-8" && charset != "utf8" {
		return English
	}
	if strings.HasPrefix(name, "zh") {
		return Chinese
	}
	return English
}

// FromHeader gives the language that an Accept-Language header likes most (RFC 9110, 12.5.4). At equal weights the
// first one is meant.
func FromHeader(header string) Language {
	best, most := English, 0.0
	for tag := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			var err error
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		name, _, _ = strings.Cut(strings.TrimSpace(name), "-")
		if l, ok := Parse(name); ok && weight > most {
			best, most = l, weight
		}
	}
	return best
}
