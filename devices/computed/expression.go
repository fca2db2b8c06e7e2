package computed

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"minirelay/devices/mapping"
	"minirelay/relay"
)

// maxExpression is the longest expression in bytes. Its length bounds its time: it has no loops, no lists other than
// constant ones, and no variables, by which a text could double itself.
const maxExpression = 500

// builtins are the functions of the library that expressions may call. It has no mathematical functions: see calculator.
var builtins = []string{"abs", "ceil", "floor", "round", "min", "max", "int", "float", "len", "lower", "upper", "trim",
	"bitand", "bitor", "bitxor", "bitnot", "bitshl", "bitshr"}

// calculator lists the functions of one number; angles are in degrees.
func calculator() map[string]func(float64) float64 {
	const degree = math.Pi / 180
	return map[string]func(float64) float64{
		"sqrt": math.Sqrt, "exp": math.Exp, "ln": math.Log, "log10": math.Log10,
		"sin": func(x float64) float64 { return math.Sin(x * degree) }, "asin": func(x float64) float64 { return math.Asin(x) / degree },
		"cos": func(x float64) float64 { return math.Cos(x * degree) }, "acos": func(x float64) float64 { return math.Acos(x) / degree },
		"tan": func(x float64) float64 { return math.Tan(x * degree) }, "atan": func(x float64) float64 { return math.Atan(x) / degree },
	}
}

// compileExpression compiles the expression of a field. inputs are the IDs of the fields that it uses. what is a fault in
// the words of the config, "" if there is none, and try what to do about it.
func compileExpression(c mapping.DeviceConfig, f mapping.FieldConfig) (program *vm.Program, inputs []string, what, try string) {
	if len(f.Expr) > maxExpression {
		return nil, nil, fmt.Sprintf("it has %d characters; at most %d are allowed", len(f.Expr), maxExpression), "move a part of it to a field of its own"
	}
	tree, err := parser.Parse(f.Expr)
	if err != nil {
		what, try = expressionFault(c, f, err)
		return nil, nil, what, try
	}
	env := map[string]any{}
	for _, other := range c.Fields {
		env[other.ID] = map[relay.Type]any{relay.TypeNumber: 0.0, relay.TypeBool: false, relay.TypeEnum: "", relay.TypeText: ""}[other.Type]
	}
	look := &inspector{env: env}
	ast.Walk(&tree.Node, look)
	if look.refused != "" {
		return nil, nil, look.refused + " is not allowed in an expression", "use fields, numbers, texts, + - * / **, comparisons, and, or, not, a ? b : c, and the functions in docs/mappings.md"
	}
	options := []expr.Option{expr.Env(env), expr.DisableAllBuiltins()}
	switch f.Type {
	case relay.TypeNumber:
		options = append(options, expr.AsFloat64())
	case relay.TypeBool:
		options = append(options, expr.AsBool())
	default:
		options = append(options, expr.AsKind(reflect.String))
	}
	for _, name := range builtins {
		if _, field := env[name]; !field {
			options = append(options, expr.EnableBuiltin(name))
		}
	}
	for name, function := range calculator() {
		if _, field := env[name]; !field {
			options = append(options, expr.Function(name, func(x ...any) (any, error) { return function(x[0].(float64)), nil }, new(func(float64) float64)))
		}
	}
	options = append(options, expr.Function("mod", func(x ...any) (any, error) { return math.Mod(x[0].(float64), x[1].(float64)), nil }, new(func(a, b float64) float64)))
	if program, err = expr.Compile(f.Expr, options...); err != nil {
		what, try = expressionFault(c, f, err)
		return nil, nil, what, try
	}
	if len(look.inputs) == 0 {
		return nil, nil, "it uses no field: its value would never change", fieldNamesFor(c, f)
	}
	return program, look.inputs, "", ""
}

// expressionFault translates an error of the library for a person.
func expressionFault(c mapping.DeviceConfig, f mapping.FieldConfig, err error) (what, try string) {
	what = err.Error()
	var at *file.Error
	if errors.As(err, &at) {
		what = fmt.Sprintf("%s, at character %d", at.Message, at.Column+1)
	}
	for _, words := range [][2]string{{"float64", "number"}, {"interface {}", "anything"}, {"expected number, but got", "its value must be a number, not a"}, {"expected bool, but got", "its value must be true or false, not a"},
		{"expected string, but got", "its value must be a text, not a"}, {"string", "text"}, {"unexpected token EOF", "it ends too early"}} {
		what = strings.ReplaceAll(what, words[0], words[1])
	}
	if strings.HasPrefix(what, "unknown name") {
		return what, fieldNamesFor(c, f)
	}
	return what, "write it like voltage * current / 1000"
}

// fieldNamesFor lists the fields that an expression can use, for a person.
func fieldNamesFor(c mapping.DeviceConfig, self mapping.FieldConfig) string {
	var names, others []string
	for _, f := range c.Fields {
		switch {
		case f.ID == self.ID:
		case strings.ContainsRune(f.ID, '-') || f.ID[0] >= '0' && f.ID[0] <= '9':
			others = append(others, f.ID)
		default:
			names = append(names, f.ID)
		}
	}
	try := "the device has no other fields"
	if len(names) > 0 {
		try = "the fields are " + strings.Join(names, ", ")
	}
	if len(others) > 0 {
		try += "; an expression cannot use " + strings.Join(others, ", ") + ": choose an ID without - that begins with a letter"
	}
	return try
}

// inspector collects the fields that an expression uses, and finds what is not allowed in it.
type inspector struct {
	env     map[string]any
	inputs  []string
	refused string
}

// Visit implements [ast.Visitor].
func (i *inspector) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if _, ok := i.env[n.Value]; ok && !slices.Contains(i.inputs, n.Value) {
			i.inputs = append(i.inputs, n.Value)
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode, *ast.UnaryNode, *ast.ConditionalNode,
		*ast.BuiltinNode, *ast.CallNode:
	case *ast.BinaryNode:
		i.operator(n)
	case *ast.ArrayNode:
		for _, element := range n.Nodes {
			switch element.(type) {
			case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
			default:
				i.refuse("a list of anything but numbers and texts")
			}
		}
	case *ast.NilNode:
		i.refuse(`"nil"`)
	case *ast.VariableDeclaratorNode:
		i.refuse(`"let"`)
	case *ast.MemberNode, *ast.ChainNode, *ast.SliceNode:
		i.refuse("a part of a value")
	case *ast.PredicateNode, *ast.PointerNode:
		i.refuse("a loop")
	case *ast.SequenceNode:
		i.refuse(`";"`)
	default:
		i.refuse("a table")
	}
}

func (i *inspector) operator(n *ast.BinaryNode) {
	switch n.Operator {
	case "..", "??", "|":
		i.refuse(strconv.Quote(n.Operator))
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			i.refuse("matches without a text after it")
		}
	}
}

func (i *inspector) refuse(what string) {
	if i.refused == "" {
		i.refused = what
	}
}
