// The MQTT client id of this phone, or of this tab of a browser. It stays the same, so that a gateway recognizes the phone
// while somebody else guesses its user's password.

import { read, write } from './platform'

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

const randomId = (): string => `mr-${Array.from({ length: 12 }, () => letters[Math.floor(Math.random() * letters.length)]).join('')}`

/** The id for one user at one address, kept under that name. */
export function phoneId(name: string, tab = 0): string {
  const key = `minirelay.phone:${name}`
  let id = read<string>(key, '')
  if (!/^mr-[a-z0-9]{12}$/.test(id)) {
    id = randomId()
    write(key, id)
  }
  return tab > 0 ? `${id}-${tab}` : id
}

/** The tabs that can have an id of their own at the same time. */
const tabs = 8

/**
 * The number of this tab among the open ones of this page, held until the tab is closed: two connections with the same
 * client id would displace each other for ever. null if the browser has no locks, or if there are too many tabs: then each
 * connection has a new id.
 */
export async function claimTab(locks: Pick<LockManager, 'request'> | undefined): Promise<number | null> {
  for (let tab = 0; locks && tab < tabs; tab++) {
    const ours = await new Promise<boolean>((resolve) => {
      const hold = (lock: Lock | null): Promise<void> | undefined => {
        resolve(lock !== null)
        return lock ? new Promise<void>(() => undefined) : undefined
      }
      locks.request(`minirelay-tab-${tab}`, { ifAvailable: true }, hold).catch(() => resolve(false))
    })
    if (ours) return tab
  }
  return null
}
