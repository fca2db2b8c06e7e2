package devices

// inquire asks a query and whatever must be asked further before its answer is whole. between, if there is one, is
// called before each further question.
func (l *line) inquire(s *session, m *attached, q *query, between func(*session) error) (response, verdict, error) {
	for {
		if err := l.hush(s); err != nil {
			return response{}, noAnswer, err
		}
		r, v, err := l.transact(s, m, q)
		if err != nil || v != fits || r.then == nil {
			return r, v, err
		}
		if between != nil {
			if err := between(s); err != nil {
				return response{}, noAnswer, err
			}
		}
		q = r.then
	}
}
