// A gateway that is being added or changed: scanned or typed, with the rule that a password goes to nobody but the
// gateway that it was typed for.

import { computed, ref } from 'vue'
import { parseAddress, type AddressError } from '@/minirelay'
import type { Word } from '@/i18n'
import { hostAndPort, keep, type Kept } from './gateways'

const faults: Record<AddressError['error'], Word> = {
  empty: 'address_empty',
  bad_host: 'address_bad_host',
  bad_port: 'address_bad_port',
  bad_scheme: 'address_bad_scheme',
  bad_gateway: 'address_bad_gateway',
}

/** Where an address leads: scheme, host, port and path; '' while it is none. */
function place(address: string): string {
  const a = parseAddress(address)
  return 'error' in a ? '' : a.url
}

const isCode = (text: string): boolean => /^minirelay:/i.test(text.trim())

/** The contents of the form. from is the gateway to change; null: one to add. */
export function gatewayForm(from: Kept | null) {
  const address = ref(from?.address ?? '')
  const user = ref(from?.user ?? '')
  const password = ref(from?.password ?? '')
  const gateway = ref(from?.gateway)
  const tried = ref(false)
  const elsewhere = ref(false) // the password was emptied, because it belonged to another address
  let owner = from ? place(from.address) : '' // the place that the password was typed for; '': not known yet

  const addressFault = computed<Word | ''>(() => {
    const a = parseAddress(address.value)
    return 'error' in a ? faults[a.error] : ''
  })
  const passwordFault = computed<Word | ''>(() => (password.value ? '' : elsewhere.value ? 'password_elsewhere' : 'password_empty'))

  /** Takes the address, with the gateway and the user that it names. */
  function take(text: string): boolean {
    const a = parseAddress(text)
    if ('error' in a) return false
    if (isCode(text)) {
      address.value = `${a.tls ? 'wss' : 'ws'}://${hostAndPort(a)}${a.path === '/mqtt' ? '' : a.path}`
      gateway.value = a.gateway
      if (a.user) user.value = a.user
    }
    return true
  }

  /** Empties a password that would go to another place than the one that it was typed for. */
  function guard() {
    if (!password.value || owner === '' || owner === place(address.value)) return
    password.value = ''
    elsewhere.value = true
  }

  /** Takes a code that was scanned. False: it is not a gateway's. */
  function scanned(text: string): boolean {
    if (!isCode(text) || !take(text)) return false
    guard() // the maker of the code chose the host
    return true
  }

  function typedAddress(text: string) {
    address.value = text
    gateway.value = undefined // it belonged to the address before
    take(text)
  }

  function typedPassword(text: string) {
    password.value = text
    elsewhere.value = false
    owner = place(address.value)
  }

  /** Keeps the gateway. False: something is missing. */
  function save(): boolean {
    tried.value = true
    if (from) guard() // in a new form the person typed both
    if (addressFault.value || !user.value.trim() || !password.value) return false
    const moved = from !== null && place(address.value) !== place(from.address)
    keep({
      key: from?.key,
      address: address.value.trim(),
      gateway: gateway.value,
      user: user.value.trim(),
      password: password.value,
      name: moved ? undefined : from?.name, // another gateway says its own
    })
    return true
  }

  return { address, user, password, tried, addressFault, passwordFault, elsewhere, scanned, typedAddress, typedPassword, save }
}
