// UTF-8 in plain JavaScript: mini-programs have no TextEncoder.

/** The UTF-8 of text. Half a surrogate pair, which has none, becomes U+FFFD. */
export function encodeUTF8(text: string): Uint8Array {
  const out = new Uint8Array(lengthUTF8(text))
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const c = codePoint(text, i)
    if (c > 0xffff) i++
    if (c < 0x80) {
      out[at++] = c
    } else if (c < 0x800) {
      out[at++] = 0xc0 | (c >> 6)
      out[at++] = 0x80 | (c & 63)
    } else if (c < 0x10000) {
      out[at++] = 0xe0 | (c >> 12)
      out[at++] = 0x80 | ((c >> 6) & 63)
      out[at++] = 0x80 | (c & 63)
    } else {
      out[at++] = 0xf0 | (c >> 18)
      out[at++] = 0x80 | ((c >> 12) & 63)
      out[at++] = 0x80 | ((c >> 6) & 63)
      out[at++] = 0x80 | (c & 63)
    }
  }
  return out
}

/** How many bytes the UTF-8 of text has. */
export function lengthUTF8(text: string): number {
  let n = 0
  for (let i = 0; i < text.length; i++) {
    const c = codePoint(text, i)
    if (c > 0xffff) i++
    n += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4
  }
  return n
}

function codePoint(text: string, i: number): number {
  const c = text.charCodeAt(i)
  if (c < 0xd800 || c > 0xdfff) return c
  const next = text.charCodeAt(i + 1) // NaN at the end
  if (c < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) return 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00)
  return 0xfffd
}

/** The text of bytes. Anything that is not UTF-8 becomes U+FFFD, in the same places as with TextDecoder. */
export function decodeUTF8(bytes: Uint8Array): string {
  return decode(bytes, false) as string
}

/** The text of bytes, or null if they are not UTF-8. */
export function strictUTF8(bytes: Uint8Array): string | null {
  return decode(bytes, true)
}

/** The decoder of the WHATWG Encoding Standard, section 8.1.1. */
function decode(bytes: Uint8Array, strict: boolean): string | null {
  let text = ''
  let units: number[] = []
  let c = 0
  let needed = 0
  let lower = 0x80
  let upper = 0xbf
  const put = (unit: number) => {
    units.push(unit)
    if (units.length >= 4096) {
      text += String.fromCharCode(...units)
      units = []
    }
  }
  for (let i = 0; i < bytes.length; i++) {
    const b = bytes[i]
    if (needed === 0) {
      if (b < 0x80) put(b)
      else if (b >= 0xc2 && b <= 0xdf) [needed, c] = [1, b & 0x1f]
      else if (b >= 0xe0 && b <= 0xef) {
        if (b === 0xe0) lower = 0xa0
        if (b === 0xed) upper = 0x9f
        ;[needed, c] = [2, b & 0x0f]
      } else if (b >= 0xf0 && b <= 0xf4) {
        if (b === 0xf0) lower = 0x90
        if (b === 0xf4) upper = 0x8f
        ;[needed, c] = [3, b & 0x07]
      } else if (strict) return null
      else put(0xfffd)
      continue
    }
    if (b < lower || b > upper) {
      if (strict) return null
      put(0xfffd)
      needed = 0
      i-- // this byte begins something of its own
    } else {
      c = (c << 6) | (b & 63)
      if (--needed === 0) {
        if (c > 0xffff) {
          put(0xd800 + ((c - 0x10000) >> 10))
          put(0xdc00 + ((c - 0x10000) & 0x3ff))
        } else put(c)
      }
    }
    lower = 0x80
    upper = 0xbf
  }
  if (needed > 0) {
    if (strict) return null
    put(0xfffd)
  }
  return text + String.fromCharCode(...units)
}
