package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"minirelay/locale"
)

// printf writes to stdout in the user's language. Output for programs does not use it.
func (e *env) printf(format string, args ...any) error {
	_, err := fmt.Fprint(e.stdout, e.lang.Sprintf(format, args...))
	return err
}

// notef is printf for stderr.
func (e *env) notef(format string, args ...any) {
	fmt.Fprint(e.stderr, e.lang.Sprintf(format, args...))
}

// json returns an encoder for programs that write JSON to stdout, where a person may read it too.
func (e *env) json() *json.Encoder { return json.NewEncoder(locale.NewJSON(e.stdout)) }

// behind returns the writer behind the screen, for colours and other sequences of the program itself.
func behind(w io.Writer) io.Writer {
	if s, ok := w.(*locale.Screen); ok {
		return s.Unwrap()
	}
	return w
}

// colon is between a question and its answer, or a subject and a remark about it.
func colon(lang locale.Language) string {
	if lang == locale.Chinese {
		return "："
	}
	return ": "
}

// langFlag adds -lang to flags.
func langFlag(flags *flag.FlagSet, env *env) {
	flags.Func("lang", "zh or en: the language of texts for people; if left out, that of LC_ALL, LC_MESSAGES or LANG", func(name string) error {
		l, ok := locale.Parse(name)
		if !ok {
			return errors.New("use zh or en")
		}
		env.lang = l
		return nil
	})
}

// givenLanguage looks for -lang among args, so that it applies at any position, and also to errors before it.
func givenLanguage(args []string) (locale.Language, bool) {
	for i, a := range args {
		name, value, whole := strings.Cut(strings.TrimPrefix(a, "-"), "=")
		if name != "-lang" && a != "-lang" && !strings.HasPrefix(a, "-lang=") {
			continue
		}
		if !whole && i+1 < len(args) {
			value = args[i+1]
		}
		if l, ok := locale.Parse(value); ok {
			return l, true
		}
	}
	return locale.English, false
}

// withoutLanguage removes -lang in front of the subcommand. An invalid one stays, and is rejected later.
func withoutLanguage(args []string) []string {
	for len(args) > 0 {
		name, _, whole := strings.Cut(strings.TrimPrefix(args[0], "-"), "=")
		name = strings.TrimPrefix(name, "-")
		if _, ok := givenLanguage(args[:min(2, len(args))]); name != "lang" || !strings.HasPrefix(args[0], "-") || !ok {
			break
		}
		if args = args[1:]; !whole && len(args) > 0 {
			args = args[1:]
		}
	}
	return args
}

// count formats a number of things, in the singular or the plural.
func count(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(several, n)
}
