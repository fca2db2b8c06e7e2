import { beforeEach, describe, expect, it } from 'vitest'
import { gatewayForm } from '@/app/form'
import { current, keep, kept, remove, type Kept } from '@/app/gateways'

const home = (): Kept => keep({ address: 'wss://192.168.1.10:8443', gateway: 'home', user: 'ann', password: 'for home only', name: 'Home' })

describe('the form of a gateway', () => {
  beforeEach(() => kept.value.slice().forEach((k) => remove(k.key)))

  it.each([
    ['another host', 'minirelay://203.0.113.9:8443?gw=home&user=ann'],
    ['another port', 'minirelay://192.168.1.10:9000?gw=home&user=ann'],
    ['no encryption', 'minirelay://192.168.1.10:8443?gw=home&user=ann&tls=0'],
    ['a host that looks alike', 'minirelay://192.168.1.10.example.org:8443?gw=home'],
    ['upper case', 'MINIRELAY://EVIL.example.org?gw=home'],
  ])('sends no password that is kept to a code with %s', (_, code) => {
    const form = gatewayForm(home())
    expect(form.scanned(code)).toBe(true)
    expect(form.password.value).toBe('')
    expect(form.passwordFault.value).toBe('password_elsewhere')
    expect(form.save()).toBe(false)
    expect(current.value).toMatchObject({ address: 'wss://192.168.1.10:8443', password: 'for home only', name: 'Home' })
    form.typedPassword('for the other')
    expect(form.save()).toBe(true)
    expect(current.value).toMatchObject({ password: 'for the other', name: undefined })
  })

  it('takes the path of a code, as behind a proxy with several gateways', () => {
    const form = gatewayForm(null)
    expect(form.scanned('minirelay://iot.example.cn:443/farm/mqtt?gw=farm&user=ann')).toBe(true)
    form.typedPassword('for the farm')
    expect(form.save()).toBe(true)
    expect(current.value).toMatchObject({ address: 'wss://iot.example.cn:443/farm/mqtt', gateway: 'farm', user: 'ann' })
  })

  it('keeps the password for a code of the same place', () => {
    const form = gatewayForm(home())
    expect(form.scanned('minirelay://192.168.1.10:8443?gw=other&user=bob')).toBe(true)
    expect(form.save()).toBe(true)
    expect(current.value).toMatchObject({ gateway: 'other', user: 'bob', password: 'for home only', name: 'Home' })
  })

  it('sends no password that is kept to an address that was typed or pasted', () => {
    const form = gatewayForm(home())
    form.typedAddress('wss://evil.example.org')
    expect(form.password.value).toBe('for home only') // half an address is no other host yet
    expect(form.save()).toBe(false)
    expect(form.passwordFault.value).toBe('password_elsewhere')
    form.typedAddress('wss://192.168.1.10:8443/')
    form.typedPassword('again')
    expect(form.save()).toBe(true)
  })

  it('empties a password that was typed for the code before', () => {
    const form = gatewayForm(null)
    form.scanned('minirelay://192.168.1.10:8443?gw=home&user=ann')
    form.typedPassword('for home only')
    form.scanned('minirelay://evil.example.org?gw=home&user=ann')
    expect(form.save()).toBe(false)
    expect(kept.value).toHaveLength(0)
  })

  it('takes a new gateway in any order', () => {
    const form = gatewayForm(null)
    form.typedPassword('secret')
    expect(form.scanned('minirelay://192.168.1.10:8443?gw=home&user=ann')).toBe(true)
    expect(form.save()).toBe(true)
    const typed = gatewayForm(null)
    typed.typedAddress('192.168.1.1')
    typed.user.value = 'ann'
    typed.typedPassword('secret')
    typed.typedAddress('192.168.1.11') // the person mends a slip
    expect(typed.save()).toBe(true)
    expect(kept.value.map((k) => k.address)).toEqual(['wss://192.168.1.10:8443', '192.168.1.11'])
  })

  it('says which codes are none', () => {
    for (const text of ['https://192.168.1.10:8443/', 'minirelay://', 'hello']) expect(gatewayForm(null).scanned(text)).toBe(false)
  })
})
