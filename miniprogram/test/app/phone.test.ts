import { afterEach, describe, expect, it, vi } from 'vitest'
import { claimTab, phoneId } from '@/app/phone'

const stored = new Map<string, string>()
vi.stubGlobal('uni', {
  getStorageSync: (key: string) => stored.get(key) ?? '',
  setStorageSync: (key: string, value: string) => stored.set(key, value),
})
afterEach(() => stored.clear())

/** The locks of one browser, which all its tabs share. */
class Locks {
  held = new Set<string>()

  request(name: string, _: unknown, hold: (lock: unknown) => Promise<void> | undefined): Promise<void> {
    if (this.held.has(name)) return Promise.resolve(hold(null))
    this.held.add(name)
    return Promise.resolve(hold({ name })).finally(() => this.held.delete(name))
  }
}

describe('the id of a phone', () => {
  it('stays the same, for each user of each gateway', () => {
    const id = phoneId('/admin')
    expect(id).toMatch(/^mr-[a-z0-9]{12}$/)
    expect(phoneId('/admin')).toBe(id)
    expect(phoneId('/viewer')).not.toBe(id)
    expect(phoneId('/admin', 2)).toBe(`${id}-2`)
  })

  it('is made again if what was kept is broken', () => {
    stored.set('minirelay.phone:/admin', '{"x":')
    expect(phoneId('/admin')).toMatch(/^mr-[a-z0-9]{12}$/)
  })

  it('is of one tab at a time', async () => {
    const locks = new Locks() as unknown as LockManager
    const tabs = []
    for (let i = 0; i < 9; i++) tabs.push(await claimTab(locks))
    expect(tabs).toEqual([0, 1, 2, 3, 4, 5, 6, 7, null])
  })

  it('is a new one where tabs cannot be told apart', async () => {
    expect(await claimTab(undefined)).toBeNull()
    const forbidden = { request: () => Promise.reject(new Error('no')) } as unknown as LockManager
    expect(await claimTab(forbidden)).toBeNull()
  })
})
