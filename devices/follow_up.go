package devices

// inquire asks a query and whatever must be asked further before its answer is whole.
func (l *line) inquire(s *session, m *mapping, q *query) (response, verdict, error) {
	for {
		r, v, err := l.transact(s, m, q)
		if err != nil || v != fits || r.then == nil {
			return r, v, err
		}
		q = r.then
	}
}
