package codec_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"minirelay/devices/capture"
	"minirelay/devices/codec/text"
	. "minirelay/devices/devicestest"
	"minirelay/devices/mapping"
	"minirelay/devices/wire"
	"minirelay/relay"
)

// Recorded lines give the same readings, however their bytes arrive.
func TestLetters(t *testing.T) {
	shed := Device(Field("temperature", relay.TypeNumber, Key("T")), Field("humidity", relay.TypeNumber, Key("H"), Plausible(0, 100)))
	file, err := os.Open("testdata/letters.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, recording, err := capture.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	var recorded []byte
	for _, r := range recording {
		recorded = append(recorded, r.Data...)
	}
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"one by one": iotest.OneByteReader, "by halves": iotest.HalfReader, "with the end": iotest.DataErrReader,
	} {
		tap, got := new(wire.Tap), ""
		stream, lines := newLetters(shed, tap), text.NewLineFramer(reader(bytes.NewReader(recorded)), tap)
		for frame, err := lines.Next(100); err == nil; frame, err = lines.Next(100) {
			readings, _ := stream.Decode(frame.Bytes)
			for _, r := range readings {
				got += fmt.Sprintf("%s=%v ", shed.Fields[r.Field].ID, r.Value)
			}
		}
		want := "temperature=21.5 humidity=40 temperature=21.6 humidity=41 temperature=21.7 humidity=null "
		if got != want || tap.Counts().Implausible != 1 {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A key that is no letter, and one that another field has, are problems.
func TestCheckLetters(t *testing.T) {
	k := &mapping.Checker{Device: Device(Field("temperature", relay.TypeNumber), Field("inside", relay.TypeNumber, Key("T")), Field("outside", relay.TypeNumber, Key("T")))}
	checkLetters(k)
	var got string
	for _, p := range k.Problems {
		got += p.Err().Error() + "\n"
	}
	want := `field "temperature": key: "temperature" is not a capital letter` + "\n" + `field "outside": key: another field has "T" too` + "\n"
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// docs/codec.md shows this codec and this test, to the letter.
func TestDocs(t *testing.T) {
	var code string
	for _, file := range []string{"example_test.go", "letters_test.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code += string(b)
	}
	for _, page := range []string{"../../docs/codec.md", "../../docs/codec.zh-CN.md"} {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(string(b), "```go\n")
		for _, part := range parts[1:] {
			block, _, _ := strings.Cut(part, "```")
			if strings.Contains(block, "kinds()") {
				continue // TestKindInTheDocs reads it
			}
			if !strings.Contains(code, block) {
				t.Errorf("%s shows other code than example_test.go and letters_test.go:\n%s", page, block)
			}
		}
		if len(parts) < 4 {
			t.Errorf("%s shows %d pieces of code", page, len(parts)-1)
		}
	}
}

var kindRow = regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|")

// The line that docs/codec.md adds to kinds() and the table below it name the fields of kind in devices/kinds.go.
func TestKindInTheDocs(t *testing.T) {
	fields := kindFields(t)
	for _, page := range []string{"../../docs/codec.md", "../../docs/codec.zh-CN.md"} {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, ok := strings.Cut(string(b), "```go\n// in kinds()")
		block, rest, closed := strings.Cut(rest, "```")
		if !ok || !closed {
			t.Fatalf("%s shows no line of kinds()", page)
		}
		line, err := parser.ParseExpr("[]kind{ //" + block + "}")
		if err != nil {
			t.Fatalf("%s: %v in\n%s", page, err, block)
		}
		ast.Inspect(line, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok && !slices.Contains(fields, kv.Key.(*ast.Ident).Name) {
				t.Errorf("%s: kind has no field %s", page, kv.Key)
			}
			return true
		})
		table, _, _ := strings.Cut(rest, "\n## ")
		rows := []string{"name"}
		for _, m := range kindRow.FindAllStringSubmatch(table, -1) {
			rows = append(rows, m[1])
		}
		slices.Sort(rows)
		if !slices.Equal(rows, fields) {
			t.Errorf("%s: the table explains %v, and the fields of kind are %v", page, rows, fields)
		}
	}
}

// kindFields lists the fields of kind in devices/kinds.go, sorted.
func kindFields(t *testing.T) (names []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "../kinds.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if kind, ok := n.(*ast.TypeSpec); ok && kind.Name.Name == "kind" {
			for _, f := range kind.Type.(*ast.StructType).Fields.List {
				for _, name := range f.Names {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	slices.Sort(names)
	return names
}
