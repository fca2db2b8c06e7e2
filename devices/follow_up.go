package devices

import "minirelay/devices/codec"

// inquire asks a query and whatever must be asked further before its answer is whole. between, if there is one, is
// called before each further question.
func (l *line) inquire(s *session, m *attached, q *codec.Query, between func(*session) error) (codec.Response, codec.Verdict, error) {
	for {
		if err := l.hush(s); err != nil {
			return codec.Response{}, codec.NoAnswer, err
		}
		r, v, err := l.transact(s, m, q)
		if err != nil || v != codec.Fits || r.Then == nil {
			return r, v, err
		}
		if between != nil {
			if err := between(s); err != nil {
				return codec.Response{}, codec.NoAnswer, err
			}
		}
		q = r.Then
	}
}
