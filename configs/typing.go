package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lookalikes are characters of Chinese input methods for those of TOML, beyond the full-width forms. A colon is meant for =.
var lookalikes = map[rune]rune{'、': ',', '。': '.', '【': '[', '】': ']', '〔': '[', '〕': ']', '「': '"', '」': '"', '『': '"', '』': '"', '：': '='}

const typeAgain = "switch the input method to English, with half-width characters, and type it again"

// lookalike returns what r was probably meant to be, and why it is not that; false if r cannot be mistaken for anything.
func lookalike(r rune) (what, try string, ok bool) {
	const fullWidth, ascii = '！', '!' // U+FF01 to U+FF5E are in the order of ASCII
	switch {
	case strings.ContainsRune("“”„‘’「」『』＂＇", r):
		return "TOML does not use these quotes", "use the straight ones, for example \"text\"; word processors and Chinese keyboards make others", true
	case r == '　':
		return "this is a full-width space, not a space", typeAgain, true
	case r == '\u00a0' || r == '\u202f' || r != ' ' && unicode.Is(unicode.Zs, r):
		return "this is a no-break space, not a space", "delete it and type a space; web pages and word processors make such ones", true
	case unicode.Is(unicode.Cf, r):
		return fmt.Sprintf("there is an invisible character here, %U", r), "delete it, or type the line again", true
	case lookalikes[r] != 0:
		return fmt.Sprintf("this is %q, not %q", string(r), string(lookalikes[r])), typeAgain, true
	case r >= fullWidth && r <= '～':
		return fmt.Sprintf("this is %q, not %q", string(r), string(r-fullWidth+ascii)), typeAgain, true
	}
	return "", "", false
}

// mistaken finds the first character of a line that looks like one of TOML and is not, outside texts and comments.
func mistaken(s *source, start, end int) (at place, what, try string, ok bool) {
	quote := rune(0)
	for i, r := range string(s.text[start:end]) {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#':
			return place{}, "", "", false
		default:
			if what, try, ok = lookalike(r); ok {
				return place{s, start + i, utf8.RuneLen(r)}, what, try, true
			}
		}
	}
	return place{}, "", "", false
}

// technical are the keys whose texts are read by programs only, so that full-width characters in them are slips.
var technical = []string{"codec", "parity", "path", "usb", "port", "profile", "register", "format", "listen", "mqtt", "ws", "url", "role", "mode", "type"}

// halfWidth reports whether a text for programs has no full-width characters, and adds a fault if it does.
func (w *walker) halfWidth(n *node) bool {
	text := n.value.(string)
	if !slices.Contains(technical, n.name) {
		return true
	}
	for _, r := range text {
		if r < '！' || r > '～' {
			continue
		}
		what, try, _ := lookalike(r)
		if r == '：' {
			what = fmt.Sprintf("this is %q, not %q", "：", ":") // within a text no = is meant
		}
		w.fault(n.at.within(string(r)), n.name+": "+what, try)
		return false
	}
	return true
}

// foreignName finds a name in letters other than ASCII that begins at a place: an id or a key.
func foreignName(s *source, at, end int) string {
	word := string(s.text[at:end])
	if i := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' }); i >= 0 {
		word = word[:i]
	}
	if first, _ := utf8.DecodeRuneInString(word); first < utf8.RuneSelf || !unicode.IsLetter(first) {
		return ""
	}
	return word
}

var (
	assigned = regexp.MustCompile(`=[ \t]*([^\s,;#\]}"']+(?:,\d+)?)`)
	fraction = regexp.MustCompile(`^([+-]?\d+)/(\d+)$`)
	decimal  = regexp.MustCompile(`^([+-]?)(\d*)[.,](\d*)$`)
	bareWord = regexp.MustCompile(`^[A-Za-z/][\w./:@-]*$`)
)

// truths are other words for true and false.
var truths = map[string]bool{"true": true, "yes": true, "on": true, "false": false, "no": false, "off": false}

// valueHint returns how the value in a line is written in TOML; "" if that cannot be told.
func valueHint(line string) string {
	m := assigned.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	word := m[1]
	if truth, ok := truths[strings.ToLower(word)]; ok {
		return fmt.Sprintf("write %v, in small letters", truth)
	}
	if m := fraction.FindStringSubmatch(word); m != nil {
		above, _ := strconv.ParseFloat(m[1], 64)
		below, _ := strconv.ParseFloat(m[2], 64)
		if below == 0 {
			return ""
		}
		return "write " + strconv.FormatFloat(above/below, 'g', 6, 64)
	}
	if m := decimal.FindStringSubmatch(word); m != nil && m[2]+m[3] != "" {
		whole, part := m[2], m[3]
		if whole == "" {
			whole = "0"
		}
		if part == "" {
			part = "0"
		}
		number := m[1] + whole + "." + part
		return "write " + number
	}
	if bareWord.MatchString(word) {
		return fmt.Sprintf("put it in quotes: %q", word)
	}
	return ""
}

// otherNames are names that other systems have for the words of a key.
var otherNames = map[string][]string{
	"number": {"int", "integer", "float", "double", "real", "decimal", "numeric", "数字"},
	"text":   {"string", "str", "char", "varchar", "文本"},
	"bool":   {"boolean", "switch", "binary", "onoff", "开关"},
	"enum":   {"select", "list", "option", "options", "枚举"},
	"none":   {"button", "trigger", "action", "n", "no", "8n1", "无"},
	"even":   {"e", "8e1", "偶校验"},
	"odd":    {"o", "8o1", "奇校验"},
	"admin":  {"administrator", "root", "管理员"},
	"viewer": {"guest", "readonly", "read-only", "只读"},
}

// meantBy returns the word of a key that was meant by another one, also by its spelling.
func meantBy(word string, words []string) (string, bool) {
	for _, w := range words {
		if slices.Contains(otherNames[w], strings.ToLower(word)) {
			return w, true
		}
	}
	return Nearest(word, words)
}

// usualBauds are the speeds of serial lines.
var usualBauds = []int{110, 150, 300, 600, 1200, 1800, 2400, 4800, 9600, 14400, 19200, 28800, 31250, 38400, 56000, 57600, 74880, 76800, 100000,
	115200, 128000, 153600, 230400, 250000, 256000, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000}

// nearestBaud is the usual speed that is written most like another one.
func nearestBaud(baud int) (int, bool) {
	var words []string
	for _, b := range usualBauds {
		words = append(words, strconv.Itoa(b))
	}
	for _, w := range []string{"9600", "115200", "19200", "38400", "57600", "4800", "2400"} { // the most usual ones
		if distance(strconv.Itoa(baud), w) == 1 {
			b, err := strconv.Atoi(w)
			return b, err == nil
		}
	}
	if w, ok := Nearest(strconv.Itoa(baud), words); ok {
		b, err := strconv.Atoi(w)
		return b, err == nil
	}
	return 0, false
}
