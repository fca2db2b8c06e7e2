import { computed, reactive } from 'vue'
import { parseAddress, type Address } from '@/minirelay'
import { read, write } from './platform'

/** One gateway that is kept on this phone. */
export interface Kept {
  key: string
  address: string // as parseAddress takes it
  gateway?: string // its id, if it is known
  user: string
  password: string
  name?: string // what it called itself when it was last seen
}

interface Store {
  list: Kept[]
  current: string
}

const store = reactive<Store>(read<Store>('minirelay.gateways', { list: [], current: '' }))

const save = () => write('minirelay.gateways', store)

export const kept = computed(() => store.list)
export const current = computed(() => store.list.find((k) => k.key === store.current) ?? store.list[0] ?? null)

/** Adds a gateway, or replaces the one with the same key, and takes it into use. */
export function keep(one: Omit<Kept, 'key'> & { key?: string }): Kept {
  const key = one.key ?? `${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`
  const all: Kept = { ...one, key }
  const at = store.list.findIndex((k) => k.key === key)
  if (at < 0) store.list.push(all)
  else store.list[at] = all
  store.current = key
  save()
  return all
}

export function use(key: string): void {
  store.current = key
  save()
}

/** The one that is kept for a gateway at the address of the one in use. */
const beside = (gateway: string): Kept | undefined =>
  store.list.find((k) => k.gateway === gateway && k.address === current.value?.address && k.user === current.value.user)

export const keptBeside = (gateway: string): boolean => beside(gateway) !== undefined

/** Keeps another gateway at the address of the one in use, which is called own, and takes it into use. */
export function keepBeside(gateway: string, name: string, own: string): void {
  const k = current.value
  if (!k) return
  k.gateway ??= own // from now on not just the first one that answers
  const there = beside(gateway)
  if (there) use(there.key)
  else keep({ address: k.address, user: k.user, password: k.password, gateway, name })
}

/** Remembers what the gateway in use calls itself. */
export function named(name: string): void {
  const k = current.value
  if (!k || k.name === name) return
  k.name = name
  save()
}

export function remove(key: string): void {
  store.list = store.list.filter((k) => k.key !== key)
  save()
}

/** What people call it: its own name, else its address. */
export function label(k: Kept): string {
  if (k.name) return k.name
  const a = parseAddress(k.address)
  return 'error' in a ? k.address : hostAndPort(a)
}

export function hostAndPort(a: Address): string {
  return `${a.host.includes(':') ? `[${a.host}]` : a.host}:${a.port}`
}
