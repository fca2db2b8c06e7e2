// Who is signed in on the page. The page talks to the gateway that served it and to no other.

import { shallowRef } from 'vue'
import type { Kept } from './gateways'

/** The gateway of this page with the user who is signed in; null before. */
export const account = shallowRef<Kept | null>(null)
/** Whether the gateway has let this user in: until then the sign-in stays on the screen. */
export const entered = shallowRef(false)

/** The path of the page: a proxy may serve several gateways, each below a path of its own. */
export const ownPath = (): string => location.pathname.replace(/[^/]*$/, '')

/** Each gateway of such a proxy has its own account: they share the browser's storage. */
const key = (): string => `minirelay.account${ownPath() === '/' ? '' : `:${ownPath()}`}`

/** Where MQTT is: beside the page. */
export const ownAddress = (): string => `${location.protocol === 'http:' ? 'ws' : 'wss'}://${location.host}${ownPath()}mqtt`

/** Signs in. The connection shows whether the password is right. */
export function signIn(user: string, password: string, remember: boolean): void {
  const text = JSON.stringify({ user, password })
  try {
    sessionStorage.setItem(key(), text) // until the tab is closed
    if (remember) localStorage.setItem(key(), text)
    else localStorage.removeItem(key())
  } catch {
    // a browser that keeps nothing: one signs in again
  }
  entered.value = false
  account.value = { key: 'page', address: ownAddress(), user, password }
}

/** Takes another gateway at the same address into use. */
export function choose(gateway: string): void {
  const now = account.value
  if (!now) return
  const text = JSON.stringify({ user: now.user, password: now.password, gateway })
  try {
    sessionStorage.setItem(key(), text)
    if (localStorage.getItem(key())) localStorage.setItem(key(), text)
  } catch {
    // one chooses again
  }
  account.value = { ...now, gateway }
}

export function signOut(): void {
  try {
    sessionStorage.removeItem(key())
    localStorage.removeItem(key())
  } catch {
    // nothing was kept either
  }
  account.value = null
  entered.value = false
}

/** Signs in as before, if that was kept. */
export function resume(): void {
  try {
    const text = sessionStorage.getItem(key()) ?? localStorage.getItem(key())
    if (!text) return
    const { user, password, gateway } = JSON.parse(text) as { user: string; password: string; gateway?: string }
    account.value = { key: 'page', address: ownAddress(), user, password, gateway }
    entered.value = true // even if the gateway is not there now: the screens show that
  } catch {
    signOut()
  }
}
