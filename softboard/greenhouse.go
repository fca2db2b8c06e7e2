package softboard

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Greenhouse is a board with sensors, a fan, a pump and a mode. A day takes ten minutes, so that
// people in front of the demo see the sun rise.
//
//	{"t":21.53,"h":41.2,"soil":33.1,"light":812,"fan":0,"p":0,"mode":"manual"}
//	PUMP 1 #42       → OK #42
//	FAN 200 #43      → ERR #43 0 to 100
//	MODE auto #44    → OK #44
type Greenhouse struct {
	random *rand.Rand
	clock  time.Duration // since midnight of its short day

	temperature float64 // °C
	humidity    float64 // %
	soil        float64 // % of its capacity
	light       float64 // lux
	fan         float64 // %
	pump        bool
	auto        bool // the board itself runs the fan
}

// dayLength is the length of a day of the greenhouse.
const dayLength = 10 * time.Minute

// NewGreenhouse makes a greenhouse in the morning. The same seed gives the same noise.
func NewGreenhouse(seed uint64) *Greenhouse {
	return &Greenhouse{random: rand.New(rand.NewPCG(seed, 0)), clock: dayLength / 3,
		temperature: 21, humidity: 48, soil: 35}
}

// Step advances the physics: the sun warms, the air outside and the fan cool, water rises and dries.
func (g *Greenhouse) Step(dt time.Duration) []byte {
	g.clock = (g.clock + dt) % dayLength
	s := dt.Seconds()
	sun := math.Max(0, -math.Cos(2*math.Pi*g.clock.Seconds()/dayLength.Seconds()))
	outside := 12 + 8*sun
	g.light = 900*sun + 5 + 10*g.random.Float64()
	if g.auto {
		g.fan = math.Round(math.Min(100, math.Max(0, (g.temperature-22)*25)))
	}
	draught := 0.004 + 0.03*g.fan/100 // share of the air that is changed in a second
	g.temperature += s * (0.15*sun - draught*(g.temperature-outside))
	if g.pump {
		g.soil += s * 1.5 * (1 - g.soil/100)
	}
	g.soil -= s * 0.02 * (1 + g.fan/50) * g.soil / 50
	g.humidity += s * (0.05*(g.soil-30)/10 - draught*(g.humidity-40))
	g.soil = math.Min(100, math.Max(0, g.soil))
	g.humidity = math.Min(100, math.Max(5, g.humidity))
	return g.telemetry()
}

func (g *Greenhouse) telemetry() []byte {
	mode := "manual"
	if g.auto {
		mode = "auto"
	}
	noise := func(width float64) float64 { return width * (g.random.Float64() - 0.5) }
	return fmt.Appendf(nil, `{"t":%.2f,"h":%.1f,"soil":%.1f,"light":%.0f,"fan":%.0f,"p":%d,"mode":%q}`+"\n",
		g.temperature+noise(0.06), g.humidity+noise(0.4), g.soil+noise(0.2), g.light, g.fan, digit(g.pump), mode)
}

func digit(on bool) int {
	if on {
		return 1
	}
	return 0
}

// Command executes a line and answers at once, followed by the telemetry that shows the effect.
func (g *Greenhouse) Command(line string) []byte {
	return answer(line, g.do, g.telemetry)
}

func (g *Greenhouse) do(verb, value string) string {
	switch verb {
	case "PUMP":
		if value != "0" && value != "1" {
			return "0 or 1"
		}
		g.pump = value == "1"
	case "FAN":
		percent, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil || percent < 0 || percent > 100:
			return "0 to 100"
		case g.auto:
			return "the fan runs by itself in mode auto"
		}
		g.fan = percent
	case "MODE":
		if value != "auto" && value != "manual" {
			return "auto or manual"
		}
		g.auto = value == "auto"
	default:
		return "no such command"
	}
	return ""
}

// answer executes "VERB VALUE #SEQ" and returns "OK #SEQ" and the telemetry, or "ERR #SEQ reason".
func answer(line string, do func(verb, value string) string, telemetry func() []byte) []byte {
	words := strings.Fields(line)
	if len(words) != 3 || !strings.HasPrefix(words[2], "#") {
		return []byte("ERR #0 VERB VALUE #SEQ\n")
	}
	if fault := do(words[0], words[1]); fault != "" {
		return fmt.Appendf(nil, "ERR %s %s\n", words[2], fault)
	}
	return append(fmt.Appendf(nil, "OK %s\n", words[2]), telemetry()...)
}
