package mapping

import "slices"

// RequestOf returns the index of the request whose answer contains a field; -1 if there is none.
func (c DeviceConfig) RequestOf(f FieldConfig) int {
	if f.Request == "" && len(c.Requests) == 1 {
		return 0
	}
	return slices.IndexFunc(c.Requests, func(r RequestConfig) bool { return r.ID == f.Request })
}
