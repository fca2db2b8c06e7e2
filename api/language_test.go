package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"minirelay/devices"
	"minirelay/status"
)

// Sentences for people are in the language that a request asks for; the gateway itself keeps them in English.
func TestAcceptLanguage(t *testing.T) {
	problems := []Problem{{Severity: Fault, File: "a.toml", Line: 1, Column: 1, What: "file not found", Hint: "try again"}}
	snapshot := status.Snapshot{Ports: []status.Port{{Trouble: "/dev/ttyACM0 does not exist"}},
		Problems: []status.Problem{{What: "the clock of this machine is not set", Try: "try again"}}}
	s := New(Source{
		Login:  func(*http.Request) (Access, time.Duration) { return Admin, 0 },
		Config: func() Config { return Config{Problems: problems} },
		Ports:  func() []devices.PortStats { return []devices.PortStats{{Trouble: "/dev/ttyACM0 does not exist"}} },
		Status: func() status.Snapshot { return snapshot },
	})
	get := func(path, language string, into any) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Language", language)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct{ language, missing, again, unplugged, clock, nothing string }{
		{"zh-CN,zh;q=0.9", "没有这个文件", "请重试", "/dev/ttyACM0 不存在", "本机的时钟没有校准", "这里什么也没有；有哪些接口见 docs/api.zh-CN.md"},
		{"en", "file not found", "try again", "/dev/ttyACM0 does not exist", "the clock of this machine is not set",
			"there is nothing here; see docs/api.md for the paths"},
	} {
		var c Config
		var p Ports
		var st status.Snapshot
		var f struct{ Error Failure }
		get("/api/config", row.language, &c)
		get("/api/ports", row.language, &p)
		get("/api/status", row.language, &st)
		get("/api/nowhere", row.language, &f)
		if c.Problems[0].What != row.missing || c.Problems[0].Hint != row.again || p.Ports[0].Trouble != row.unplugged ||
			st.Ports[0].Trouble != row.unplugged || st.Problems[0].What != row.clock || st.Problems[0].Try != row.again || f.Error.Message != row.nothing {
			t.Errorf("%s: %+v %+v %+v %+v", row.language, c, p, st.Problems, f)
		}
	}
}
