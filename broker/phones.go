package broker

import "container/list"

// Bounds of the phones that are remembered.
const (
	maxPhones        = 2048 // beyond it, one of the user with the most is forgotten
	maxPhonesPerUser = 64
)

// phones remembers who has logged in from where: every client id of a user with its address. Only digests are kept. It
// is guarded by the mutex of passwords.
type phones struct {
	order *list.List // of phone, the one that was here last at the back
	here  map[digest]*list.Element
	count map[digest]int // by id, by home and by user
}

// phone is one client id of a user at one address.
type phone struct {
	here digest // user, client id and address
	id   digest // user and client id
	home digest // user and address
	user digest
}

func newPhones() phones {
	return phones{order: list.New(), here: map[digest]*list.Element{}, count: map[digest]int{}}
}

// remember adds a phone, or notes that it was here again. It reports whether it is new.
func (p *phones) remember(one phone) bool {
	if at := p.here[one.here]; at != nil {
		p.order.MoveToBack(at)
		return false
	}
	if p.count[one.user] >= maxPhonesPerUser {
		p.forget(one.user)
	} else if p.order.Len() >= maxPhones {
		p.forget(p.richest())
	}
	p.here[one.here] = p.order.PushBack(one)
	for _, key := range []digest{one.id, one.home, one.user} {
		p.count[key]++
	}
	return true
}

// richest is the user with the most phones.
func (p *phones) richest() (user digest) {
	for at := p.order.Front(); at != nil; at = at.Next() {
		if u := at.Value.(phone).user; p.count[u] > p.count[user] {
			user = u
		}
	}
	return user
}

// forget drops the phone of a user that has been away longest.
func (p *phones) forget(user digest) {
	for at := p.order.Front(); at != nil; at = at.Next() {
		one := at.Value.(phone)
		if one.user != user {
			continue
		}
		p.order.Remove(at)
		delete(p.here, one.here)
		for _, key := range []digest{one.id, one.home, one.user} {
			if p.count[key]--; p.count[key] == 0 {
				delete(p.count, key)
			}
		}
		return
	}
}

// all returns the phones, the one that was here last at the end.
func (p *phones) all() []phone {
	all := make([]phone, 0, p.order.Len())
	for at := p.order.Front(); at != nil; at = at.Next() {
		all = append(all, at.Value.(phone))
	}
	return all
}
